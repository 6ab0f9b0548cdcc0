"""Scope and role definitions, and the vocabulary of a workspace that they make up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from scopewright.core.applications import Application, ApplicationNames
from scopewright.core.errors import Conflict
from scopewright.core.roles import Bundle, RoleGraph
from scopewright.core.scopes import NONE, Scopes

READING = frozenset({"read"})
OPERATING = READING | {"create", "update", "activate"}


@dataclass(frozen=True, slots=True)
class ScopeDefinition:
    """One permission. `opens` names the platform's own operations that it opens (catalogues only).

    `owner` is the catalogue's name, or None for the workspace itself; `application` is the name of
    the application that it belongs to.
    """

    name: str
    description: str = ""
    owner: str | None = None
    application: str | None = None
    resource: str | None = None
    action: str | None = None
    implies: Scopes = NONE
    opens: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """A named bundle. `every_guarded` adds all guarded scopes of the workspace's catalogues.

    `owner`, `application` and `resource` as of a scope. `requires` names roles without which this
    one is of little use: who holds it alone is told so, and gets what it says and no more.
    """

    name: str
    description: str = ""
    owner: str | None = None
    application: str | None = None
    resource: str | None = None
    scopes: Scopes = NONE
    includes: frozenset[str] = frozenset()
    requires: frozenset[str] = frozenset()
    every_guarded: bool = False


@dataclass(frozen=True, slots=True)
class ResourceDefinition:
    """What a catalogue's scopes and roles are about: a service, for instance."""

    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A file of definitions, read-only to workspaces. `prefix` ends with its separator.

    `aliases` are other spellings of its roles. `applications` says how the names of a workspace's
    applications are spelled where this catalogue is enabled.
    """

    name: str
    title: str
    prefix: str = ""
    resources: tuple[ResourceDefinition, ...] = ()
    scopes: tuple[ScopeDefinition, ...] = ()
    roles: tuple[RoleDefinition, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    reserved_slugs: frozenset[str] = frozenset()
    applications: ApplicationNames | None = None

    def owns(self, name: str) -> bool:
        """Whether the name, in whatever letter case, is this catalogue's to define."""
        folded = name.casefold()
        if self.prefix and folded.startswith(self.prefix.casefold()):
            return True
        first, dot, _ = folded.partition(".")
        return folded in self._folded_names() or (bool(dot) and first in self._first_segments())

    def _folded_names(self) -> set[str]:
        names = [scope.name for scope in self.scopes] + [role.name for role in self.roles]
        return {name.casefold() for name in (*names, *self.aliases)}

    def _first_segments(self) -> set[str]:
        parts = (definition.name.casefold().partition(".") for definition in self.scopes)
        return {first for first, dot, _ in parts if dot}


@dataclass(frozen=True, slots=True)
class Preset:
    """A convenience that ticks boxes; never stored."""

    id: str
    label: str
    scopes: Scopes


@dataclass(frozen=True)
class Vocabulary:
    """All scopes and roles that a workspace knows: its catalogues' and its own, immutable.

    `mappings` say which role stands for an include that no catalogue resolves.
    """

    catalogues: tuple[Catalogue, ...] = ()
    scopes: tuple[ScopeDefinition, ...] = ()
    roles: tuple[RoleDefinition, ...] = ()
    applications: tuple[Application, ...] = ()
    mappings: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def by_name(self) -> Mapping[str, ScopeDefinition]:
        """Every scope definition by its name."""
        catalogued = (scope for catalogue in self.catalogues for scope in catalogue.scopes)
        return {scope.name: scope for scope in (*catalogued, *self.scopes)}

    @cached_property
    def guarded(self) -> Scopes:
        """The scopes that open operations of the platform itself."""
        return frozenset(name for name, scope in self.by_name.items() if scope.opens)

    @cached_property
    def every_role(self) -> Mapping[str, RoleDefinition]:
        """Every role definition by its name, with `every_guarded` spelled out."""
        catalogued = (role for catalogue in self.catalogues for role in catalogue.roles)
        return {role.name: self._spelled_out(role) for role in (*catalogued, *self.roles)}

    @cached_property
    def graph(self) -> RoleGraph:
        """The role graph over all roles, by whatever spelling they are included."""
        return RoleGraph(
            {name: Bundle(role.scopes, role.includes) for name, role in self.every_role.items()},
            aliases={**self.aliases, **self.mappings},
        )

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Other spellings of catalogues' roles."""
        return {
            alias: role
            for catalogue in self.catalogues
            for alias, role in catalogue.aliases.items()
        }

    @cached_property
    def application_names(self) -> ApplicationNames:
        """How the names of applications are spelled here: the enabled catalogue's way."""
        spelled = (catalogue.applications for catalogue in self.catalogues)
        return next((names for names in spelled if names is not None), ApplicationNames())

    @cached_property
    def application_by_name(self) -> Mapping[str, Application]:
        """Every application by its name."""
        return {application.name: application for application in self.applications}

    def role(self, name: str) -> RoleDefinition | None:
        """The role of this name, or of which this is another spelling."""
        return self.every_role.get(self.aliases.get(name, name))

    @cached_property
    def _openers(self) -> Mapping[str, str]:
        return {
            operation: name
            for name, scope in reversed(list(self.by_name.items()))
            for operation in scope.opens
        }

    def close(self, scopes: Scopes) -> Scopes:
        """These scopes and all they imply, as far as they exist here."""
        reached: set[str] = set()
        waiting = list(scopes)
        while waiting:
            definition = self.by_name.get(waiting.pop())
            if definition is not None and definition.name not in reached:
                reached.add(definition.name)
                waiting.extend(definition.implies)
        return frozenset(reached)

    def operations(self, held: Scopes) -> frozenset[str]:
        """The operations that these scopes open."""
        return frozenset().union(*(self.by_name[s].opens for s in held if s in self.by_name))

    def opener(self, operation: str) -> str | None:
        """The scope that opens an operation; the first catalogue's where several do."""
        return self._openers.get(operation)

    def check_free(self, name: str) -> None:
        """Let the workspace define this name, or say who owns it.

        Raises:
            Conflict: a catalogue or application owns the name or its prefix, or the workspace has
                it already.
        """
        for catalogue in self.catalogues:
            if catalogue.owns(name):
                raise Conflict(
                    f"The name belongs to the catalogue {catalogue.name}.", conflict=catalogue.name
                )
        owner = self._application_owning(name)
        if owner is not None:
            raise Conflict(f"The name belongs to {owner}.", conflict=owner)
        if name in self.by_name or name in self.every_role:
            raise Conflict("The name is taken.", conflict=name)

    def _application_owning(self, name: str) -> str | None:
        folded = name.casefold()
        if self.application_names.may_be_role(folded):
            return "the roles of applications"
        first, dot, _ = folded.partition(".")
        return f"the application {first}" if dot and first in self.application_by_name else None

    def _spelled_out(self, role: RoleDefinition) -> RoleDefinition:
        if not role.every_guarded:
            return role
        return replace(role, scopes=role.scopes | self.guarded, every_guarded=False)


def presets(scopes: Iterable[ScopeDefinition]) -> tuple[Preset, ...]:
    """Read-only, Operator and Full access as functions of the action word, each within the next."""
    definitions = [scope for scope in scopes if scope.action is not None]

    def chosen(actions: frozenset[str] | None) -> Scopes:
        return frozenset(d.name for d in definitions if actions is None or d.action in actions)

    return (
        Preset("read-only", "Read-only", chosen(READING)),
        Preset("operator", "Operator", chosen(OPERATING)),
        Preset("full-access", "Full access", chosen(None)),
    )
