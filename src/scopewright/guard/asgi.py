"""Middleware for ASGI: a route that declares nothing is refused.

With `rules`, they decide (for any ASGI application). Without, the routes of the Starlette or
FastAPI application itself are asked what they declare: by `Depends(guard.requires(…))`,
`@protected(guard, …)` or `@public`, which then check for themselves.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any

from scopewright.core.errors import ScopewrightError
from scopewright.guard.guard import Guard
from scopewright.guard.metadata import METADATA_HEADERS
from scopewright.guard.refusals import CLAIMS_KEY, Undeclared
from scopewright.guard.rules import PUBLIC, Declaration, Rules, asked_first, refuse_without
from scopewright.guard.shown import shown_in_asgi

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class GuardMiddleware:
    """`app.add_middleware(GuardMiddleware, guard=guard)`, or around any ASGI application.

    The claims are left in `scope["scopewright.claims"]`. Also serves the metadata of RFC 9728 where
    the guard knows its `resource`.
    """

    def __init__(self, app: App, guard: Guard, rules: Rules | None = None) -> None:
        self.app, self.rules, self._guard = app, rules, guard
        self._metadata_path, self._metadata = guard.metadata(rules.scopes if rules else frozenset())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] == "http" and scope["path"] == self._metadata_path:
            await _send(200, METADATA_HEADERS, self._metadata, scope=scope, send=send)
            return
        try:
            await self._check(scope)
        except ScopewrightError as error:
            said = self._guard.refusal(error, _authorization(scope))
            await _send(said.status, said.headers, said.body, scope=scope, send=send)
            return
        await self.app(scope, receive, self._sending(scope, send))

    def _sending(self, scope: Scope, send: Send) -> Send:
        """Sends the nonce for the next request with the answer, where one is due."""
        headers = self._guard.nonce_headers(_authorization(scope))
        if not headers:
            return send
        more = _pairs(headers)

        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                said = list(message.get("headers", ()))
                if not any(name.lower() == b"dpop-nonce" for name, _ in said):
                    message = {**message, "headers": [*said, *more]}
            await send(message)

        return sending

    async def _check(self, scope: Scope) -> None:
        declared = self._declared(scope)
        if declared is None:
            raise Undeclared
        if self.rules is not None and declared is not PUBLIC:
            header = _authorization(scope)
            shows = partial(shown_in_asgi, scope, self._guard.binding)
            asked = asked_first(declared, header)
            claims = await self._guard.check_async(header, asked, shows=shows)
            refuse_without(declared, claims.scopes)
            scope[CLAIMS_KEY] = claims

    def _declared(self, scope: Scope) -> Declaration | None:
        path = _route_path(scope)
        if self.rules is not None:
            return self.rules.find(scope.get("method", "GET"), path)
        # Starlette is the application's own: needed only where it is used.
        from scopewright.guard.routing import route_declaration  # noqa: PLC0415

        # `scope["app"]` may be an outer application, where this one is mounted and wrapped.
        app = self.app if hasattr(self.app, "routes") else scope.get("app")
        return route_declaration(getattr(app, "routes", ()), scope, path)


def _route_path(scope: Scope) -> str:
    """The path within the application: without the prefix under which it is mounted."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    if root and (path == root or path.startswith(root + "/")):
        return path[len(root) :]
    return path


def _authorization(scope: Scope) -> str | None:
    """The header; two of them become one that nobody accepts."""
    values = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
    return b", ".join(values).decode("latin-1") or None


def _pairs(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


async def _send(
    status: int, headers: dict[str, str], body: bytes, *, scope: Scope, send: Send
) -> None:
    prefix = "http.response"
    if scope["type"] == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008})
            return
        prefix = "websocket.http.response"
    pairs = [*_pairs(headers), (b"content-length", str(len(body)).encode())]
    await send({"type": f"{prefix}.start", "status": status, "headers": pairs})
    await send({"type": f"{prefix}.body", "body": body})
