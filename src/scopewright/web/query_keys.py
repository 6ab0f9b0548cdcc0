"""`?api_key=`, where a setting allows it: taken out of the address before anything else reads it.

So it stands in no log, in no page's URL and in no error, and it is never made a cookie.
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from scopewright.web.credentials import QUERY_KEYS

PARAMETER = b"api_key"
PLACES = ("/api/", "/data/", "/exports/")  # not where people or clients sign in


class QueryKeys:
    """Moves the keys of a query to where `presented_of` looks for them."""

    def __init__(self, following: ASGIApp) -> None:
        self._following = following

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PLACES) and scope["query_string"]:
            scope = _without_keys(scope)
        await self._following(scope, receive, send)


def _without_keys(scope: Scope) -> Scope:
    kept, keys = [], []
    for part in scope["query_string"].split(b"&"):
        name, _, value = part.partition(b"=")
        if _plain(name) == PARAMETER:
            keys.append(_plain(value).decode("latin-1"))
        else:
            kept.append(part)
    if not keys:
        return scope
    return {**scope, "query_string": b"&".join(kept), QUERY_KEYS: tuple(keys)}


def _plain(encoded: bytes) -> bytes:
    return unquote_to_bytes(encoded.replace(b"+", b" "))
