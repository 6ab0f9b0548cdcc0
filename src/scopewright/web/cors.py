"""Cross-origin requests (Fetch §3.2): scripts of any site may call what takes no cookie; no pages.

No answer allows credentials, so a browser never lets another site's script read what a cookie of
ours has opened. What a script may read, it may as well ask from anywhere else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scopewright.web.http import Answer

ANY_ORIGIN = (b"access-control-allow-origin", b"*")
# Of an issuer: those that clients without a secret call. Introspection is for confidential clients.
ENDPOINTS = frozenset(
    {
        "device_authorization",
        "jwks",
        "par",
        "register",
        "revocations",
        "revoke",
        "token",
        "userinfo",
        ".well-known",
    }
)
_ELSEWHERE = ("/api/", "/data/", "/exports/", "/.well-known/")
_READABLE = (b"access-control-expose-headers", b"DPoP-Nonce, Retry-After, WWW-Authenticate")
_ASKED_FIRST = (
    ANY_ORIGIN,
    (b"access-control-allow-headers", b"Authorization, Content-Type, DPoP, Last-Event-ID"),
    (b"access-control-max-age", b"3600"),
)


class Cors:
    """The outermost layer; requests that no script of another origin sends only pass through."""

    def __init__(self, following: ASGIApp) -> None:
        self._following = following

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http" or not _has_origin(scope) or not is_callable(scope["path"]):
            return self._following(scope, receive, send)
        if scope["method"] == "OPTIONS":
            return self._preflight(scope, receive, send)
        return self._following(scope, receive, _readable(send))

    async def _preflight(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What the path's own refusal of OPTIONS says to be allowed, is; its other answers go out.

        So a preflight names exactly the methods that the path has.
        """
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._following(scope, receive, keep)
        methods = _header(messages[0], b"allow")
        if methods is not None:
            allowed = (b"access-control-allow-methods", methods)
            await Answer(204, b"", (*_ASKED_FIRST, allowed)).send(send)
            return
        for message in messages:
            await send(message)


def is_callable(path: str) -> bool:
    """Whether scripts of other sites may call this path."""
    if path.startswith("/w/"):
        parts = path.split("/", 4)
        return len(parts) > 3 and parts[3] in ENDPOINTS
    return path.startswith(_ELSEWHERE)


def _has_origin(scope: Scope) -> bool:
    for name, _ in scope["headers"]:  # noqa: SIM110, a loop: this is asked of every request
        if name == b"origin":
            return True
    return False


def _readable(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = () if _header(message, ANY_ORIGIN[0]) else (ANY_ORIGIN,)
            message = {**message, "headers": [*message["headers"], *own, _READABLE]}
        await send(message)

    return sending


def _header(start: Mapping[str, Any], name: bytes) -> bytes | None:
    return next((value for key, value in start["headers"] if key == name), None)
