"""Groups: principals that others are members of, nested; a member holds what its groups hold.

Who is in which group is a graph like that of roles: what a group includes is where it is a member.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from scopewright.core.errors import Conflict
from scopewright.core.model import Principal
from scopewright.core.roles import Bundle, RoleGraph


class Relation(StrEnum):
    """Whether something is so of itself, or through groups only."""

    DIRECT = "DIRECT"
    INDIRECT = "INDIRECT"

    @classmethod
    def of(cls, *, is_direct: bool) -> Relation:
        return cls.DIRECT if is_direct else cls.INDIRECT


@dataclass(frozen=True, slots=True)
class Membership:
    """Somebody in a group; both are principals, and the member may be a group itself."""

    group_id: str
    principal_id: str
    added_by: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class GroupMember:
    """Somebody who is in a group, and whether by themselves or through groups in it."""

    principal: Principal
    relation: Relation


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


def check_free(name: str, *, taken: Iterable[str]) -> None:
    """Let a group be called so, unless another is, in whatever letter case.

    Raises:
        Conflict: a group is called so.
    """
    for other in taken:
        if other.casefold() == name.casefold():
            raise Conflict(f"There is a group {other} already.", conflict=other, field="name")
