"""How often something may be tried: so that no owner of a name is locked out for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address
from math import ceil

LONGEST_NAME = 255
LONGEST_PASSWORD = 1024
FIRST_TRIES = 3  # of an address, however often the name was tried from others


@dataclass(frozen=True, slots=True)
class Counted:
    """How often something was done within a window, this time counted, and when that ends."""

    used: int
    ends: datetime

    def retry_after(self, now: datetime) -> int:
        """In how many seconds it counts from the beginning."""
        return ceil((self.ends - now).total_seconds())


@dataclass(frozen=True, slots=True)
class Tried:
    """Tries within the window, this one counted: from a source, for a name, and for both."""

    source: int
    name: int
    both: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many of each are let through; `name` is where everybody gets their first tries only."""

    source: int
    name: int
    both: int


def is_too_often(tried: Tried, bounds: Bounds) -> bool:
    """Whether this try is not to be looked at.

    Whoever owns a name can always sign in from an address of their own, whatever others do.
    """
    if tried.source > bounds.source or tried.both > bounds.both:
        return True
    return tried.name > bounds.name and tried.both > FIRST_TRIES


def source_of(address: str | None) -> str:
    """Who an address counts as: of IPv6 its network, for one machine has 2^64 of them."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return "unknown"
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"


def is_name(username: str) -> bool:
    """Whether this may be somebody's name: printable, no space around it, of bounded length."""
    is_bounded = 0 < len(username) <= LONGEST_NAME
    return is_bounded and username == username.strip() and username.isprintable()


def is_password(password: str) -> bool:
    """Whether it may be tried: with an empty one a bind succeeds as nobody (RFC 4513 §5.1.2)."""
    return 0 < len(password) <= LONGEST_PASSWORD and "\0" not in password
