"""A visit to a page: ASGI outside, a plain function inside; the request is read whole first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from scopewright import log
from scopewright.core.errors import Malformed, ScopewrightError
from scopewright.web.credentials import cookie_of
from scopewright.web.http import (
    check_form_type,
    client_address,
    header,
    parse_form,
    parse_pairs,
    read_body,
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request as a page's handler sees it. `source` is the address it comes from."""

    scope: Scope
    body: bytes
    source: str | None

    @property
    def path(self) -> Mapping[str, str]:
        """The parts of the path that the route names."""
        found: Mapping[str, str] = self.scope["path_params"]
        return found

    @property
    def address(self) -> str:
        """The path and the query, as they were asked for."""
        query = self.scope["query_string"].decode("ascii", "replace")
        return f"{self.scope['path']}{'?' if query else ''}{query}"

    def header(self, name: bytes) -> str | None:
        return header(self.scope, name)

    def cookie(self, name: str) -> str | None:
        return cookie_of(self.header(b"cookie"), name)

    def parameters(self) -> list[tuple[str, str]]:
        """Of the form if there is one, else of the query, as they came.

        Raises:
            InvalidRequest: they cannot be read.
        """
        if self.scope["method"] != "POST":
            return parse_pairs(self.scope["query_string"])
        check_form_type(self.header(b"content-type"))
        return parse_pairs(self.body)

    def query(self, name: str) -> str:
        """One parameter of the query, empty when missing; unknown others may stand beside it.

        Raises:
            Malformed: it stands more than once.
        """
        values = [value for key, value in parse_pairs(self.scope["query_string"]) if key == name]
        if len(values) > 1:
            raise Malformed(f"The parameter {name} stands more than once.")
        return values[0] if values else ""

    def form(self, *, known: frozenset[str]) -> dict[str, str]:
        """The fields of the form; empty ones are left out.

        Raises:
            InvalidRequest: it cannot be read, or a field stands twice.
            Malformed: it has a field that is not known here.
        """
        fields = parse_form(self.header(b"content-type"), self.body)
        if not known.issuperset(name for name, _ in parse_pairs(self.body)):
            raise Malformed("The form has a field that does not belong to it.")
        return fields


Handler = Callable[[Visit], Response]
Endpoint = Callable[[Request], Awaitable[Response]]
Refuse = Callable[[ScopewrightError], Response]


@dataclass(frozen=True, slots=True)
class Reception:
    """Makes endpoints of plain handlers. `refuse` answers what they raise; sizes are in bytes."""

    refuse: Refuse
    body_limit: int
    trusted_proxies: frozenset[str]

    def endpoint(self, handler: Handler) -> Endpoint:
        """The handler, run in a worker thread with the whole request."""

        async def handling(visit: Visit) -> Response:
            return await run_in_threadpool(handler, visit)

        return self.attended(handling)

    def attended(self, handler: Callable[[Visit], Awaitable[Response]]) -> Endpoint:
        """The handler, which waits for others, with the whole request."""

        async def answering(request: Request) -> Response:
            try:
                return await handler(await self._visit(request))
            except ScopewrightError as error:
                return self.refuse(error)
            except Exception:
                log.logger().exception("unexpected", path=request.scope["path"])
                return self.refuse(ScopewrightError())

        return answering

    async def _visit(self, request: Request) -> Visit:
        body = await read_body(request.scope, request.receive, limit=self.body_limit)
        return Visit(request.scope, body, client_address(request.scope, self.trusted_proxies))
