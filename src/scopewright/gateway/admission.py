"""`GET {issuer}/verify?application=NAME`: may this request to an application pass?

The proxy tells which request it asks about (`proxies.py`), the application's route rules decide.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from starlette.types import Scope

from scopewright.access import Access
from scopewright.authority import View
from scopewright.core.caller import Caller
from scopewright.core.errors import Forbidden, Malformed, OAuthError
from scopewright.core.gateway import API_KEY, BROWSER, TOKEN, Gate, GatewayRoute
from scopewright.core.gateway_sessions import (
    SESSION_COOKIE,
    ForwardedRequest,
    check_same_origin,
    wants_page,
    without_own,
)
from scopewright.core.scopes import spell
from scopewright.core.tokens import unverified_audience
from scopewright.gateway.proxies import Proxy, TrustedProxies, read_question
from scopewright.services.tokens.gateway_sessions import GatewaySessions
from scopewright.services.tokens.handed_tokens import HandedTokens
from scopewright.web import problems
from scopewright.web.cookies import Cookies
from scopewright.web.credentials import ORIGIN, cookie_of, presented_of
from scopewright.web.http import NO_STORE, Answer, Request, unauthenticated

Headers = tuple[tuple[bytes, bytes], ...]
REDIRECT = b"x-auth-redirect"  # where nginx sends the browser, which cannot take our redirect


@dataclass(frozen=True, slots=True)
class Admission:
    """Answers proxies about requests to applications."""

    access: Access
    sessions: GatewaySessions
    tokens: HandedTokens
    proxies: TrustedProxies

    async def admit(
        self, request: Request, view: View, name: str, *, audience: str | None
    ) -> Answer:
        """Let a request to the application of this name pass.

        Raises:
            Unauthenticated: no good credential, and no person to be sent to sign in.
            Forbidden: by no trusted proxy, nothing declared there, or it asks for more.
        """
        self.proxies.check(request.scope)
        try:
            proxy, asked = read_question(request.scope)
            return await self._answer(_Asking(request, view, asked, proxy, audience), name)
        except (Malformed, OAuthError) as error:
            # Not 400: nginx would tell the client of a fault of the server.
            raise Forbidden(error.detail) from None

    async def _answer(self, asking: _Asking, name: str) -> Answer:
        asked, gate = asking.asked, asking.view.rules.gate(name)
        if gate is None:
            raise Forbidden("There is no such application.")
        route = gate.routes.find(method=asked.method, host=asked.origin.host, path=asked.path)
        if route is None:
            raise Forbidden("Nothing is declared at this address.")
        if route.is_public:
            return _passing(asking, asking.authorization)
        if asking.authorization is None and BROWSER in route.credentials:
            return await self._browser(asking, gate, route)
        return await self._bearer(asking, gate, route)

    async def _bearer(self, asking: _Asking, gate: Gate, route: GatewayRoute) -> Answer:
        """For who presents a token or key: it goes on as it came."""
        caller = await self._caller(asking, gate)
        if caller is None:
            raise unauthenticated(presented=asking.authorization is not None)
        credential = API_KEY if caller.via == "api_key" else TOKEN
        gate.check(route, credential=credential, held=caller.held)
        return _passing(asking, asking.authorization, told_of(caller))

    async def _caller(self, asking: _Asking, gate: Gate) -> Caller | None:
        """A key is for the workspace itself; a token for that, or for the application by name."""
        view, here = asking.view, asking.view.workspace.id
        presented = presented_of(asking.authorization, asking.request.scope)
        if presented is None:
            return None
        if presented.is_api_key:
            is_meant = asking.audience in (None, here)
            return await self.access.bearer(view, presented) if is_meant else None
        if presented.is_under_dpop:
            presented = replace(presented, request=as_forwarded(asking.request.scope, asking.asked))
        named, resource = unverified_audience(presented.secret), gate.application.resource
        meant = resource if resource is not None and resource in named else here
        return await self.access.bearer(view, presented, audience=asking.audience or meant)

    async def _browser(self, asking: _Asking, gate: Gate, route: GatewayRoute) -> Answer:
        """For a person's browser: the application gets a token instead of our cookie."""
        asked, view = asking.asked, asking.view
        cookie = cookie_of(asking.cookies, Cookies(asked.origin.url, b"").name(SESSION_COOKIE))
        browser = await self.sessions.browser(view, gate, host=asked.origin.host, cookie=cookie)
        if browser is None:
            return self._stranger(asking, presented=cookie is not None)
        check_same_origin(
            asked.method,
            asked.origin,
            fetch_site=asking.request.header(b"sec-fetch-site"),
            origin=asking.request.header(b"origin"),
            opens_socket=asking.request.header(b"sec-websocket-key") is not None,
        )
        gate.check(route, credential=BROWSER, held=browser.caller.held)
        token = await self.tokens.token(view, gate, browser)
        authorization = None if token is None else f"Bearer {token}"
        return _passing(asking, authorization, told_of(browser.caller))

    @staticmethod
    def _stranger(asking: _Asking, *, presented: bool) -> Answer:
        """A person is sent to sign in; a program is told that it is not let in.

        Raises:
            Unauthenticated: it is a program.
        """
        asked, request = asking.asked, asking.request
        accept, mode = request.header(b"accept"), request.header(b"sec-fetch-mode")
        error = unauthenticated(presented=presented)
        if not wants_page(asked.method, accept=accept, fetch_mode=mode):
            raise error
        login = asked.login_url.encode()
        if asking.proxy.takes_redirects:
            return Answer(302, b"", (NO_STORE, (b"location", login)))
        challenge = problems.challenge(error).encode()
        return Answer(401, b"", (NO_STORE, (b"www-authenticate", challenge), (REDIRECT, login)))


@dataclass(frozen=True, slots=True)
class _Asking:
    """One question, with what the client itself has sent."""

    request: Request
    view: View
    asked: ForwardedRequest
    proxy: Proxy
    audience: str | None

    @property
    def authorization(self) -> str | None:
        return self.request.header(b"authorization")

    @property
    def cookies(self) -> str:
        """One header or, as HTTP/2 sends them, several (RFC 9113 §8.2.3)."""
        pairs = self.request.scope["headers"]
        return "; ".join(value.decode("latin-1") for name, value in pairs if name == b"cookie")


def as_forwarded(scope: Scope, asked: ForwardedRequest) -> Scope:
    """The request that a proxy asks about: its DPoP proof is for that one."""
    target = asked.target.encode("latin-1")
    return {**scope, "method": asked.method, "raw_path": target, ORIGIN: asked.origin.url}


def told_of(caller: Caller) -> Headers:
    """Who passes, for the application behind the proxy."""
    return (
        (b"x-auth-subject", caller.principal.id.encode()),
        (b"x-auth-scopes", spell(caller.held).encode()),
        (b"x-auth-client", (caller.client_id or "").encode()),
    )


def _passing(asking: _Asking, authorization: str | None, told: Headers = ()) -> Answer:
    """What the proxy copies into the request: so these must be all that it takes from us.

    INVARIANT: what is not said here, the application does not get from the client either.
    """
    extra = [(b"cookie", without_own(asking.cookies).encode("latin-1"))]
    if authorization is not None:
        extra.append((b"authorization", authorization.encode("latin-1")))
    return Answer(204, b"", (NO_STORE, *told, *extra))
