"""Who would gain and lose what by a change of roles, scopes and mappings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from scopewright.core.catalogue import RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.holdings import Given
from scopewright.core.names import check_name
from scopewright.core.proposals import (
    Proposal,
    RoleContents,
    ScopeContents,
    check_unresolved,
    own_role,
    own_scope,
)
from scopewright.core.scopes import Scopes


@dataclass(frozen=True, slots=True)
class Edits:
    """What is to be said of some roles, scopes and includes, by name; None: it is to go."""

    roles: Mapping[str, RoleContents | None] = field(default_factory=dict)
    scopes: Mapping[str, ScopeContents | None] = field(default_factory=dict)
    mappings: Mapping[str, str | None] = field(default_factory=dict)


def proposed(words: Vocabulary, edits: Edits) -> Proposal:
    """What these edits come to. Names that are not there yet are new definitions.

    Raises:
        NotFound: what is to go is not there; nothing includes what a role is to stand for.
        Forbidden: a catalogue defines it.
        Invalid: a new name is outside the grammar.
        Conflict: a new name is owned or taken.
    """
    roles: dict[str, RoleDefinition | None] = {}
    for name, said in edits.roles.items():
        is_new = said is not None and words.role(name) is None
        role = _new_role(words, name) if is_new else own_role(words, name)
        roles[role.name] = None if said is None else said.put_into(role, words)
    scopes: dict[str, ScopeDefinition | None] = {}
    for name, meant in edits.scopes.items():
        is_new = meant is not None and name not in words.by_name
        scope = _new_scope(words, name) if is_new else own_scope(words, name)
        scopes[name] = None if meant is None else meant.put_into(scope)
    for include in edits.mappings:
        check_unresolved(words, include)
    aliases = words.aliases
    mappings = {
        include: None if role is None else aliases.get(role, role)
        for include, role in edits.mappings.items()
    }
    return Proposal(roles, scopes, mappings)


def _new_role(words: Vocabulary, name: str) -> RoleDefinition:
    words.check_free(check_name(name))
    return RoleDefinition(name)


def _new_scope(words: Vocabulary, name: str) -> ScopeDefinition:
    words.check_free(check_name(name))
    return ScopeDefinition(name)


@dataclass(frozen=True, slots=True)
class Reach:
    """The scopes and roles of which one must be given to somebody whom a change concerns."""

    scopes: Scopes
    roles: frozenset[str]


def reach(after: Vocabulary, proposal: Proposal) -> Reach:
    """All that comes to something else by this. Who has none of it gains and loses nothing.

    The words as they would be suffice: what has led to a change before, and does no more, is
    changed itself.
    """
    scopes = after.implications.above(proposal.scopes)
    listing = (name for name, role in after.every_role.items() if role.scopes & scopes)
    return Reach(scopes, after.graph.above((*proposal.roles, *proposal.mappings, *listing)))


@dataclass(frozen=True, slots=True)
class Difference:
    """What somebody would gain and lose."""

    gained: Scopes
    lost: Scopes


def differences(
    before: Vocabulary, after: Vocabulary, given: Given, principals: Iterable[str]
) -> dict[str, Difference]:
    """What each of these would gain and lose, by id; who does neither is left out."""
    found = {}
    for id in principals:
        had, would_have = given.held(before, id), given.held(after, id)
        if had != would_have:
            found[id] = Difference(gained=would_have - had, lost=had - would_have)
    return found
