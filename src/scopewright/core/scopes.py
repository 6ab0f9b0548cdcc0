"""What a bearer asks for, and what it gets: `requested.within(held)` decides every token.

A scope is an opaque name; a set of scopes is a `frozenset`. Nothing here parses a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from scopewright.core.errors import InvalidScope
from scopewright.core.names import PROTOCOL_WORDS, is_name

Scopes = frozenset[str]

NONE: Scopes = frozenset()
INHERIT = "inherit"
LONGEST_SCOPE = 10_000
_EVERYTHING_MARK = "*"  # no name may contain it, so it cannot be confused with one


@dataclass(frozen=True, slots=True)
class Requested:
    """The scopes a bearer asks for: some by name, or everything its principal holds.

    `names` is None for everything. `protocol` are the protocol's own words that were asked for
    (`openid`, `offline_access` …): never held, never granted, only answered back.
    """

    names: Scopes | None = None
    protocol: Scopes = NONE

    def within(self, held: Scopes) -> Scopes:
        """What it gets of what is held."""
        return held if self.names is None else self.names & held

    def beyond(self, held: Scopes) -> Scopes:
        """What it names and may not have."""
        return NONE if self.names is None else self.names - held

    def narrowed_to(self, other: Requested) -> Requested:
        """Both limits at once: a key inside a session inside a ceiling."""
        if self.names is None:
            return Requested(other.names, self.protocol)
        return Requested(other.within(self.names), self.protocol)

    def joined_with(self, other: Requested) -> Requested:
        """Whatever either asks for: approvals add up."""
        names = None if self.names is None or other.names is None else self.names | other.names
        return Requested(names, self.protocol | other.protocol)

    def spelled(self) -> str:
        """One line for storage; `remembered` reads it back."""
        names = frozenset({_EVERYTHING_MARK}) if self.names is None else self.names
        return spell(names | self.protocol)


EVERYTHING = Requested()


@lru_cache(maxsize=256)  # a device asks for the same scopes again and again
def parse(parameter: str | None) -> Requested:
    """The `scope` parameter as it was sent (RFC 6749 §3.3).

    Missing or empty means everything held (RFC 6749 §3.1: an empty parameter is an omitted one),
    and so does naming protocol words only.

    Raises:
        InvalidScope: a word is not a scope name, or the parameter is longer than one may be.
    """
    if parameter is not None and len(parameter) > LONGEST_SCOPE:
        raise InvalidScope(f"The scope has at most {LONGEST_SCOPE} characters.")
    words = frozenset(parameter.split(" ")) - {""} if parameter else NONE
    for word in sorted(words):
        if not is_name(word):
            raise InvalidScope("A requested scope is not a scope name.")
    named = words - PROTOCOL_WORDS
    return Requested(named or None, words & PROTOCOL_WORDS)


def remembered(line: str) -> Requested:
    """The value whose `spelled()` is this line."""
    words = frozenset(line.split())
    protocol = words & PROTOCOL_WORDS
    if _EVERYTHING_MARK in words:
        return Requested(None, protocol)
    return Requested(words - protocol, protocol)


def spell(scopes: Scopes) -> str:
    """Space-separated, unique and sorted, as the `scope` claim wants it (RFC 9068 §2.2.3)."""
    return " ".join(sorted(scopes))
