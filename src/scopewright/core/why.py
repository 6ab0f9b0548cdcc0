"""Why a principal holds what it holds: what was given, by whom and when, and how it comes to that.

`explanation.py` finds the paths; here they meet the grants and assignments that they begin with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Literal

from scopewright.core import explanation
from scopewright.core.catalogue import Vocabulary
from scopewright.core.explanation import Holder, Kind, Path, Paths, Place
from scopewright.core.groups import Relation
from scopewright.core.holdings import Given
from scopewright.core.model import Assignment
from scopewright.core.roles import Bundle, RoleGraph
from scopewright.core.scopes import NONE, Scopes, spell
from scopewright.core.tokens import LARGE

BESIDE_SCOPES = 800  # bytes of a person's access token: its header, other claims and signature
_PAST = {"assignment": "assigned", "grant": "granted"}


@dataclass(frozen=True, slots=True)
class Reason:
    """One path by which a scope is held.

    `names` are what it comes from, from what lists it up to the role assigned or the scope granted.
    `groups` are those that it comes through, the one that the principal is in itself first.
    `giver` is None where the one of that id is gone.
    """

    scope: str
    names: tuple[str, ...]
    groups: tuple[str, ...]
    given: Literal["assignment", "grant"]
    by: str
    giver: str | None
    at: datetime

    @property
    def text(self) -> str:
        """For people: "asm.r, from core:asm.reporter, from site:viewer.user, assigned by …"."""
        through = f"through the group {' in the group '.join(self.groups)}"
        parts = [
            self.scope,
            *(f"from {name}" for name in self.names),
            *([through] if self.groups else []),
            f"{_PAST[self.given]} by {self.giver or self.by} on {self.at.date().isoformat()}",
        ]
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a scope is held, the shortest path first; `more` where others were left out."""

    shown: tuple[Reason, ...] = ()
    more: bool = False


NO_REASON = Reasons()


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role that a principal has; `group` is the one that was assigned it, None for itself."""

    assignment: Assignment
    group: str | None

    @property
    def relation(self) -> Relation:
        """Whether the principal was assigned it itself."""
        return Relation.of(is_direct=self.group is None)


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """A group that a principal is in, by itself or through others."""

    id: str
    name: str
    relation: Relation


@dataclass(frozen=True, slots=True)
class Ledger:
    """What is given to some principals, and the words and names to tell it in."""

    vocabulary: Vocabulary
    given: Given
    names: Mapping[str, str]

    def reasons(self, principal_id: str) -> dict[str, Reasons]:
        """Why a principal holds each scope that it holds, by the scope's name."""
        ids = self.given.holders(principal_id)
        holders = {id: self._holder(id) for id in ids}
        paths = explanation.of_principal(self.vocabulary, principal_id, holders)
        return {scope: self._reasons(found) for scope, found in paths.items()}

    def reasons_for(self, scope: str) -> dict[str, Reasons]:
        """Why a scope is held by whoever of all these holds it, by their ids."""
        holders = {id: self._holder(id) for id in self.given.grants}
        paths = explanation.of_scope(self.vocabulary, scope, holders)
        return {id: self._reasons(found) for id, found in paths.items()}

    def groups(self, principal_id: str) -> tuple[HeldGroup, ...]:
        """The groups that a principal is in."""
        own = self.given.graph.bundle(principal_id).includes
        return tuple(
            HeldGroup(id, self.names[id], Relation.of(is_direct=id in own))
            for id in self.given.holders(principal_id)[1:]
        )

    def roles(self, principal_id: str) -> tuple[HeldRole, ...]:
        """The roles that a principal is assigned, its own before its groups'."""
        return tuple(
            HeldRole(one, None if one.principal_id == principal_id else one.principal_id)
            for one in self.given.assigned(principal_id)
        )

    def missing(self, principal_id: str) -> frozenset[str]:
        """The roles that are to count for a principal, and are not there."""
        assigned = [one.role for one in self.given.assigned(principal_id)]
        return self.vocabulary.graph.expand(assigned).missing

    def _holder(self, id: str) -> Holder:
        return Holder(
            granted=frozenset(grant.scope for grant in self.given.grants[id]),
            assigned=frozenset(one.role for one in self.given.assignments[id]),
            groups=self.given.graph.bundle(id).includes,
        )

    def _reasons(self, paths: Paths) -> Reasons:
        return Reasons(tuple(self._reason(path) for path in paths.shown), paths.more)

    def _reason(self, path: Path) -> Reason:
        given, by, at = self._gift(path)
        return Reason(
            scope=path.place.name,
            names=path.names,
            groups=tuple(self.names[id] for id in reversed(path.holders[:-1])),
            given=given,
            by=by,
            giver=self.names.get(by),
            at=at,
        )

    def _gift(self, path: Path) -> tuple[Literal["assignment", "grant"], str, datetime]:
        """What a path begins with: of which kind it is, who gave it, and when."""
        what, to = _given(path), path.holders[0]
        if what.kind is Kind.ROLE:
            assignment = next(a for a in self.given.assignments[to] if a.role == what.name)
            return "assignment", assignment.assigned_by, assignment.assigned_at
        grant = next(g for g in self.given.grants[to] if g.scope == what.name)
        return "grant", grant.granted_by, grant.granted_at


def _given(path: Path) -> Place:
    """What was given to the first of a path's holders."""
    return [place for place in path if place.kind is not Kind.HOLDER][-1]


@dataclass(frozen=True, slots=True)
class Givers:
    """Whatever gives a scope: the scopes that imply it, itself among them, and the roles."""

    scopes: Scopes
    roles: frozenset[str]


def givers(vocabulary: Vocabulary, scope: str) -> Givers:
    """Everything that comes to a scope, roles by each of their spellings.

    Who has only a part of a whole is among them, and comes to it with others alone.
    """
    graph, whole_of = vocabulary.graph, vocabulary.wholes.of_part
    below = {
        name: Bundle(includes=one.implies | one.made_of | whole_of.get(name, NONE))
        for name, one in vocabulary.by_name.items()
    }
    implying = RoleGraph(below).above([scope])
    listing = [name for name in graph.names if graph.bundle(name).scopes & implying]
    return Givers(implying, graph.above(listing))


def warnings(held: Scopes) -> tuple[str, ...]:
    """What somebody who holds this should be told."""
    size = BESIDE_SCOPES + ceil(len(spell(held)) * 4 / 3)  # the claims are base64
    if size <= LARGE:
        return ()
    beginning = f"An access token with all these scopes has about {size} bytes, and from {LARGE} on"
    remedy = "A client gets a smaller one by naming the resource that it is for."
    return (f"{beginning} some servers refuse it in a header. {remedy}",)
