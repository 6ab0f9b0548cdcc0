"""Deleting roles and scopes: what goes with them, and what is kept of it to bring all back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from scopewright.core.catalogue import RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.errors import Conflict
from scopewright.core.proposals import Proposal
from scopewright.core.tag_definitions import GivenTagGrant

MOST_NAMED = 20  # of those whom a deletion affects; all are counted


@dataclass(frozen=True, slots=True)
class Taken:
    """What went with a deleted role or scope: how many had it, and what named it and is there.

    Who had it is kept beside this, as they may be very many. `tag_grants` are access tags that gave
    it. `roles` included the role or listed the scope, `scopes` implied the scope, and for
    `includes` the role stood.
    """

    assignments: int = 0
    grants: int = 0
    tag_grants: tuple[GivenTagGrant, ...] = ()
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    includes: frozenset[str] = frozenset()


NOTHING = Taken()


def deletion(
    words: Vocabulary, *, roles: Iterable[str] = (), scopes: Iterable[str] = ()
) -> Proposal:
    """Delete some roles and scopes of the workspace's own, from whatever names them too."""
    gone_roles, gone_scopes = frozenset(roles), frozenset(scopes)
    left_of_roles: dict[str, RoleDefinition | None] = dict.fromkeys(gone_roles)
    for role in words.roles:
        listed, included = role.scopes - gone_scopes, role.includes - gone_roles
        if role.name not in gone_roles and (listed, included) != (role.scopes, role.includes):
            left_of_roles[role.name] = replace(role, scopes=listed, includes=included)
    left_of_scopes: dict[str, ScopeDefinition | None] = dict.fromkeys(gone_scopes)
    for scope in words.scopes:
        if scope.name not in gone_scopes and scope.implies & gone_scopes:
            left_of_scopes[scope.name] = replace(scope, implies=scope.implies - gone_scopes)
    unmapped = [include for include, role in words.mappings.items() if role in gone_roles]
    return Proposal(left_of_roles, left_of_scopes, dict.fromkeys(unmapped))


def taken_with_role(words: Vocabulary, deleting: Proposal, name: str) -> Taken:
    """What named one of the roles of a deletion and stays."""
    left = [words.every_role[one.name] for one in deleting.roles.values() if one is not None]
    return Taken(
        roles=frozenset(role.name for role in left if name in role.includes),
        includes=frozenset(i for i in deleting.mappings if words.mappings[i] == name),
    )


def taken_with_scope(words: Vocabulary, deleting: Proposal, name: str) -> Taken:
    """What named one of the scopes of a deletion and stays."""
    roles = [words.every_role[one.name] for one in deleting.roles.values() if one is not None]
    scopes = [words.by_name[one.name] for one in deleting.scopes.values() if one is not None]
    return Taken(
        roles=frozenset(role.name for role in roles if name in role.scopes),
        scopes=frozenset(scope.name for scope in scopes if name in scope.implies),
    )


@dataclass(frozen=True, slots=True)
class Affected:
    """Whom and what a deletion affects: in words, not all of them, and how many of each noun.

    `needs_force` where something names what is to go, or somebody has a role that is to go. Grants
    alone go with their scope.
    """

    named: Sequence[str]
    counts: Mapping[str, int]
    needs_force: bool

    def refuse(self, *, force: bool) -> None:
        """Let the deletion go on only where nothing stands against it, or it is insisted on.

        Raises:
            Conflict: with whom and what it affects.
        """
        if self.needs_force and not force:
            self._refuse("Say force=true to delete it all the same; then nobody has it.")

    def refuse_any(self) -> None:
        """Let it go on only where it affects nobody and nothing.

        Raises:
            Conflict: with whom and what it affects.
        """
        if self.counts:
            self._refuse("Delete it instead.")

    def _refuse(self, advice: str) -> NoReturn:
        rest = sum(self.counts.values()) - len(self.named)
        told = ", ".join(self.named) + (f" and {rest} more" if rest else "")
        raise Conflict(
            f"Still in use by {told}. {advice}",
            conflict=list(self.named),
            counts=dict(self.counts),
        )


def kept_that_named(deleting: Proposal) -> list[tuple[str, str]]:
    """What named something of a deletion and stays, each with its noun."""
    return [
        *(("role", name) for name, left in deleting.roles.items() if left is not None),
        *(("scope", name) for name, left in deleting.scopes.items() if left is not None),
        *(("mapping", include) for include in deleting.mappings),
    ]
