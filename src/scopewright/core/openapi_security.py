"""Route rules from the `security` parts of an OpenAPI 3 document.

A route demands scopes, all of them. So what an operation asks for becomes one, the scopes of its
schemes together; a choice between different ones cannot be said and is left out, and so is what
names no scope. Schemes themselves (keys, certificates) are not looked at.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from scopewright.core.errors import Invalid
from scopewright.core.request_paths import ANYTHING, read_pattern
from scopewright.core.scopes import NONE, Scopes

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
Kind = TypeVar("Kind")
_TEMPLATE = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class DeclaredRule:
    """What operations at one path ask for alike; no scopes: they are public."""

    path: str
    methods: frozenset[str]
    scopes: Scopes


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Operations for which there is no rule, and why; no methods: all at this path."""

    path: str
    methods: frozenset[str]
    reason: str


class _Unsayable(Exception):
    """A rule cannot say this."""


def read_security(document: Mapping[str, Any]) -> tuple[list[DeclaredRule], list[LeftOut]]:
    """What an API declares about its operations, in the order of its paths.

    Raises:
        Invalid: with the part of the document that is not as OpenAPI 3 has it.
    """
    if not str(document.get("openapi", "")).startswith("3."):
        raise Invalid("Only OpenAPI 3 is read.", field="document.openapi")
    base = _base_path(document)
    demands: dict[tuple[str, Scopes], set[str]] = defaultdict(set)
    left_out: list[LeftOut] = []
    for path, item in _mapping(document.get("paths", {}), "paths").items():
        if path.startswith("x-"):
            continue
        try:
            pattern = _pattern(base, path, _mapping(item, f"paths.{path}"))
        except _Unsayable as error:
            left_out.append(LeftOut(path, NONE, str(error)))
            continue
        for method, operation in _operations(path, item):
            try:
                scopes = _demand(document, operation, f"paths.{path}.{method}")
            except _Unsayable as error:
                left_out.append(LeftOut(path, frozenset({method.upper()}), str(error)))
            else:
                demands[pattern, scopes].add(method.upper())
    rules = [DeclaredRule(path, frozenset(of), scopes) for (path, scopes), of in demands.items()]
    return rules, left_out


def _operations(path: str, item: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for method in METHODS:
        if method in item:
            yield method, _mapping(item[method], f"paths.{path}.{method}")


# --- where --------------------------------------------------------------------------------------


def _base_path(document: Mapping[str, Any]) -> str:
    """What stands before every path: the path of the servers' URLs, if they agree."""
    found = set()
    for number, server in enumerate(_list(document.get("servers", []), "servers")):
        url = _mapping(server, f"servers.{number}").get("url")
        try:
            found.add(urlsplit(_text(url, f"servers.{number}.url")).path.rstrip("/"))
        except ValueError:
            raise Invalid("This is not a URL.", field=f"document.servers.{number}.url") from None
    if len(found) > 1 or "{" in "".join(found):
        raise Invalid(
            "The servers differ in their paths, or have variables there. Keep one.",
            field="document.servers",
        )
    return found.pop() if found else ""


def _pattern(base: str, path: str, item: Mapping[str, Any]) -> str:
    """The path as a route has it: `/things/{id}` → `/things/{}`."""
    if "$ref" in item or "servers" in item:
        raise _Unsayable("It is described elsewhere, or has servers of its own.")
    segments = [
        ANYTHING if _TEMPLATE.fullmatch(each) else each for each in f"{base}{path}".split("/")
    ]
    for segment in segments:
        if "*" in segment or ("{" in segment and segment != ANYTHING):
            raise _Unsayable(f"A route cannot say {segment}: only whole segments vary.")
    pattern = "/".join(segments)
    try:
        read_pattern(pattern)
    except Invalid as error:
        raise _Unsayable(error.detail) from None
    return pattern


# --- what ---------------------------------------------------------------------------------------


def _demand(document: Mapping[str, Any], operation: Mapping[str, Any], where: str) -> Scopes:
    """The scopes that an operation asks for; none, if it says to be open to everybody."""
    said, where = operation.get("security"), f"{where}.security"
    if said is None:
        said, where = document.get("security"), "security"
    if said is None:
        raise _Unsayable("It declares no security.")
    if "servers" in operation:
        raise _Unsayable("It has servers of its own.")
    ways = [_mapping(way, f"{where}.{number}") for number, way in enumerate(_list(said, where))]
    if not any(ways):  # `[]`, or nothing but `{}`
        return NONE
    asked = {_scopes(way, where) for way in ways}
    if len(asked) > 1:
        raise _Unsayable("Any of several demands suffices; a route has one, for all its scopes.")
    (scopes,) = asked
    if not scopes:
        raise _Unsayable("It names no scope.")
    return scopes


def _scopes(way: Mapping[str, Any], where: str) -> Scopes:
    """All scopes of one requirement: each of its schemes must be satisfied."""
    return frozenset(
        _text(scope, f"{where}.{scheme}")
        for scheme, named in way.items()
        for scope in _list(named, f"{where}.{scheme}")
    )


# --- JSON that is what it should be -------------------------------------------------------------


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _checked(value, dict, where, "an object")
    return found


def _list(value: Any, where: str) -> list[Any]:
    found: list[Any] = _checked(value, list, where, "a list")
    return found


def _text(value: Any, where: str) -> str:
    return _checked(value, str, where, "a text")


def _checked(value: Any, kind: type[Kind], where: str, name: str) -> Kind:
    if not isinstance(value, kind):
        raise Invalid(f"This is not {name}.", field=f"document.{where}")
    return value
