"""What is noted of a request that presents an API key: when, from where, and for which route."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from starlette.types import Scope

from scopewright.core.key_chain import KeyUse
from scopewright.store.key_uses import KeyUses
from scopewright.web.http import client_address
from scopewright.web.requests import pattern_of

ASKED_ABOUT = "introspection"  # what a key was used for that somebody else was sent


def noting(
    uses: KeyUses, trusted_proxies: Collection[str]
) -> Callable[[str, datetime, Scope | None], None]:
    """Takes the uses of keys: by id, with the request that presents it, if one does."""
    trusted = frozenset(trusted_proxies)

    def note(id: str, at: datetime, request: Scope | None) -> None:
        if request is None:
            uses.note(id, KeyUse(at, None, ASKED_ABOUT))
        else:
            uses.note(id, KeyUse(at, client_address(request, trusted), route_of(request)))

    return note


def route_of(scope: Scope) -> str:
    """`GET /api/workspaces/{ws}/scopes`: method and pattern, with nothing that somebody wrote."""
    pattern = pattern_of(scope)
    if pattern is None:  # one of the few paths that no router looks at
        parts = scope["path"].split("/")
        if parts[1:2] == ["w"]:
            parts[2:3] = ["{ws}"]
        pattern = "/".join(parts)
    return f"{scope['method']} {pattern}"
