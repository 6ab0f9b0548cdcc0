"""Every path of the authorization server that answers from memory or one transaction.

They are bare ASGI functions: a web framework would cost as much as the answer itself. The pages of
`/authorize` stand beside them in `authorize.py`.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from scopewright import log
from scopewright.authority import Authority, View
from scopewright.core.errors import NotFound, ScopewrightError
from scopewright.metrics import Metrics
from scopewright.oauth import errors
from scopewright.oauth.decisions import DecisionEndpoints
from scopewright.oauth.device_authorization import DeviceAuthorizationEndpoint
from scopewright.oauth.discovery import Discovery
from scopewright.oauth.introspection import IntrospectionEndpoints
from scopewright.oauth.par import ParEndpoint
from scopewright.oauth.revocations import RevocationFeed
from scopewright.oauth.token import TokenEndpoint
from scopewright.oauth.userinfo import UserinfoEndpoint
from scopewright.web.credentials import UNDER_DPOP, bringing
from scopewright.web.events import EventStream
from scopewright.web.http import WORKSPACE, Answer, Request

Handler = Callable[[Request, View], Awaitable[Answer | EventStream]]
PREFIX = "/w/"
OF_SERVER = ("openid-configuration", "oauth-authorization-server")
OF_DECISIONS = "authzen-configuration"
WELL_KNOWN = (*OF_SERVER, OF_DECISIONS)


@dataclass(frozen=True, slots=True)
class IssuerEndpoints:
    """What answers under an issuer. `verify` is the gateway's, which stands beside this edge."""

    token: TokenEndpoint
    introspection: IntrospectionEndpoints
    par: ParEndpoint
    userinfo: UserinfoEndpoint
    discovery: Discovery
    revocations: RevocationFeed
    device_authorization: DeviceAuthorizationEndpoint
    decisions: DecisionEndpoints
    verify: Handler


class OAuthRoutes:
    """Answers the hot paths of every issuer, and hands all else on."""

    def __init__(
        self,
        following: ASGIApp,
        *,
        authority: Authority,
        endpoints: IssuerEndpoints,
        body_limit: int,
        fresh_nonce: Callable[[], str],
        metrics: Metrics,
    ) -> None:
        self._following = following
        self._authority = authority
        self._body_limit = body_limit
        self._fresh_nonce = fresh_nonce
        self._metrics = metrics
        self._handlers: Mapping[tuple[str, str], Handler] = {
            ("POST", "token"): endpoints.token.token,
            ("POST", "introspect"): endpoints.introspection.introspect,
            ("POST", "revoke"): endpoints.introspection.revoke,
            ("POST", "par"): endpoints.par.push,
            ("POST", "device_authorization"): endpoints.device_authorization.begin,
            ("GET", "userinfo"): endpoints.userinfo.userinfo,
            ("POST", "userinfo"): endpoints.userinfo.userinfo,
            ("GET", "jwks"): endpoints.discovery.jwks,
            ("GET", "revocations"): endpoints.revocations.feed,
            ("GET", "verify"): endpoints.verify,
            **{("GET", f".well-known/{name}"): endpoints.discovery.metadata for name in OF_SERVER},
            ("GET", f".well-known/{OF_DECISIONS}"): endpoints.decisions.metadata,
            **endpoints.decisions.handlers,
        }
        self._patterns = {path: f"{PREFIX}{{workspace}}/{path}" for _, path in self._handlers}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._located(scope["path"]) if scope["type"] == "http" else None
        if found is None or found[1] not in self._patterns:
            await self._following(scope, receive, send)
            return
        workspace_id, path = found
        request, started = Request(scope, receive, self._body_limit), time.perf_counter()
        answer = await self._answered(request, workspace_id, path)
        if isinstance(answer, Answer):
            self._metrics.request(
                scope.get(WORKSPACE),
                method=scope["method"],
                route=self._patterns[path],
                status=answer.status,
                seconds=time.perf_counter() - started,
            )
        if UNDER_DPOP in scope:
            send = bringing(self._fresh_nonce(), send)
        await answer.send(send)

    def _located(self, path: str) -> tuple[str, str] | None:
        """Workspace and path under its issuer; the well-known paths stand before or after it."""
        if path.startswith(PREFIX):
            workspace_id, _, rest = path[len(PREFIX) :].partition("/")
            return workspace_id, rest
        for name in WELL_KNOWN:
            before = f"/.well-known/{name}{PREFIX}"
            if path.startswith(before):
                return path[len(before) :], f".well-known/{name}"
        return None

    async def _answered(
        self, request: Request, workspace_id: str, path: str
    ) -> Answer | EventStream:
        try:
            view = await self._authority.at(workspace_id)
            if view is None:
                raise NotFound("There is no such issuer.")
            request.scope[WORKSPACE] = workspace_id
            handler = self._handlers.get((_method(request), path))
            if handler is None:
                return errors.method_not_allowed(self._allowed(path))
            return await handler(request, view)
        except ScopewrightError as error:
            self._metrics.denial(request.scope.get(WORKSPACE), errors.code_of(error))
            return errors.answer(error)
        except Exception:
            log.logger().exception("unexpected", path=path)
            return errors.server_error()

    def _allowed(self, path: str) -> str:
        methods = {method for method, handled in self._handlers if handled == path}
        return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))


def _method(request: Request) -> str:
    method: str = request.scope["method"]
    return "GET" if method == "HEAD" else method
