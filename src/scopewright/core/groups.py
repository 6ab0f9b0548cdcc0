"""Groups: principals that others are members of, nested; a member holds what its groups hold.

Who is in which group is a graph like that of roles: what a group includes is where it is a member.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from scopewright.core.roles import Bundle, RoleGraph


@dataclass(frozen=True, slots=True)
class Membership:
    """Somebody in a group; both are principals, and the member may be a group itself."""

    group_id: str
    principal_id: str
    added_by: str
    added_at: datetime


def membership_graph(memberships: Iterable[Membership]) -> RoleGraph:
    """The graph in which `expand([id])` reaches all groups of a principal, with itself."""
    groups: dict[str, set[str]] = {}
    for membership in memberships:
        groups.setdefault(membership.principal_id, set()).add(membership.group_id)
        groups.setdefault(membership.group_id, set())
    return RoleGraph({id: Bundle(includes=frozenset(above)) for id, above in groups.items()})


def all_groups(graph: RoleGraph, principal_id: str) -> frozenset[str]:
    """Every group that a principal is in, directly or through others."""
    return graph.expand([principal_id]).roles - {principal_id}
