"""The gateway: the question that proxies ask, and where browsers sign in at applications."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.routing import BaseRoute

from scopewright.app.parts import Parts
from scopewright.gateway.admission import Admission
from scopewright.gateway.callback import Callback
from scopewright.gateway.proxies import TrustedProxies
from scopewright.gateway.verify import Verify
from scopewright.services.logout import Logout
from scopewright.services.tokens.exchange import Tokens
from scopewright.services.tokens.gateway_sessions import GatewaySessions
from scopewright.services.tokens.handed_tokens import HandedTokens


@dataclass(frozen=True, slots=True)
class Gateway:
    """Its endpoint on the hot path, and its pages."""

    verify: Verify
    routes: Sequence[BaseRoute]


def make_gateway(parts: Parts, tokens: Tokens) -> Gateway:
    """The gateway, which hands out tokens of this engine."""
    proxies = TrustedProxies(frozenset(parts.settings.server.trusted_proxies))
    browsers = GatewaySessions(parts.database, parts.clock, parts.access)
    handed = HandedTokens(parts.database, browsers, tokens)
    logout = Logout(parts.database, parts.clock, parts.public_url)
    callback = Callback(parts.authority, browsers, logout, proxies, parts.public_url)
    admission = Admission(parts.access, browsers, handed, proxies)
    return Gateway(Verify(parts.access, admission), callback.routes)
