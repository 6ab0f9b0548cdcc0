"""Vocabularies as data: reads a catalogue file into `core.catalogue.Catalogue`.

A file is TOML and says it in either of two ways, or in both. `[resources]` spells scopes as
`{prefix}:{resource}:{action}`, and `[roles]` bundles them by patterns (`spelled.py`).
`[[resource]]`, `[[scope]]` and `[[role]]` name everything in full (`named.py`). Wildcards exist
only in such files and are expanded when the file is read. What nobody knows is refused.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from scopewright.catalogues import named, spelled
from scopewright.catalogues.table import FIELD, Table
from scopewright.core import names
from scopewright.core.applications import ApplicationNames
from scopewright.core.catalogue import Catalogue, ScopeDefinition
from scopewright.core.errors import Invalid
from scopewright.core.member_roles import MemberRoles

INTERNAL = "internal"
PLAIN = "plain"
SHIPPED = (INTERNAL, PLAIN, "mindsphere", "tiled")
WORKSPACE = "workspace"  # what a workspace's own words are listed under

_PLACES = re.compile(r"{(?:tenant|application|role)}")


def read_shipped(*, internal_prefix: str, role_prefix: str = "mdsp") -> dict[str, Catalogue]:
    """The catalogues that ship with Scopewright, by name.

    `internal_prefix` is how this instance spells its own scopes and member roles, `role_prefix`
    how the names of applications' roles begin.
    """
    prefixes = dict.fromkeys(SHIPPED) | {INTERNAL: internal_prefix}
    return {name: _read_shipped(name, prefix, role_prefix) for name, prefix in prefixes.items()}


def member_roles(catalogues: Mapping[str, Catalogue]) -> MemberRoles:
    """The roles of members as this instance spells them."""
    return MemberRoles(catalogues[INTERNAL].prefix)


@cache
def _read_shipped(name: str, prefix: str | None, role_prefix: str) -> Catalogue:
    return read(shipped(name), name=name, prefix=prefix, role_prefix=role_prefix)


def read_files(paths: Iterable[str], *, role_prefix: str) -> dict[str, Catalogue]:
    """A site's own catalogues, each called as its file is.

    Raises:
        Invalid: as `read_file`; or two files are called the same.
    """
    found: dict[str, Catalogue] = {}
    for path in map(Path, paths):
        if path.stem in found:
            raise Invalid(f"{path}: there are two catalogues of this name.", field=FIELD)
        found[path.stem] = read_file(path, role_prefix=role_prefix)
    return found


def read_file(path: Path, *, role_prefix: str = "mdsp") -> Catalogue:
    """The catalogue of a file, called as it is.

    Raises:
        Invalid: it cannot be read, is no catalogue, or is called like one that there is already.
    """
    try:
        if path.stem in (*SHIPPED, WORKSPACE):
            raise Invalid(f"the name {path.stem} is taken; call the file otherwise.", field=FIELD)
        data = tomllib.loads(path.read_text("utf-8"))
        return read(data, name=names.check_name(path.stem), role_prefix=role_prefix)
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}", field=FIELD) from None
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{path} cannot be read: {error}", field=FIELD) from None
    except Invalid as error:
        raise Invalid(f"{path}: {error.detail}", field=FIELD) from None


@cache
def operations() -> frozenset[str]:
    """What the platform can do, `noun:verb` each: what scopes can open."""
    file = shipped(INTERNAL)
    named = (f"{noun}:{verb}" for noun, verbs in file["resources"].items() for verb in verbs)
    return frozenset(named).union(*file["also_opens"].values())


def shipped(name: str) -> dict[str, Any]:
    """The contents of a file that ships."""
    return tomllib.loads((files(__name__) / f"{name}.toml").read_text("utf-8"))


def read(
    data: Mapping[str, Any], *, name: str, prefix: str | None = None, role_prefix: str = "mdsp"
) -> Catalogue:
    """A catalogue from the contents of its file; `prefix` overrides the file's own.

    Raises:
        Invalid: something in it is unknown, of a wrong type, or outside the grammar of names.
    """
    file = Table(data)
    own = file.checked("prefix", names.check_name, "")
    spelled_prefix = f"{prefix or own}:" if prefix or own else ""
    resources = tuple(named.resources(file))
    by_action = tuple(
        spelled.scopes(file, name, spelled_prefix, operations(), opening=name == INTERNAL)
    )
    in_full = tuple(named.opening_as_parts(named.scopes(file, name, operations())))
    roles = (
        *spelled.roles(file, by_action, name, spelled_prefix),
        *named.roles(file, name, frozenset(scope.name for scope in in_full)),
    )
    scopes, redefined = _once_each((*by_action, *named.about(in_full, roles)))
    catalogue = Catalogue(
        name=name,
        title=file.checked("title", names.check_title, name),
        prefix=spelled_prefix,
        resources=resources,
        scopes=scopes,
        roles=roles,
        aliases=_aliases(file.table("aliases")),
        reserved_slugs=_reserved_slugs(file),
        applications=_application_names(file, role_prefix),
        redefined=redefined,
        default_role=file.checked("default_role", names.check_name, "") or None,
        administrator_role=file.checked("administrator_role", names.check_name, "") or None,
    )
    file.end()
    _check_names(catalogue)
    return catalogue


def _once_each(
    definitions: Iterable[ScopeDefinition],
) -> tuple[tuple[ScopeDefinition, ...], tuple[ScopeDefinition, ...]]:
    """Each scope as it stands first, and those that say something else of it further down."""
    first: dict[str, ScopeDefinition] = {}
    redefined = [one for one in definitions if first.setdefault(one.name, one) != one]
    return tuple(first.values()), tuple(redefined)


def _check_names(catalogue: Catalogue) -> None:
    """Raises `Invalid` where a name is taken: scopes, roles and aliases share one grammar."""
    defined = (*(s.name for s in catalogue.scopes), *(r.name for r in catalogue.roles))
    for name, times in Counter((*defined, *catalogue.aliases)).items():
        if times > 1:
            raise Invalid(f"{name} is defined {times} times.", field=FIELD)


def _aliases(table: Table) -> dict[str, str]:
    return {
        table.passing(names.check_name, alias, "alias"): table.checked(alias, names.check_name)
        for alias in table
    }


def _reserved_slugs(file: Table) -> frozenset[str]:
    slugs = file.texts("reserved_slugs")
    return frozenset(file.passing(names.check_slug, slug, "reserved_slugs") for slug in slugs)


def _application_names(file: Table, role_prefix: str) -> ApplicationNames | None:
    if "applications" not in file:
        return None
    table = file.table("applications")
    role = table.text("role").replace("{role_prefix}", role_prefix)
    if "{application}" not in role or role.find("{role}") != len(role) - len("{role}"):
        raise table.refusal("role is to have {application} in it, and {role} only at its end.")
    table.passing(names.check_name, _PLACES.sub("x", role), "role")
    spelling = ApplicationNames(role, tuple(dict.fromkeys(table.texts("roles"))))

    def full_name(short: str) -> str:
        return spelling.role_name(tenant="x", application="x", role=short)

    for short in spelling.roles:
        table.passing(full_name, short, "roles")
    table.end()
    return spelling
