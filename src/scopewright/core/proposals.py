"""A change of a workspace's own words before it is made: what they would be, and whether they may.

Whoever changes roles, scopes or mappings proposes it, checks it against the words as they are, asks
`delegation` about what it gives, and then writes it down. A preview does all but the last two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from scopewright.core.application_parts import check_parts
from scopewright.core.catalogue import RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.errors import Conflict, Forbidden, Invalid, NotFound
from scopewright.core.holdings import held
from scopewright.core.names import check_description
from scopewright.core.roles import RoleGraph
from scopewright.core.scopes import NONE, Scopes

Definition = TypeVar("Definition", RoleDefinition, ScopeDefinition)


@dataclass(frozen=True, slots=True)
class RoleContents:
    """What is said of a role; None leaves it as it is. Includes may be spelled in any way."""

    description: str | None = None
    scopes: Sequence[str] | None = None
    includes: Sequence[str] | None = None

    def put_into(self, role: RoleDefinition, words: Vocabulary) -> RoleDefinition:
        """The role with these contents, which are not checked yet.

        Raises:
            Invalid: the description is too long.
        """
        if self.description is not None:
            role = replace(role, description=check_description(self.description))
        if self.scopes is not None:
            role = replace(role, scopes=frozenset(self.scopes))
        if self.includes is not None:
            spelled = (words.aliases.get(name, name) for name in self.includes)
            role = replace(role, includes=frozenset(spelled))
        return role


@dataclass(frozen=True, slots=True)
class ScopeContents:
    """What is said of a scope; None leaves it as it is."""

    description: str | None = None
    implies: Sequence[str] | None = None

    def put_into(self, scope: ScopeDefinition) -> ScopeDefinition:
        """The scope with these contents, which are not checked yet.

        Raises:
            Invalid: the description is too long.
        """
        if self.description is not None:
            scope = replace(scope, description=check_description(self.description))
        if self.implies is not None:
            scope = replace(scope, implies=frozenset(self.implies))
        return scope


def own_role(words: Vocabulary, name: str) -> RoleDefinition:
    """A role that is not a catalogue's: the workspace's own, or one of its applications'.

    Raises:
        NotFound: there is no such role.
        Forbidden: a catalogue defines it.
    """
    role = words.role(name)
    if role is None:
        raise NotFound("There is no such role.")
    if role.owner is not None:
        raise Forbidden(f"The catalogue {role.owner} defines this role; it is read-only.")
    return role


def own_scope(words: Vocabulary, name: str) -> ScopeDefinition:
    """A scope that is not a catalogue's: the workspace's own, or one of its applications'.

    Raises:
        NotFound: there is no such scope.
        Forbidden: a catalogue defines it.
    """
    scope = words.by_name.get(name)
    if scope is None:
        raise NotFound("There is no such scope.")
    if scope.owner is not None:
        raise Forbidden(f"The catalogue {scope.owner} defines this scope; it is read-only.")
    return scope


def refuse_of_application(definition: RoleDefinition | ScopeDefinition) -> None:
    """Keep what an application owns to those who may change the application.

    Raises:
        Conflict: an application owns it.
    """
    if definition.application is not None:
        raise Conflict(
            f"This belongs to the application {definition.application}, and is changed there.",
            conflict=definition.application,
        )


def check_unresolved(words: Vocabulary, include: str) -> None:
    """Let a role stand for this include: some role has it, and no role is called so.

    Raises:
        Conflict: there is such a role.
        NotFound: no role includes it.
    """
    if words.role(include) is not None:
        raise Conflict("There is a role of this name: nothing is missing.", conflict=include)
    if include not in Proposal(mappings={include: None}).on(words).graph.missing:
        raise NotFound("No role includes this name.")


@dataclass(frozen=True, slots=True)
class Limits:
    """How many roles of its own a workspace may have, and how deep roles may stand in one another.

    What is beyond a limit already, may stay so.
    """

    roles: int
    depth: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """What some words are to be: new definitions by name, None for what is to go.

    `mappings` are the roles that are to stand for includes.
    """

    roles: Mapping[str, RoleDefinition | None] = field(default_factory=dict)
    scopes: Mapping[str, ScopeDefinition | None] = field(default_factory=dict)
    mappings: Mapping[str, str | None] = field(default_factory=dict)

    def on(self, words: Vocabulary) -> Vocabulary:
        """The words as they would be."""
        mapped = {**words.mappings, **self.mappings}
        return replace(
            words,
            roles=_replaced(words.roles, self.roles),
            scopes=_replaced(words.scopes, self.scopes),
            mappings={include: role for include, role in mapped.items() if role is not None},
        )

    def given(self, before: Vocabulary, after: Vocabulary) -> Scopes:
        """All that anybody could hold by this who could not before: the closure of what is new.

        Nobody's holdings grow by more than this, whatever they are granted or assigned.
        """
        roles: set[str] = set()
        scopes: set[str] = set()
        for name, role in self.roles.items():
            if role is not None:
                known = before.every_role.get(name, RoleDefinition(name))
                roles |= role.includes - known.includes
                scopes |= role.scopes - known.scopes
        for name, scope in self.scopes.items():
            if scope is not None:
                defined = before.by_name.get(name)
                scopes |= {name} if defined is None else scope.implies - defined.implies
        for include, mapped in self.mappings.items():
            if mapped is not None and mapped != before.mappings.get(include):
                roles.add(mapped)
        return held(after, scopes, roles)


def _replaced(
    present: Iterable[Definition], proposed: Mapping[str, Definition | None]
) -> tuple[Definition, ...]:
    kept = {one.name: one for one in present if one.name not in proposed}
    kept |= {name: one for name, one in proposed.items() if one is not None}
    return tuple(kept[name] for name in sorted(kept))


def check(before: Vocabulary, proposal: Proposal) -> Vocabulary:
    """The words as they would be, if they may: `check_limits` and `delegation` are asked apart.

    Raises:
        Invalid: something names a role or scope that does not exist, or what is not its own.
        Conflict: something would contain itself, with the way in which; or a registered application
            would be left without a way in.
    """
    after = proposal.on(before)
    for name, role in proposal.roles.items():
        if role is not None:
            known = before.every_role.get(name, RoleDefinition(name))
            _check_known(role.scopes - known.scopes, after.by_name, "scope", field="scopes")
            _check_known(role.includes - known.includes, after.every_role, "role", field="includes")
            _refuse_circle(after.graph, name)
    for name, scope in proposal.scopes.items():
        if scope is not None:
            implied = before.by_name[name].implies if name in before.by_name else NONE
            _check_known(scope.implies - implied, after.by_name, "scope", field="implies")
            _refuse_circle(after.implications, name)
    for include, mapped in proposal.mappings.items():
        if mapped is not None:
            _check_known({mapped}, after.every_role, "role", field="role")
            _refuse_circle(after.graph, include)
    check_parts(before, after)
    return after


def _check_known(
    names: Iterable[str], there: Mapping[str, object], noun: str, *, field: str
) -> None:
    unknown = sorted(name for name in names if name not in there)
    if unknown:
        raise Invalid(f"There is no {noun} {unknown[0]} here.", field=field)


def _refuse_circle(graph: RoleGraph, name: str) -> None:
    circle = graph.circle(name)
    if circle:
        raise Conflict(f"It would contain itself: {' → '.join(circle)}.", conflict=list(circle))


def check_limits(before: Vocabulary, after: Vocabulary, limits: Limits) -> None:
    """Let the words become these.

    Raises:
        Conflict: a limit would be passed; with the figure.
    """
    if len(after.roles) > limits.roles and len(after.roles) > len(before.roles):
        raise Conflict(
            f"A workspace has at most {limits.roles} roles of its own.",
            conflict="limits.roles",
            limit=limits.roles,
        )
    if after.graph.depth > limits.depth and after.graph.depth > before.graph.depth:
        raise Conflict(
            f"Roles stand in one another at most {limits.depth} deep; this would make it"
            f" {after.graph.depth}.",
            conflict="limits.role_depth",
            limit=limits.depth,
        )
