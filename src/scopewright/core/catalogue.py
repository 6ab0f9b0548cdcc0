"""Scope and role definitions, and the vocabulary of a workspace that they make up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from scopewright.core.applications import Application, ApplicationNames
from scopewright.core.errors import Conflict
from scopewright.core.roles import Bundle, RoleGraph
from scopewright.core.scopes import NONE, Scopes
from scopewright.core.wholes import Wholes


@dataclass(frozen=True, slots=True)
class ScopeDefinition:
    """One permission. `opens` names the platform's own operations that it opens (catalogues only).

    `owner` is the catalogue's name, or None for the workspace itself; `application` is the name of
    the application that it belongs to. `made_of`: it is all of these together (catalogues only).
    """

    name: str
    description: str = ""
    owner: str | None = None
    application: str | None = None
    resource: str | None = None
    action: str | None = None
    implies: Scopes = NONE
    opens: frozenset[str] = frozenset()
    made_of: Scopes = NONE


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """A named bundle. `every_guarded` adds all guarded scopes of the workspace's catalogues.

    `owner`, `application` and `resource` as of a scope. `requires` names roles without which this
    one is of little use: who holds it alone is told so, and gets what it says and no more.
    `without` are scopes that it leaves out on purpose.
    """

    name: str
    description: str = ""
    owner: str | None = None
    application: str | None = None
    resource: str | None = None
    scopes: Scopes = NONE
    includes: frozenset[str] = frozenset()
    requires: frozenset[str] = frozenset()
    without: Scopes = NONE
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
    applications are spelled where this catalogue is enabled. `redefined` are definitions that say
    something else of a scope that is defined already; they count for nothing. `default_role` is
    what people are assigned when they come in, `administrator_role` whom the settings name.
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
    redefined: tuple[ScopeDefinition, ...] = ()
    default_role: str | None = None
    administrator_role: str | None = None

    def owns(self, name: str) -> bool:
        """Whether the name, in whatever letter case, is this catalogue's to define."""
        folded = name.casefold()
        if self.prefix and folded.startswith(self.prefix.casefold()):
            return True
        first, dot, _ = folded.partition(".")
        return folded in self.folded_names() or (bool(dot) and first in self._first_segments())

    def folded_names(self) -> set[str]:
        """All names that it defines, in lower case."""
        names = [scope.name for scope in self.scopes] + [role.name for role in self.roles]
        return {name.casefold() for name in (*names, *self.aliases)}

    def _first_segments(self) -> set[str]:
        parts = (definition.name.casefold().partition(".") for definition in self.scopes)
        return {first for first, dot, _ in parts if dot}


