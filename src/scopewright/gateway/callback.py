"""`{issuer}/gateway/{application}/…`: where browsers sign in and out, on the application's host.

The proxy passes what is below `/.scopewright/` to us; nobody else may, for we believe it at which
host the browser is.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from scopewright import ids, log
from scopewright.authority import Authority, View
from scopewright.core.authorization_request import REQUEST_LIFETIME
from scopewright.core.errors import Forbidden, NotFound, ScopewrightError
from scopewright.core.gateway import Gate
from scopewright.core.gateway_sessions import (
    LOGIN_COOKIE,
    SESSION_COOKIE,
    Login,
    Origin,
    check_origin,
    check_same_origin,
    own_address,
)
from scopewright.gateway.pages import (
    ANOTHER_ACCOUNT,
    refused_page,
    sign_out_page,
    signed_out_page,
)
from scopewright.gateway.proxies import TrustedProxies, read_origin
from scopewright.services.logout import Logout
from scopewright.services.tokens.gateway_sessions import GatewaySessions
from scopewright.web.cookies import Cookies
from scopewright.web.credentials import cookie_of
from scopewright.web.http import header, parse_parameters

PATH = "/w/{workspace_id}/gateway/{application}"
_SECRET = re.compile(r"swl_[0-9A-Za-z]{49}")
_LOGIN_SECONDS = int(REQUEST_LIFETIME.total_seconds())


@dataclass(frozen=True, slots=True)
class _Visit:
    """A browser at an application's host."""

    scope: Scope
    view: View
    gate: Gate
    origin: Origin

    @property
    def parameters(self) -> Mapping[str, str]:
        return parse_parameters(self.scope["query_string"])

    def cookie(self, plain: str) -> str | None:
        return cookie_of(header(self.scope, b"cookie"), self._cookies.name(plain))

    def set_cookie(self, response: Response, plain: str, value: str, *, seconds: int) -> Response:
        spelled = self._cookies.spelled(plain, value, max_age=seconds)
        response.headers.append("set-cookie", spelled)
        return response

    @property
    def _cookies(self) -> Cookies:
        return Cookies(self.origin.url, b"")


@dataclass(frozen=True, slots=True)
class Callback:
    """The gateway's own addresses on an application's host."""

    authority: Authority
    sessions: GatewaySessions
    logout: Logout
    proxies: TrustedProxies
    public_url: str

    @property
    def routes(self) -> Sequence[BaseRoute]:
        return [
            Route(f"{PATH}/login", self._endpoint(self._login), methods=["GET"]),
            Route(f"{PATH}/callback", self._endpoint(self._callback), methods=["GET"]),
            Route(f"{PATH}/logout", self._endpoint(self._ask_logout), methods=["GET"]),
            Route(f"{PATH}/logout", self._endpoint(self._logout), methods=["POST"]),
        ]

    def _endpoint(
        self, handler: Callable[[_Visit], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answering(request: Request) -> Response:
            try:
                return await handler(await self._visit(request))
            except ScopewrightError as error:
                return refused_page(error)
            except Exception:
                log.logger().exception("unexpected", path=request.scope["path"])
                return refused_page(ScopewrightError())

        return answering

    async def _visit(self, request: Request) -> _Visit:
        """Whose browser it is we do not know yet, but where it is."""
        self.proxies.check(request.scope)
        view = await self.authority.at(request.path_params["workspace_id"])
        gate = None if view is None else view.rules.gate(request.path_params["application"])
        if view is None or gate is None:
            raise NotFound("There is no such application.")
        origin = check_origin(read_origin(request.scope), gate.routes.hosts)
        return _Visit(request.scope, view, gate, origin)

    async def _login(self, visit: _Visit) -> Response:
        """Send the browser to sign in; several of its tabs may be on their way at once."""
        known = visit.cookie(LOGIN_COOKIE)
        secret = known if known and _SECRET.fullmatch(known) else ids.new_secret("swl")
        continue_to = own_address(visit.parameters.get("continue", "/"))
        login = Login(secret, ids.new_id("log"), continue_to)
        prompt = frozenset({visit.parameters.get("prompt", "")}) & {ANOTHER_ACCOUNT}
        url = await self.sessions.begin(
            visit.view, visit.gate, origin=visit.origin, login=login, prompt=prompt
        )
        return visit.set_cookie(_redirect(url), LOGIN_COOKIE, secret, seconds=_LOGIN_SECONDS)

    async def _callback(self, visit: _Visit) -> Response:
        """The browser is back: with a code it is let in, and goes on to where it wanted to go."""
        said = visit.parameters
        login = Login.returned(visit.cookie(LOGIN_COOKIE), said.get("state"))
        if said.get("iss") != f"{self.public_url}/w/{visit.view.workspace.id}":
            raise Forbidden("This answer is not of the issuer that was asked.")  # RFC 9207 §2.4
        response = _redirect(visit.origin.url + login.continue_to)
        if await self._is_signed_in(visit):
            return response  # the same answer came twice: it is no reason to end the session
        if "error" in said:
            raise Forbidden(said.get("error_description", "Signing in was refused."))
        admitted = await self.sessions.redeem(
            visit.view, visit.gate, origin=visit.origin, code=said.get("code"), login=login
        )
        seconds = int(admitted.lifetime.total_seconds())
        return visit.set_cookie(response, SESSION_COOKIE, admitted.cookie, seconds=seconds)

    async def _is_signed_in(self, visit: _Visit) -> bool:
        host, cookie = visit.origin.host, visit.cookie(SESSION_COOKIE)
        browser = await self.sessions.browser(visit.view, visit.gate, host=host, cookie=cookie)
        return browser is not None

    async def _ask_logout(self, visit: _Visit) -> Response:
        return sign_out_page(visit.gate.application.title)

    async def _logout(self, visit: _Visit) -> Response:
        """Sign this browser out, here and everywhere else where it is signed in with us."""
        check_same_origin(
            "POST",
            visit.origin,
            fetch_site=header(visit.scope, b"sec-fetch-site"),
            origin=header(visit.scope, b"origin"),
            opens_socket=False,
        )
        cookie = visit.cookie(SESSION_COOKIE)
        if cookie is not None:
            await asyncio.to_thread(self.logout.leave, cookie)
        return visit.set_cookie(signed_out_page(), SESSION_COOKIE, "", seconds=0)


def _redirect(url: str) -> Response:
    return RedirectResponse(url, 303, {"cache-control": "no-store"})
