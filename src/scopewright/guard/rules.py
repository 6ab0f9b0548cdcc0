"""Which route needs which scopes. What no rule names is refused.

`Rules({"GET /readings": "sensor:read", "PUT /devices/{id}": ["device:write"], "GET /health":
PUBLIC, "* /static/*": PUBLIC})`: `{name}` is one segment, a final `*` is one or more, and the
most literal rule wins. HEAD is a GET.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, TypeVar

from scopewright.core.scopes import Scopes


class Open(Enum):
    """Said of a route that anybody may reach, without a credential."""

    PUBLIC = "public"


PUBLIC = Open.PUBLIC
Declaration = Scopes | Open
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


def scope_names(names: str | Iterable[str]) -> Scopes:
    """One name or several as a set.

    Raises:
        ValueError: a name that could not stand in a token (RFC 6749 §3.3).
    """
    scopes = frozenset([names] if isinstance(names, str) else names)
    for scope in scopes:
        if not _SCOPE_TOKEN.fullmatch(scope):
            raise ValueError(f"{scope!r} is not a scope name")
    return scopes


class Rules:
    """The table of one application; refuses to be built from a rule that it cannot read."""

    def __init__(self, table: Mapping[str, Open | str | Iterable[str]]) -> None:
        rules = [
            (*_pattern(route), what if isinstance(what, Open) else scope_names(what))
            for route, what in table.items()
        ]
        self._rules = sorted(rules, key=lambda rule: rule[0])

    @property
    def scopes(self) -> Scopes:
        """Every scope that some rule needs."""
        named = (rule[3] for rule in self._rules)
        return frozenset().union(*(what for what in named if isinstance(what, frozenset)))

    def find(self, method: str, path: str) -> Declaration | None:
        """What the most literal rule for this request says, or None."""
        if _is_ambiguous(path):
            return None
        wanted = "GET" if method == "HEAD" else method
        for _rank, verb, pattern, declaration in self._rules:
            if verb in (wanted, "*") and pattern.fullmatch(path):
                return declaration
        return None


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
