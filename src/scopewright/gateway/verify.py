"""`GET {issuer}/verify`: may whoever presents this credential pass? For nginx, Caddy and Traefik.

Answers 204, 401 or 403 by status alone, as proxies read it; 400, which every proxy treats as
refused, where the question itself names neither a scope nor `any=1`.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl

from starlette.types import Scope

from scopewright.access import Access, Presented
from scopewright.authority import View
from scopewright.core.caller import Caller
from scopewright.core.errors import Forbidden, InvalidRequest
from scopewright.core.scopes import Scopes, spell
from scopewright.web.credentials import ORIGIN, presented_of
from scopewright.web.http import MOST_FIELDS, NO_STORE, Answer, Request, unauthenticated

_FORWARDED = (
    b"x-forwarded-method",
    b"x-forwarded-proto",
    b"x-forwarded-host",
    b"x-forwarded-uri",
)


class Verify:
    """Answers proxies from memory."""

    def __init__(self, access: Access, trusted_proxies: frozenset[str]) -> None:
        self._access = access
        self._trusted_proxies = trusted_proxies

    async def verify(self, request: Request, view: View) -> Answer:
        """Let a request pass if its credential holds all the scopes that the proxy names.

        Raises:
            InvalidRequest: the question names no scope, or something unknown.
            Unauthenticated: no good credential of this workspace, or one for another audience.
            Forbidden: a scope is missing.
        """
        needed, audience = _question(request)
        presented = presented_of(request.header(b"authorization"), request.scope)
        if presented is not None and presented.is_under_dpop:
            presented = replace(presented, request=self._asked_about(request.scope))
        caller = await self._caller(view, presented, audience or view.workspace.id)
        if caller is None:
            raise unauthenticated(presented=presented is not None)
        missing = needed - caller.held
        if missing:
            raise Forbidden(f"This needs the scopes {spell(needed)}.", missing=missing)
        return Answer(204, b"", (NO_STORE, *_headers(caller)))

    async def _caller(
        self, view: View, presented: Presented | None, audience: str
    ) -> Caller | None:
        """Who presents it. A key is for the workspace itself, a token for whom it names."""
        if presented is None or (presented.is_api_key and audience != view.workspace.id):
            return None
        return await self._access.bearer(view, presented, audience=audience)

    def _asked_about(self, scope: Scope) -> Scope:
        """The request that a trusted proxy asks about: its DPoP proof is for that one.

        All four headers must be there, each once, so that none is the client's own.
        """
        peer = scope.get("client")
        pairs = [(name, value) for name, value in scope["headers"] if name in _FORWARDED]
        told = {name: value.decode("latin-1") for name, value in pairs}
        trusted = peer is not None and peer[0] in self._trusted_proxies
        if not trusted or len(pairs) != len(_FORWARDED) or len(told) != len(_FORWARDED):
            return scope
        method, proto, host, uri = (told[name] for name in _FORWARDED)
        origin = f"{proto}://{host}"
        return {**scope, "method": method, "raw_path": uri.encode("latin-1"), ORIGIN: origin}


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
