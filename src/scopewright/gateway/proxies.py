"""How nginx, Caddy and Traefik each put the question: a table, and whom of them we believe.

A forwarded header is as good as who sends it. So only named proxies are heard, each header must
stand there exactly once, and spellings that some programs take for the same name are refused.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from starlette.types import Scope

from scopewright import log
from scopewright.core.errors import Forbidden, Invalid, Malformed
from scopewright.core.gateway import check_host
from scopewright.core.gateway_sessions import ForwardedRequest, Origin
from scopewright.core.request_paths import read_path

HOST, SCHEME = b"x-forwarded-host", b"x-forwarded-proto"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}")  # RFC 9110 §9.1
_SCHEMES = ("http", "https")


@dataclass(frozen=True, slots=True)
class Proxy:
    """How one says which request it asks about.

    `takes_redirects`: what we answer, its browser gets. nginx makes a 500 of everything but 401 and
    403, and reads where to send the browser from a header.
    """

    names: str
    method: bytes
    target: bytes
    takes_redirects: bool


PROXIES = (
    Proxy("nginx", b"x-original-method", b"x-original-uri", takes_redirects=False),
    Proxy("Caddy, Traefik", b"x-forwarded-method", b"x-forwarded-uri", takes_redirects=True),
)
_TELLING = frozenset({HOST, SCHEME}).union(*({proxy.method, proxy.target} for proxy in PROXIES))
# By these some applications read another method or path than the request's own.
_OVERRIDING = frozenset(
    {
        b"x-http-method",
        b"x-http-method-override",
        b"x-method-override",
        b"x-original-url",
        b"x-rewrite-url",
    }
)
OURS = b"x-auth-"  # what begins so is told to applications by us alone


@dataclass(slots=True)
class TrustedProxies:
    """The addresses whose word counts."""

    addresses: frozenset[str]
    _has_warned: bool = field(init=False, default=False)

    def check(self, scope: Scope) -> None:
        """Let a question be put.

        Raises:
            Forbidden: by a stranger; the log says once which setting names proxies.
        """
        peer = scope.get("client")
        address = None if peer is None else peer[0]
        if address in self.addresses:
            return
        if not self._has_warned:
            self._has_warned = True
            log.logger().warning(
                "forwarded request ignored: name its proxy in server.trusted_proxies", peer=address
            )
        raise Forbidden("Only a proxy that is trusted here may ask this.")


def read_question(scope: Scope) -> tuple[Proxy, ForwardedRequest]:
    """Who asks, and about which request. A method that is not told counts as POST.

    Raises:
        Malformed: a header is missing, stands twice or under a name that could be mistaken for it;
            the client sent one that is not its own to send; or the path could be read differently.
    """
    told = _told(scope)
    asking = [proxy for proxy in PROXIES if proxy.method in told or proxy.target in told]
    if len(asking) != 1 or asking[0].target not in told:
        raise Malformed("The proxy does not say which address is asked for, or says it twice.")
    (proxy,) = asking
    method, target = told.get(proxy.method, "POST"), told[proxy.target]
    if _TOKEN.fullmatch(method) is None:
        raise Malformed("The proxy does not say which method is asked for.")
    return proxy, ForwardedRequest(method, _origin(told), target, read_path(target))


def read_origin(scope: Scope) -> Origin:
    """Where a browser reached the proxy.

    Raises:
        Malformed: as `read_question`.
    """
    return _origin(_told(scope))


def _origin(told: dict[bytes, str]) -> Origin:
    scheme, host = told.get(SCHEME), told.get(HOST)
    if scheme is None or scheme not in _SCHEMES or host is None:
        raise Malformed("The proxy does not say at which host it was asked, and how.")
    try:
        return Origin(scheme, check_host(host))
    except Invalid:
        raise Malformed("The proxy names no host.") from None


def _told(scope: Scope) -> dict[bytes, str]:
    """The headers that tell of the request, each once."""
    pairs = [(name, value) for name, value in scope["headers"] if _check_name(name) in _TELLING]
    if max(Counter(name for name, _ in pairs).values(), default=0) > 1:
        raise Malformed("A forwarded header stands more than once.")
    return {name: value.decode("latin-1") for name, value in pairs}


def _check_name(name: bytes) -> bytes:
    """The header's name, unless it is not the client's to send or passes for one that is not.

    Programs behind CGI or WSGI read `X_Auth_Subject` as `X-Auth-Subject`, some `X.Auth.Subject`.
    """
    canonical = name.lower().replace(b"_", b"-").replace(b".", b"-")
    if canonical.startswith(OURS) or canonical in _OVERRIDING:
        raise Malformed(f"No client sends {canonical.decode('latin-1')} here.")
    if canonical != name and canonical in _TELLING:
        raise Malformed("A forwarded header is spelled so that it could be read as another.")
    return name
