"""Vocabularies as data: reads a catalogue file into `core.catalogue.Catalogue`.

A file is TOML and says it in either of two ways. `[resources]` spells scopes as
`{prefix}:{resource}:{action}`, each opening the operation `{resource}:{action}`, and `[roles]`
bundles them by patterns. `[[resource]]`, `[[scope]]` and `[[role]]` name everything in full.
Wildcards exist only in such files and are expanded when the file is read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Any

from scopewright.core.applications import ApplicationNames
from scopewright.core.catalogue import (
    Catalogue,
    ResourceDefinition,
    RoleDefinition,
    ScopeDefinition,
)
from scopewright.core.errors import Invalid
from scopewright.core.scopes import Scopes

INTERNAL = "internal"
PLAIN = "plain"
SHIPPED = (INTERNAL, PLAIN, "mindsphere")
EVERY_SCOPE = "*"


def read_shipped(*, internal_prefix: str, role_prefix: str = "mdsp") -> dict[str, Catalogue]:
    """The catalogues that ship with Scopewright, by name.

    `internal_prefix` is how this instance spells its own scopes and member roles, `role_prefix`
    how the names of applications' roles begin.
    """
    found = {}
    for name in SHIPPED:
        data = tomllib.loads((files(__name__) / f"{name}.toml").read_text("utf-8"))
        prefix = internal_prefix if name == INTERNAL else None
        found[name] = read(data, name=name, prefix=prefix, role_prefix=role_prefix)
    return found


def read_files(paths: Iterable[str], *, role_prefix: str) -> dict[str, Catalogue]:
    """A site's own catalogues, each called as its file is.

    Raises:
        Invalid: a file cannot be read, is no TOML, or is called like one that ships.
    """
    found = {}
    for path in map(Path, paths):
        if path.stem in SHIPPED or path.stem in found:
            raise Invalid(f"A catalogue called {path.stem} exists already.", field="catalogues")
        found[path.stem] = read(load(path), name=path.stem, role_prefix=role_prefix)
    return found


def load(path: Path) -> dict[str, Any]:
    """The contents of a catalogue file.

    Raises:
        Invalid: it cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(f"The catalogue {path} cannot be read: {error}", field="catalogues") from None


def read(
    data: Mapping[str, Any], *, name: str, prefix: str | None = None, role_prefix: str = "mdsp"
) -> Catalogue:
    """A catalogue from the contents of its file; `prefix` overrides the file's own.

    Raises:
        Invalid: a role's pattern matches nothing.
    """
    spelled = prefix if prefix is not None else str(data.get("prefix", ""))
    named = _named_scopes(data, name)
    scopes = (
        *_scopes(data.get("resources", {}), data.get("descriptions", {}), name, spelled),
        *named.values(),
    )
    return Catalogue(
        name=name,
        title=str(data.get("title", name)),
        prefix=f"{spelled}:" if spelled else "",
        resources=tuple(
            ResourceDefinition(one["name"], str(one.get("description", "")))
            for one in data.get("resource", ())
        ),
        scopes=scopes,
        roles=(*_roles(data.get("roles", {}), scopes, name, spelled), *_named_roles(data, name)),
        aliases=dict(data.get("aliases", {})),
        reserved_slugs=frozenset(data.get("reserved_slugs", ())),
        applications=_application_names(data.get("applications"), role_prefix),
    )


# --- everything named in full -------------------------------------------------------------------


def _named_scopes(data: Mapping[str, Any], owner: str) -> dict[str, ScopeDefinition]:
    """Scopes by name; one that stands twice is one scope, as it stood first."""
    resources = _resources_of_scopes(data)
    found: dict[str, ScopeDefinition] = {}
    for said in data.get("scope", ()):
        name = said["name"]
        scope = ScopeDefinition(
            name=name,
            description=str(said.get("description", "")),
            owner=owner,
            resource=said.get("resource", resources.get(name)),
            implies=frozenset(said.get("implies", ())),
            opens=frozenset(said.get("opens", ())),
        )
        found.setdefault(name, scope)
    return found


def _resources_of_scopes(data: Mapping[str, Any]) -> dict[str, str]:
    """A scope is about what the first role that lists it is about."""
    found: dict[str, str] = {}
    for role in data.get("role", ()):
        if "resource" in role and role.get("scopes") != EVERY_SCOPE:
            for scope in role.get("scopes", ()):
                found.setdefault(scope, role["resource"])
    return found


def _named_roles(data: Mapping[str, Any], owner: str) -> list[RoleDefinition]:
    every = frozenset(scope["name"] for scope in data.get("scope", ()))
    return [
        RoleDefinition(
            name=said["name"],
            description=str(said.get("description", "")),
            owner=owner,
            resource=said.get("resource"),
            scopes=every
            if said.get("scopes") == EVERY_SCOPE
            else frozenset(said.get("scopes", ())),
            includes=frozenset(said.get("includes", ())),
            requires=frozenset(said.get("requires", ())),
        )
        for said in data.get("role", ())
    ]


def _application_names(said: Mapping[str, Any] | None, role_prefix: str) -> ApplicationNames | None:
    if said is None:
        return None
    role = str(said["role"]).replace("{role_prefix}", role_prefix)
    return ApplicationNames(role, tuple(said["roles"]))


# --- resources and actions ----------------------------------------------------------------------


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