@dataclass(frozen=True)
class Vocabulary:
    """All scopes and roles that a workspace knows: its catalogues' and its own, immutable.

    `mappings` say which role stands for an include that no catalogue resolves; `tenant` is what
    the workspace is called in the names of applications' roles.
    """

    catalogues: tuple[Catalogue, ...] = ()
    scopes: tuple[ScopeDefinition, ...] = ()
    roles: tuple[RoleDefinition, ...] = ()
    applications: tuple[Application, ...] = ()
    mappings: Mapping[str, str] = field(default_factory=dict)
    tenant: str = ""

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
    def wholes(self) -> Wholes:
        """The scopes that are made of others."""
        return Wholes({name: one.made_of for name, one in self.by_name.items() if one.made_of})

    @property
    def default_roles(self) -> frozenset[str]:
        """What people are assigned when they come in."""
        said = {catalogue.default_role for catalogue in self.catalogues}
        return frozenset(self.every_role.keys() & said)

    @property
    def administrator_role(self) -> str | None:
        """What the settings give whom they name, by the first catalogue that says it."""
        said = (catalogue.administrator_role for catalogue in self.catalogues)
        return next((role for role in said if role is not None), None)

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

    @cached_property
    def audiences(self) -> Mapping[str, Scopes]:
        """The applications that are resources (RFC 8707), each with all that it is about.

        That are its own scopes, and what its roles come to.
        """
        own, roles = defaultdict[str | None, set[str]](set), defaultdict[str | None, set[str]](set)
        for scope in self.scopes:
            own[scope.application].add(scope.name)
        for role in self.roles:
            roles[role.application].add(role.name)
        return {
            one.resource: self.close(self.graph.expand(roles[one.name]).scopes | own[one.name])
            for one in self.applications
            if one.resource is not None
        }

    @cached_property
    def implications(self) -> RoleGraph:
        """Scopes as a graph: each includes what it implies."""
        return RoleGraph(
            {name: Bundle(includes=scope.implies) for name, scope in self.by_name.items()}
        )

    @cached_property
    def _names_by_folded(self) -> Mapping[str, str]:
        names = (*self.by_name, *self.every_role, *self.aliases, *self.mappings)
        return {name.casefold(): name for name in names}

    def role(self, name: str) -> RoleDefinition | None:
        """The role of this name, or of which this is another spelling."""
        return self.every_role.get(self.aliases.get(name, name))

    def scopes_of(self, roles: Iterable[str]) -> Scopes:
        """All that these roles come to, with what it implies."""
        return self.close(self.graph.expand(roles).scopes)

    def roles_with(self, scope: str) -> frozenset[str]:
        """Every role that comes to this scope: what lists it, and so on upwards."""
        if self.wholes.parts:  # a role may come to all parts by different ways: none leads up
            return frozenset(role for role, held in self._scopes_of_each.items() if scope in held)
        reached: set[str] = set()
        waiting = [scope]
        while waiting:
            above = self._listed_by.get(waiting.pop(), set()) - reached
            reached |= above
            waiting.extend(above)
        return frozenset(reached & self.every_role.keys())

    @cached_property
    def _scopes_of_each(self) -> Mapping[str, Scopes]:
        return {role: self.scopes_of([role]) for role in self.every_role}

    @cached_property
    def resources(self) -> Mapping[str, tuple[str, ...]]:
        """By scope what it is about: what it says itself, and what the roles that list it say."""
        found = defaultdict[str, dict[str, None]](dict)
        for scope in self.by_name.values():
            if scope.resource is not None:
                found[scope.name][scope.resource] = None
        for role in self.every_role.values():
            if role.resource is not None:
                for name in role.scopes:
                    found[name][role.resource] = None
        return {name: tuple(resources) for name, resources in found.items()}

    @cached_property
    def _listed_by(self) -> Mapping[str, set[str]]:
        """By scope or role, what says it itself: a role, another spelling, a scope implying it."""
        found = defaultdict[str, set[str]](set)
        for name in (*self.every_role, *self.aliases, *self.mappings):
            bundle = self.graph.bundle(name)
            for listed in bundle.scopes | bundle.includes:
                found[listed].add(name)
        for scope in self.by_name.values():
            for implied in scope.implies:
                found[implied].add(scope.name)
        return found

    @cached_property
    def _openers(self) -> Mapping[str, str]:
        return {
            operation: name
            for name, scope in reversed(list(self.by_name.items()))
            for operation in scope.opens
        }

    def close(self, scopes: Scopes) -> Scopes:
        """These scopes, all they imply and all that is the same, as far as they exist here."""
        brought_by = self.wholes.brought_by
        reached: set[str] = set()
        waiting = list(scopes)
        while waiting:
            definition = self.by_name.get(waiting.pop())
            if definition is not None and definition.name not in reached:
                reached.add(definition.name)
                waiting.extend(definition.implies)
                waiting.extend(brought_by(definition.name, reached))
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
        self.check_new(name)

    def check_new(self, name: str) -> None:
        """Let something be called so that nothing is called yet.

        Raises:
            Conflict: the name is taken, or differs from one that is by letter case only.
        """
        if name in self.by_name or name in self.every_role or name in self.mappings:
            raise Conflict("The name is taken.", conflict=name)
        alike = self._names_by_folded.get(name.casefold())
        if alike is not None:
            raise Conflict(f"It differs from {alike} by letter case only.", conflict=alike)

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
