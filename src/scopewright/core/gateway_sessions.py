"""Browsers before an application: which requests are theirs, and how they sign in there.

On the application's host the gateway has a few addresses of its own, which the proxy passes to us,
and two cookies, which the application never sees.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import quote

from scopewright.core import base64url
from scopewright.core.applications import LOOPBACK
from scopewright.core.errors import Forbidden, NotFound
from scopewright.core.gateway import OWN_SEGMENT
from scopewright.core.model import Session
from scopewright.core.request_paths import Path

SESSION_COOKIE, LOGIN_COOKIE = "scopewright_session", "scopewright_login"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_ADDRESS = 2000
_ADDRESS = re.compile(r"/(?:[\x21-\x2e\x30-\x5b\x5d-\x7e][\x21-\x5b\x5d-\x7e]*)?")


@dataclass(frozen=True, slots=True)
class GatewaySession:
    """A browser at an application's host, known there by a cookie; the session is behind it."""

    session: Session
    application_id: str
    host: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where browsers reach an application, as a trusted proxy tells it."""

    scheme: str
    host: str

    @property
    def url(self) -> str:
        """As browsers spell it (RFC 6454 §6.2)."""
        return f"{self.scheme}://{self.host}"


@dataclass(frozen=True, slots=True)
class ForwardedRequest:
    """What a proxy asks about. `target` is as it was sent, `path` what it comes to."""

    method: str
    origin: Origin
    target: str
    path: Path

    @property
    def login_url(self) -> str:
        """Where a browser signs in, and whence it is brought back."""
        continue_to = quote(self.target, safe="/")
        return f"{self.origin.url}/{OWN_SEGMENT}/login?continue={continue_to}"


def wants_page(method: str, *, accept: str | None, fetch_mode: str | None) -> bool:
    """Whether this is a person going to a page, who can be sent to sign in; no program can."""
    if method not in ("GET", "HEAD") or fetch_mode not in (None, "navigate"):
        return False
    ranges = (accept or "").lower().split(",")
    return any(each.partition(";")[0].strip() == "text/html" for each in ranges)


def check_same_origin(
    method: str, here: Origin, *, fetch_site: str | None, origin: str | None, opens_socket: bool
) -> None:
    """Let a request with a browser's cookie pass that changes nothing, or that its own page sent.

    A WebSocket begins with GET, and no browser keeps other sites from opening one.

    Raises:
        Forbidden: it may come from another site's page.
    """
    if method in SAFE_METHODS and not opens_socket:
        return
    if fetch_site != "same-origin" and origin != here.url:
        raise Forbidden("This comes from another site, or does not say from where.")


def without_own(cookies: str) -> str:
    """A `Cookie` header without any of ours; that of our pages comes along on the same machine."""
    pairs = (pair.strip() for pair in cookies.split(";"))
    return "; ".join(pair for pair in pairs if pair and not _is_own(pair.partition("=")[0].strip()))


def _is_own(name: str) -> bool:
    plain = name.removeprefix("__Host-")
    return plain == "scopewright" or plain.startswith("scopewright_")


# --- signing in ---------------------------------------------------------------------------------


def callback_uri(origin: Origin) -> str:
    """Where the code comes back to."""
    return f"{origin.url}/{OWN_SEGMENT}/callback"


def redirect_uris(hosts: Collection[str]) -> tuple[str, ...]:
    """Every place to which a code may come back: https anywhere, http on this machine."""
    origins = [Origin("https", host) for host in hosts]
    origins += [Origin("http", host) for host in hosts if _name(host) in LOOPBACK]
    return tuple(sorted(callback_uri(origin) for origin in origins))


def check_origin(here: Origin, hosts: Collection[str]) -> Origin:
    """A place where browsers of an application may sign in; `hosts` are those it has declared.

    Raises:
        NotFound: it has declared nothing there.
        Forbidden: cookies and codes would go there unencrypted.
    """
    if here.host not in hosts:
        raise NotFound("The application has declared nothing at this host.")
    if callback_uri(here) not in redirect_uris(hosts):
        raise Forbidden("People sign in over https only, or on this machine.")
    return here


def _name(host: str) -> str:
    return host.rpartition("]")[0][1:] if host.startswith("[") else host.partition(":")[0]


def own_address(text: str) -> str:
    """The address on the same host to which somebody may be brought back, or the first page.

    Browsers read two slashes at the beginning, or a backslash, as another host.
    """
    is_own = len(text) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None
    return text if is_own else "/"


@dataclass(frozen=True, slots=True)
class Login:
    """A browser on its way through signing in; `secret` is in its cookie and goes nowhere else.

    All else follows from it, so nothing is stored, and several tabs can be on their way at once.
    """

    secret: str
    nonce: str
    continue_to: str

    @property
    def state(self) -> str:
        """The `state` parameter, which this browser alone can show again (RFC 6749 §10.12)."""
        return (
            f"{self.nonce}.{base64url.encoded(self.continue_to.encode())}.{self._derived('state')}"
        )

    @property
    def code_verifier(self) -> str:
        """RFC 7636 §4.1."""
        return self._derived("code_verifier")

    @property
    def code_challenge(self) -> str:
        """RFC 7636 §4.2, by S256."""
        return base64url.sha256(self.code_verifier.encode())

    def _derived(self, purpose: str) -> str:
        said = "\n".join((purpose, self.nonce, self.continue_to))
        return base64url.encoded(hmac.digest(self.secret.encode(), said.encode(), "sha256"))

    @classmethod
    def returned(cls, secret: str | None, state: str | None) -> Login:
        """The login that this state is of, come back in the browser that began it.

        Raises:
            Forbidden: another browser began it, or nobody.
        """
        nonce, _, rest = (state or "").partition(".")
        try:
            continue_to = base64url.decoded(rest.partition(".")[0]).decode()
        except ValueError:
            continue_to = ""
        login = cls(secret or "", nonce, continue_to)
        if not secret or not hmac.compare_digest(login.state.encode(), (state or "").encode()):
            raise Forbidden("Another browser began to sign in here, or it is too long ago.")
        return login
