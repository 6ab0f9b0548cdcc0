"""What a principal holds: its grants and roles, closed, within the words that exist now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from scopewright.core.catalogue import Vocabulary
from scopewright.core.errors import Conflict
from scopewright.core.groups import Membership, all_groups, membership_graph
from scopewright.core.model import Assignment, Client, ClientType, Grant, Principal, PrincipalKind
from scopewright.core.roles import RoleGraph
from scopewright.core.scopes import NONE, Scopes


def held(vocabulary: Vocabulary, granted: Iterable[str], assigned: Iterable[str]) -> Scopes:
    """All scopes of a principal with these grants and roles.

    A grant whose scope was deleted since gives nothing: only words of the vocabulary are held.
    """
    return vocabulary.close(frozenset(granted) | vocabulary.graph.expand(assigned).scopes)


@dataclass(frozen=True)
class Given:
    """All that is given to some principals, and to the groups that they are in; by their ids."""

    memberships: Sequence[Membership]
    grants: Mapping[str, Sequence[Grant]]
    assignments: Mapping[str, Sequence[Assignment]]

    @cached_property
    def graph(self) -> RoleGraph:
        """Who is in which group."""
        return membership_graph(self.memberships)

    def holders(self, principal_id: str) -> tuple[str, ...]:
        """The principal itself, then every group that it is in."""
        return (principal_id, *sorted(all_groups(self.graph, principal_id)))

    def granted(self, principal_id: str) -> list[Grant]:
        """Every grant that counts for a principal."""
        return [grant for id in self.holders(principal_id) for grant in self.grants[id]]

    def assigned(self, principal_id: str) -> list[Assignment]:
        """Every assignment that counts for a principal, its own before its groups'."""
        return [one for id in self.holders(principal_id) for one in self.assignments[id]]

    @property
    def mentioned(self) -> frozenset[str]:
        """The groups, and whoever has given something."""
        return frozenset(
            (
                *(membership.group_id for membership in self.memberships),
                *(grant.granted_by for of in self.grants.values() for grant in of),
                *(one.assigned_by for of in self.assignments.values() for one in of),
            )
        )

    def held(self, vocabulary: Vocabulary, principal_id: str) -> Scopes:
        """All that a principal holds."""
        return held(
            vocabulary,
            [grant.scope for grant in self.granted(principal_id)],
            [assignment.role for assignment in self.assigned(principal_id)],
        )


def deprived(
    before: Mapping[str, Scopes], after: Mapping[str, Scopes], *, guarded: Scopes
) -> frozenset[str]:
    """Who of these held a guarded scope before and does not hold it any more."""
    return frozenset(
        id for id, scopes in before.items() if (scopes & guarded) - after.get(id, NONE)
    )


def check_takes_scopes(principal: Principal, client: Client | None) -> None:
    """Let this principal be given something; `client` is the client that it is, if it is one.

    Raises:
        Conflict: through it people act, and its tokens carry what they hold.
    """
    if principal.kind is not PrincipalKind.CLIENT:
        return
    if client is None or client.type is not ClientType.CLIENT_CREDENTIALS:
        raise Conflict(
            "Only clients of the type client_credentials take scopes: through the others people"
            " act, with the scopes that they hold.",
            conflict="type",
        )
