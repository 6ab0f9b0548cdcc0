"""The MCP endpoint of every workspace: who asks, and whether that operation is open to them.

What HTTP decides is decided here (Streamable HTTP, 2026-07-28 and 2025-11-25); the messages
themselves are the SDK's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scopewright.access import Access
from scopewright.authority import Authority
from scopewright.core.caller import Caller
from scopewright.core.errors import Forbidden, NotFound, ScopewrightError
from scopewright.mcp.resource import ManagementResource, refusal
from scopewright.mcp.tools import Tool, tools
from scopewright.web.credentials import presented_of
from scopewright.web.http import (
    PRINCIPAL,
    Answer,
    header,
    parse_json,
    read_body,
    unauthenticated,
)

if TYPE_CHECKING:
    from scopewright.mcp.server import ToolServer

METHOD_NOT_ALLOWED = Answer(405, b"", ((b"allow", b"POST"),))  # no streams, no sessions to end


@dataclass(frozen=True)
class Endpoint:
    """`{issuer}/mcp` as an ASGI application.

    `api` is the management API, `describe` gives its OpenAPI document; `body_limit` is in bytes,
    `json_depth` in levels.
    """

    authority: Authority
    access: Access
    api: ASGIApp
    describe: Callable[[], Mapping[str, Any]]
    public_url: str
    body_limit: int
    json_depth: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await METHOD_NOT_ALLOWED.send(send)
            return
        try:
            resource = await self.resource(scope["path_params"]["workspace_id"])
        except NotFound as error:
            await refusal(error, public_url=self.public_url).send(send)
            return
        try:
            self._check_origin(scope)
            caller = await self._caller(resource, scope)
            body = await read_body(scope, receive, limit=self.body_limit)
            server = await asyncio.to_thread(lambda: self._server)
            check_open(caller, parse_json(body, depth=self.json_depth), server.tools)
        except ScopewrightError as error:
            challenge = resource.challenge(error)
            await refusal(error, public_url=self.public_url, challenge=challenge).send(send)
            return
        workspace = resource.view.workspace.name
        await server.serve(caller, workspace, scope, _again(body, receive), send)

    async def resource(self, workspace_id: str) -> ManagementResource:
        """The protected resource of a workspace.

        Raises:
            NotFound: there is no such workspace.
        """
        view = await self.authority.at(workspace_id)
        if view is None:
            raise NotFound("There is no such issuer.")
        return ManagementResource(view, self.access.issuer(workspace_id))

    @cached_property
    def _server(self) -> ToolServer:
        """Made in a worker thread when it is first needed: the SDK is large."""
        from scopewright.mcp.server import ToolServer  # noqa: PLC0415

        return ToolServer(self.api, tools(self.describe()), self.public_url, self.body_limit)

    def _check_origin(self, scope: Scope) -> None:
        """Refuse scripts of other sites (DNS rebinding; Streamable HTTP, Security & Endpoint).

        Raises:
            Forbidden: the request comes from one.
        """
        if header(scope, b"origin") not in (None, self.public_url):
            raise Forbidden("Scripts of other sites are not answered here.")

    async def _caller(self, resource: ManagementResource, scope: Scope) -> Caller:
        """Who presents a token for this resource: no API key, and no token for another.

        Raises:
            Unauthenticated: nobody does.
        """
        authorization = header(scope, b"authorization")
        presented = presented_of(authorization, scope)
        caller = None
        if presented is not None and not presented.is_api_key:
            caller = await self.access.bearer(resource.view, presented, audience=resource.uri)
        if caller is None:
            raise unauthenticated(presented=authorization is not None)
        scope[PRINCIPAL] = caller.principal.id
        return replace(caller, via="mcp")


def check_open(caller: Caller, message: Any, known: Mapping[str, Tool]) -> None:
    """Let a message pass, unless it calls a tool that is not open to the caller.

    The API checks again; here the refusal can still be one of HTTP, which tells a client which
    scope to ask for (2026-07-28, Scope Challenge Handling).

    Raises:
        Forbidden: with the scope that is missing.
    """
    match message:
        case {"method": "tools/call", "params": {"name": str(name)}} if name in known:
            caller.check(known[name].operation)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body for the next reader, and after it what comes."""
    parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return parts.pop() if parts else await receive()

    return receiving
