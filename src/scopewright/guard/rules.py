"""Which route needs which scopes. What no rule names is refused.

`Rules({"GET /readings": "sensor:read", "PUT /devices/{id}": ["device:write"], "GET /health":
PUBLIC, "* /static/*": PUBLIC})`: `{name}` is one segment, a final `*` is one or more, and the
most literal rule wins. HEAD is a GET.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from typing import Any, TypeVar

from scopewright.core.scopes import NONE, Scopes
from scopewright.guard.refusals import InsufficientScope


class Open(Enum):
    """Said of a route that anybody may reach, without a credential."""

    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Said of a route for which one of several sets of scopes is enough."""

    alternatives: tuple[Scopes, ...]


PUBLIC = Open.PUBLIC
Needs = Scopes | AnyOf
Declaration = Needs | Open
_MARK = "__scopewright_declares__"
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")  # RFC 6749 §3.3
T = TypeVar("T")


def declare(thing: T, declaration: Declaration) -> T:
    """Marks an endpoint, a dependency or a mounted application with what it needs."""
    setattr(thing, _MARK, declaration)
    return thing


def public(endpoint: T) -> T:
    """Declares that anybody may reach this endpoint: `@public`."""
    return declare(endpoint, PUBLIC)


def declared_by(thing: object) -> Declaration | None:
    """What `declare` left on it, or None."""
    found: Declaration | None = getattr(thing, _MARK, None)
    return found


def any_of(*alternatives: str | Iterable[str]) -> AnyOf:
    """`any_of("a", ["b", "c"])`: a is enough, and so are b and c together.

    Raises:
        ValueError: no alternative, or a name that could not stand in a token.
    """
    if not alternatives:
        raise ValueError("any_of needs an alternative: without one, nothing would be enough")
    return AnyOf(tuple(_set_of(names) for names in alternatives))


def scope_names(names: str | AnyOf | Iterable[str | AnyOf]) -> Needs:
    """One name or several, all of them needed, as a set.

    Raises:
        ValueError: a name that could not stand in a token (RFC 6749 §3.3).
    """
    parts = [names] if isinstance(names, str | AnyOf) else list(names)
    choices = [part for part in parts if isinstance(part, AnyOf)]
    always: Needs = _set_of(part for part in parts if not isinstance(part, AnyOf))
    return reduce(both, choices, always)


def _set_of(names: str | Iterable[str]) -> Scopes:
    scopes = frozenset([names] if isinstance(names, str) else names)
    for scope in scopes:
        if not _SCOPE_TOKEN.fullmatch(scope):
            raise ValueError(f"{scope!r} is not a scope name")
    return scopes


def alternatives(needs: Needs) -> tuple[Scopes, ...]:
    """The sets of scopes of which each is enough."""
    return needs.alternatives if isinstance(needs, AnyOf) else (needs,)


def both(one: Needs, other: Needs) -> Needs:
    """What a route needs over which two declarations stand."""
    if isinstance(one, AnyOf) or isinstance(other, AnyOf):
        pairs = (a | b for a in alternatives(one) for b in alternatives(other))
        return AnyOf(tuple(dict.fromkeys(pairs)))
    return one | other


def asked_first(needs: Needs, authorization: str | None) -> Scopes:
    """The scopes to check a header for; which alternative counts is known once somebody shows one.

    Who shows nothing is told of one alternative.
    """
    if isinstance(needs, AnyOf) and authorization:
        return NONE
    return _nearest(needs, NONE)


def refuse_without(needs: Needs, held: Scopes) -> None:
    """Let those pass whose scopes are enough.

    Raises:
        InsufficientScope: with the alternative that lacks least.
    """
    nearest = _nearest(needs, held)
    if nearest - held:
        raise InsufficientScope(needed=nearest, missing=nearest - held)


def _nearest(needs: Needs, held: Scopes) -> Scopes:
    return min(alternatives(needs), key=lambda scopes: len(scopes - held))


class Rules:
    """The table of one application; refuses to be built from a rule that it cannot read."""

    def __init__(self, table: Mapping[str, Open | AnyOf | str | Iterable[str]]) -> None:
        rules = [
            (*_pattern(route), route.partition(" ")[2], _declaration(what))
            for route, what in table.items()
        ]
        self._rules = sorted(rules, key=lambda rule: rule[0])

    @property
    def scopes(self) -> Scopes:
        """Every scope that some rule asks for."""
        named = (what for *_, what in self if what is not PUBLIC)
        return frozenset().union(*(scopes for what in named for scopes in alternatives(what)))

    def __iter__(self) -> Iterator[tuple[str, str, Declaration]]:
        """Each rule as method, path and what it says, the most literal first."""
        for _rank, verb, _pattern, path, declaration in self._rules:
            yield verb, path, declaration

    def find(self, method: str, path: str) -> Declaration | None:
        """What the most literal rule for this request says, or None."""
        if _is_ambiguous(path):
            return None
        wanted = "GET" if method == "HEAD" else method
        for _rank, verb, pattern, _path, declaration in self._rules:
            if verb in (wanted, "*") and pattern.fullmatch(path):
                return declaration
        return None


def _declaration(what: Open | AnyOf | str | Iterable[str]) -> Declaration:
    return what if isinstance(what, Open) else scope_names(what)


def _pattern(route: str) -> tuple[tuple[Any, ...], str, re.Pattern[str]]:
    verb, space, path = route.partition(" ")
    if not space or not path.startswith("/"):
        raise ValueError(f"{route!r} is not of the form 'GET /path'")
    segments = path.split("/")[1:]
    kinds = [_kind(segment) for segment in segments]
    if "*" in segments[:-1]:
        raise ValueError(f"{route!r}: '*' stands only at the end")
    spelled = [_KINDS[_kind(segment)] or re.escape(segment) for segment in segments]
    rank = (kinds, verb == "*")
    return (rank, verb.upper(), re.compile("/" + "/".join(spelled), re.DOTALL))


_KINDS = ("", "[^/]+", ".+")  # literal, one segment, the rest


def _kind(segment: str) -> int:
    if segment == "*":
        return 2
    return 1 if re.fullmatch(r"\{\w+\}", segment) else 0


def _is_ambiguous(path: str) -> bool:
    """Whether an application behind may read this path as another (`//`, `/../`)."""
    segments = path.split("/")[1:]
    return not {".", ".."}.isdisjoint(segments) or "" in segments[:-1] or "\\" in path
