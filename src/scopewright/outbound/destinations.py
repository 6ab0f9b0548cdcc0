"""Where a URL leads, judged before anything is connected to."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

import httpcore

from scopewright.outbound.errors import Unfetchable

MOST_ADDRESSES = 8
LONGEST_URL = 2000
_UNSAFE_IN_URL = re.compile(r"[^\x21-\x7e]|[\\<>\"{}|^`]")
_HOST = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}|[0-9a-f:.]+")  # a name, or IPv6

# What lies in the one block of global unicast, less what leads elsewhere from there: protocol
# assignments with Teredo, documentation, 6to4. NAT64 and mapped IPv4 lie outside the block.
_GLOBAL_UNICAST = ip_network("2000::/3")
_LEADS_ELSEWHERE = tuple(
    ip_network(block)
    for block in ("192.88.99.0/24", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)

Resolve = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL with the addresses that may be connected to for it, in order of preference."""

    url: httpcore.URL
    host_header: str
    addresses: Sequence[str]


class Destinations:
    """Judges URLs. `allow` names hosts, `host` or `host:port`, that are trusted as they are."""

    def __init__(self, allow: Iterable[str], resolve: Resolve) -> None:
        self._allowed = frozenset(_with_port(host) for host in allow)
        self._resolve = resolve

    def of(self, url: str) -> Destination:
        """Where this https URL leads; the name in it is resolved here, and never again.

        Raises:
            Unfetchable: it is no plain https URL, or leads where nobody may be sent.
        """
        parsed, host, port = _parts(url)
        return Destination(parsed, urlsplit(url).netloc, self._addresses(host, port))

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        """The addresses that may be connected to.

        A name with one address that is not public is refused with all of them.
        """
        allowed = (host, port) in self._allowed
        if port != 443 and not allowed:
            raise Unfetchable("another port than 443")
        try:
            addresses = list(dict.fromkeys(self._resolve(host, port)))[:MOST_ADDRESSES]
        except (OSError, UnicodeError):
            raise Unfetchable("the name does not resolve") from None
        if not addresses:
            raise Unfetchable("the name does not resolve")
        if not allowed and not all(is_public(address) for address in addresses):
            raise Unfetchable("the name leads to an address that is not public")
        return addresses


def system_resolver(host: str, port: int) -> list[str]:
    """Every address of a name, as this machine resolves it. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def is_public(address: str) -> bool:
    """Whether this is the address of one host on the open internet, and of nothing else.

    Private, shared, loopback, link-local, multicast and reserved ones are not, nor those that
    carry another address within (mapped, 6to4, Teredo, NAT64).
    """
    try:
        parsed = ip_address(address)
    except ValueError:  # an interface's scope, for one
        return False
    if any(parsed in block for block in _LEADS_ELSEWHERE if block.version == parsed.version):
        return False
    return _is_unicast(parsed) and parsed.is_global


def _is_unicast(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        return address in _GLOBAL_UNICAST
    return not address.is_multicast and not address.is_reserved


def _parts(url: str) -> tuple[httpcore.URL, str, int]:
    """A URL as it is asked for, with its host and port."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Unfetchable("not a URL") from None
    if len(url) > LONGEST_URL or _UNSAFE_IN_URL.search(url):
        raise Unfetchable("not a URL")
    if parts.scheme != "https":
        raise Unfetchable("not https")
    if host is None or _HOST.fullmatch(host) is None:
        raise Unfetchable("not a host")
    if "@" in parts.netloc or "#" in url:
        raise Unfetchable("a user name or a fragment")
    port = 443 if port is None else port
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return httpcore.URL(scheme="https", host=host, port=port, target=target), host, port


def _with_port(allowed: str) -> tuple[str, int]:
    parts = urlsplit(f"//{allowed}")
    return parts.hostname or "", parts.port or 443
