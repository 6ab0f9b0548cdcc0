"""`GET {issuer}/verify`: may whoever presents this credential pass? For nginx, Caddy and Traefik.

The proxy names the scopes to hold, or an application whose route rules decide (`admission.py`).
Answers 204, 401 or 403 by status alone, as proxies read it; 400, which every proxy treats as
refused, where the question itself says neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from starlette.types import Scope

from scopewright.access import Access
from scopewright.authority import View
from scopewright.core.caller import Caller, Presented
from scopewright.core.errors import Forbidden, InvalidRequest
from scopewright.core.scopes import Scopes, spell
from scopewright.gateway.admission import Admission, told_of
from scopewright.web.credentials import ORIGIN, presented_of
from scopewright.web.http import MOST_FIELDS, NO_STORE, Answer, Request, unauthenticated

_FORWARDED = (
    b"x-forwarded-method",
    b"x-forwarded-proto",
    b"x-forwarded-host",
    b"x-forwarded-uri",
)
_PARAMETERS = frozenset({"any", "application", "aud"})


@dataclass(frozen=True, slots=True)
class Verify:
    """Answers proxies from memory."""

    access: Access
    admission: Admission

    async def verify(self, request: Request, view: View) -> Answer:
        """Let a request pass: if its credential holds all the scopes that the proxy names, or as
        the routes of the application say.

        Raises:
            InvalidRequest: the question names nothing to hold, or something unknown.
            Unauthenticated: no good credential of this workspace, or one for another audience.
            Forbidden: a scope is missing, or the routes refuse it.
        """
        question = _question(request)
        if question.application is not None:
            name, audience = question.application, question.audience
            return await self.admission.admit(request, view, name, audience=audience)
        presented = presented_of(request.header(b"authorization"), request.scope)
        if presented is not None and presented.is_under_dpop:
            presented = replace(presented, request=self._asked_about(request.scope))
        caller = await self._caller(view, presented, question.audience or view.workspace.id)
        if caller is None:
            raise unauthenticated(presented=presented is not None)
        missing = question.scopes - caller.held
        if missing:
            raise Forbidden(f"This needs the scopes {spell(question.scopes)}.", missing=missing)
        return Answer(204, b"", (NO_STORE, *told_of(caller)))

    async def _caller(
        self, view: View, presented: Presented | None, audience: str
    ) -> Caller | None:
        """Who presents it. A key is for the workspace itself, a token for whom it names."""
        if presented is None or (presented.is_api_key and audience != view.workspace.id):
            return None
        return await self.access.bearer(view, presented, audience=audience)

    def _asked_about(self, scope: Scope) -> Scope:
        """The request that a trusted proxy asks about: its DPoP proof is for that one.

        All four headers must be there, each once, so that none is the client's own.
        """
        peer = scope.get("client")
        pairs = [(name, value) for name, value in scope["headers"] if name in _FORWARDED]
        told = {name: value.decode("latin-1") for name, value in pairs}
        trusted = peer is not None and peer[0] in self.admission.proxies.addresses
        if not trusted or len(pairs) != len(_FORWARDED) or len(told) != len(_FORWARDED):
            return scope
        method, proto, host, uri = (told[name] for name in _FORWARDED)
        origin = f"{proto}://{host}"
        return {**scope, "method": method, "raw_path": uri.encode("latin-1"), ORIGIN: origin}


@dataclass(frozen=True, slots=True)
class _Question:
    """The scopes that must be held, none for `any=1`; or the application that is asked for."""

    scopes: Scopes
    application: str | None
    audience: str | None


def _question(request: Request) -> _Question:
    """What the proxy asks."""
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
    named = dict(others)
    if len(named) != len(others) or named.keys() - _PARAMETERS:
        raise InvalidRequest(
            "Ask with scope (once or more), any=1 or application, and perhaps aud."
        )
    _check_demand(scopes, named)
    return _Question(scopes, named.get("application"), named.get("aud"))


def _check_demand(scopes: Scopes, named: Mapping[str, str]) -> None:
    """Exactly one of the three ways to ask."""
    ways = (bool(scopes), "any" in named, "application" in named)
    if sum(ways) != 1 or "" in scopes or named.get("any", "1") != "1":
        raise InvalidRequest("Name at least one scope, say any=1, or name an application.")
