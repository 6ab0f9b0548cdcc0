"""`[[resource]]`, `[[scope]]` and `[[role]]`: what a catalogue file names in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from scopewright.catalogues.table import Table
from scopewright.core import names
from scopewright.core.catalogue import ResourceDefinition, RoleDefinition, ScopeDefinition
from scopewright.core.roles import Bundle, RoleGraph
from scopewright.core.scopes import Scopes

EVERY_SCOPE = "*"


def resources(file: Table) -> Iterator[ResourceDefinition]:
    """What scopes and roles of this file are about."""
    for table in file.tables("resource"):
        yield ResourceDefinition(table.checked("name", names.check_title), table.description())
        table.end()


def scopes(file: Table, owner: str, operations: frozenset[str]) -> Iterator[ScopeDefinition]:
    """The scopes, one for each time that the file defines one.

    Raises:
        Invalid: a scope opens something that is none of these operations; or is made of others and
            says of itself what they say.
    """
    for table in file.tables("scope"):
        scope = ScopeDefinition(
            name=table.named(),
            description=table.description(),
            owner=owner,
            resource=_resource(table),
            implies=table.names("implies"),
            opens=_opens(table, operations),
            made_of=table.names("made_of"),
        )
        if scope.made_of and (scope.opens or scope.implies):
            raise table.refusal("it is made of others, so it opens and implies what they do.")
        yield scope
        table.end()


def opening_as_parts(scopes: Iterable[ScopeDefinition]) -> list[ScopeDefinition]:
    """The scopes, each whole opening all that its parts open."""
    every = list(scopes)
    graph = RoleGraph({one.name: Bundle(one.opens, one.made_of) for one in reversed(every)})
    return [replace(s, opens=graph.expand([s.name]).scopes) if s.made_of else s for s in every]


def roles(file: Table, owner: str, every: Scopes) -> Iterator[RoleDefinition]:
    """The roles; `every` are the scopes for which `*` stands."""
    for table in file.tables("role"):
        yield RoleDefinition(
            name=table.named(),
            description=table.description(),
            owner=owner,
            resource=_resource(table),
            scopes=_scopes(table, every),
            includes=table.names("includes"),
            requires=table.names("requires"),
            without=table.names("without"),
        )
        table.end()


def about(
    scopes: Iterable[ScopeDefinition], roles: Iterable[RoleDefinition]
) -> list[ScopeDefinition]:
    """The scopes, each about what it says, or else what the first role that lists it is about."""
    resources: dict[str, str] = {}
    for role in roles:
        if role.resource is not None:
            for name in role.scopes:
                resources.setdefault(name, role.resource)
    return [replace(s, resource=s.resource or resources.get(s.name)) for s in scopes]


def _resource(table: Table) -> str | None:
    return table.checked("resource", names.check_title, "") or None


def _scopes(table: Table, every: Scopes) -> Scopes:
    if table.says("scopes", EVERY_SCOPE):
        return every
    return table.names("scopes")


def _opens(table: Table, operations: frozenset[str]) -> frozenset[str]:
    opens = frozenset(table.texts("opens"))
    for unknown in sorted(opens - operations):
        raise table.refusal(f"opens {unknown}, and there is no such operation.")
    return opens
