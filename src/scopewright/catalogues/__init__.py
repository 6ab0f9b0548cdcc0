"""Vocabularies as data: reads a catalogue file into `core.catalogue.Catalogue`.

A file is TOML. `[resources]` spells scopes as `{prefix}:{resource}:{action}`, each opening the
operation `{resource}:{action}`; `[roles]` bundles them by patterns. Wildcards exist only in such
files and are expanded when the file is read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from importlib.resources import files
from typing import Any

from scopewright.core.catalogue import Catalogue, RoleDefinition, ScopeDefinition
from scopewright.core.errors import Invalid
from scopewright.core.scopes import Scopes

INTERNAL = "internal"
PLAIN = "plain"
SHIPPED = (INTERNAL, PLAIN)


def read_shipped(*, internal_prefix: str) -> dict[str, Catalogue]:
    """The catalogues that ship with Scopewright, by name.

    `internal_prefix` is how this instance spells its own scopes and member roles.
    """
    found = {}
    for name in SHIPPED:
        data = tomllib.loads((files(__name__) / f"{name}.toml").read_text("utf-8"))
        found[name] = read(data, name=name, prefix=internal_prefix if name == INTERNAL else None)
    return found


def read(data: Mapping[str, Any], *, name: str, prefix: str | None = None) -> Catalogue:
    """A catalogue from the contents of its file; `prefix` overrides the file's own.

    Raises:
        Invalid: a role's pattern matches nothing.
    """
    spelled = prefix if prefix is not None else str(data.get("prefix", ""))
    scopes = tuple(_scopes(data.get("resources", {}), data.get("descriptions", {}), name, spelled))
    roles = tuple(_roles(data.get("roles", {}), scopes, name, spelled))
    return Catalogue(
        name=name,
        title=str(data.get("title", name)),
        prefix=f"{spelled}:" if spelled else "",
        scopes=scopes,
        roles=roles,
    )


def _scopes(
    resources: Mapping[str, list[str]], descriptions: Mapping[str, str], owner: str, prefix: str
) -> list[ScopeDefinition]:
    return [
        ScopeDefinition(
            name=f"{prefix}:{resource}:{action}",
            description=descriptions.get(f"{resource}:{action}", ""),
            owner=owner,
            resource=resource,
            action=action,
            opens=frozenset({f"{resource}:{action}"}),
        )
        for resource, actions in resources.items()
        for action in actions
    ]


def _roles(
    roles: Mapping[str, Mapping[str, Any]],
    scopes: tuple[ScopeDefinition, ...],
    owner: str,
    prefix: str,
) -> list[RoleDefinition]:
    return [
        RoleDefinition(
            name=f"{prefix}:{name}",
            description=str(role.get("description", "")),
            owner=owner,
            scopes=_matched(role["scopes"], scopes, name),
            every_guarded=bool(role.get("every_guarded", False)),
        )
        for name, role in roles.items()
    ]


def _matched(patterns: list[str], scopes: tuple[ScopeDefinition, ...], role: str) -> Scopes:
    """The scopes whose operation a pattern matches; `!pattern` takes away again."""
    chosen: set[str] = set()
    for pattern in patterns:
        wanted = pattern.removeprefix("!")
        matching = {s.name for s in scopes if any(fnmatchcase(o, wanted) for o in s.opens)}
        if not matching:
            raise Invalid(
                f"The role {role} names {pattern}, which matches no scope.", field="roles"
            )
        chosen = chosen - matching if pattern.startswith("!") else chosen | matching
    return frozenset(chosen)
