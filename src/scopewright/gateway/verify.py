"""`GET {issuer}/verify`: may whoever presents this credential pass? For nginx, Caddy and Traefik.

Answers 204, 401 or 403 by status alone, as proxies read it; 400, which every proxy treats as
refused, where the question itself names neither a scope nor `any=1`.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from scopewright.access import Access
from scopewright.authority import View
from scopewright.core.caller import Caller
from scopewright.core.errors import Forbidden, InvalidRequest
from scopewright.core.scopes import Scopes, spell
from scopewright.web.credentials import bearer_of
from scopewright.web.http import MOST_FIELDS, NO_STORE, Answer, Request, unauthenticated


class Verify:
    """Answers proxies from memory."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def verify(self, request: Request, view: View) -> Answer:
        """Let a request pass if its credential holds all the scopes that the proxy names.

        Raises:
            InvalidRequest: the question names no scope, or something unknown.
            Unauthenticated: no good credential of this workspace, or one for another audience.
            Forbidden: a scope is missing.
        """
        needed, audience = _question(request)
        bearer = bearer_of(request.header(b"authorization"))
        is_meant = audience in (None, view.workspace.id)
        caller = await self._access.bearer(view, bearer.secret) if bearer and is_meant else None
        if caller is None:
            raise unauthenticated(presented=bearer is not None)
        missing = needed - caller.held
        if missing:
            raise Forbidden(f"This needs the scopes {spell(needed)}.", missing=missing)
        return Answer(204, b"", (NO_STORE, *_headers(caller)))


def _question(request: Request) -> tuple[Scopes, str | None]:
    """The scopes that must be held, none for `any=1`; and the audience, if one is named."""
    try:
        pairs = parse_qsl(
            request.scope["query_string"].decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise InvalidRequest("The parameters are not a form in UTF-8.") from None
    scopes = frozenset(value for name, value in pairs if name == "scope")
    others = [(name, value) for name, value in pairs if name != "scope"]
    if len(dict(others)) != len(others) or {name for name, _ in others} - {"any", "aud"}:
        raise InvalidRequest("Ask with scope (once or more), or any=1, and perhaps aud.")
    named = dict(others)
    is_for_any = named.get("any") == "1" and not scopes
    if not is_for_any and ("any" in named or not scopes or "" in scopes):
        raise InvalidRequest("Name at least one scope, or say any=1.")
    return scopes, named.get("aud")


def _headers(caller: Caller) -> tuple[tuple[bytes, bytes], ...]:
    """Who passes, for the application behind the proxy."""
    return (
        (b"x-auth-subject", caller.principal.id.encode()),
        (b"x-auth-scopes", spell(caller.held).encode()),
        (b"x-auth-client", (caller.client_id or "").encode()),
    )
