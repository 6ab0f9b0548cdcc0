"""Who am I, and what may I open: `/api/whoami` and `/api/launchpad`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.types import ASGIApp, Receive, Scope, Send

from scopewright.api.entrance import (
    Entrance,
    WindowHere,
    entrance_of,
    find_caller,
    find_workspace,
)
from scopewright.api.shapes import Listed
from scopewright.api.visitor import VisitorHere, caller_of, find_visitor
from scopewright.core.caller import Caller
from scopewright.core.errors import ScopewrightError
from scopewright.core.model import PrincipalKind, SignIn
from scopewright.web.credentials import presented_of
from scopewright.web.http import header, json_answer

WHOAMI = "/api/whoami"


class PrincipalShape(BaseModel):
    """Who asks. A person signed in without a workspace has no id: ids belong to workspaces."""

    id: str | None
    kind: PrincipalKind
    name: str


class WhoamiShape(BaseModel):
    """Who asks, by which means, with which scopes, and what these open.

    `tags` is there for a key that is restricted to some.
    """

    principal: PrincipalShape
    workspace: str | None
    via: Literal["token", "api_key", "cookie"]
    scopes: list[str]
    operations: list[str]
    tags: list[str] | None = Field(None, exclude_if=lambda tags: tags is None)


class ApplicationTile(BaseModel):
    """An application that one may open; `workspace` is the UUID of the one that it is in."""

    name: str
    title: str
    launch_url: str | None
    workspace: str


async def whoami(
    request: Request, workspace: Annotated[str | None, Query(max_length=128)] = None
) -> WhoamiShape:
    """Who presents this credential, and what it opens.

    The scopes of a token are its own; those of a key or a signed-in browser are held now. A browser
    names the `workspace` that it asks about, by id or slug; without one it has no scopes.
    """
    entrance = entrance_of(request)
    if workspace is not None:
        view = await find_workspace(entrance, workspace)
        caller = await find_caller(entrance, request, view, restricted=True)
        return WhoamiShape.model_validate(_described(caller))
    visitor = await find_visitor(request, restricted=True)
    return WhoamiShape.model_validate(_described(visitor.who))


def launchpad(visitor: VisitorHere, window: WindowHere) -> Listed[ApplicationTile]:
    """The applications of which one holds a scope now; in a browser, of all one's workspaces."""
    open_to, who = visitor.services.launchpad, visitor.who
    if isinstance(who, SignIn):
        page = open_to.of_identity(who.identity, window=window)
    else:
        page = open_to.of_principal(who.principal, window=window)
    return Listed(
        data=[
            ApplicationTile(
                name=application.name,
                title=application.title,
                launch_url=application.launch_url,
                workspace=application.workspace_id,
            )
            for application in page.items
        ],
        next_page=visitor.next_page(page.cursor),
    )


class Whoami:
    """Answers `GET /api/whoami` for good tokens and keys from memory, and hands all else on."""

    def __init__(self, following: ASGIApp, entrance: Entrance) -> None:
        self._following = following
        self._entrance = entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = await self._caller(scope) if _asks_plainly(scope) else None
        if caller is None:
            await self._following(scope, receive, send)
            return
        await json_answer(_described(caller)).send(send)

    async def _caller(self, scope: Scope) -> Caller | None:
        try:
            presented = presented_of(header(scope, b"authorization"), scope)
        except ScopewrightError:
            return None  # whoever follows says what is wrong
        if presented is None or presented.is_under_dpop:
            return None
        return await caller_of(self._entrance, presented, restricted=True)


def _asks_plainly(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["path"] != WHOAMI:
        return False
    return bool(scope["method"] == "GET" and not scope["query_string"])


def _described(who: Caller | SignIn) -> dict[str, Any]:
    if isinstance(who, SignIn):
        person = {"id": None, "kind": "member", "name": who.identity.subject}
        nothing: list[str] = []
        return {
            "principal": person,
            "workspace": None,
            "via": "cookie",
            "scopes": nothing,
            "operations": nothing,
        }
    principal = who.principal
    described: dict[str, Any] = {
        "principal": {
            "id": principal.id,
            "kind": principal.kind.value,
            "name": principal.name,
        },
        "workspace": principal.workspace_id,
        "via": who.via,
        "scopes": sorted(who.held),
        "operations": sorted(who.operations),
    }
    if who.tags is not None:
        described["tags"] = sorted(who.tags)
    return described
