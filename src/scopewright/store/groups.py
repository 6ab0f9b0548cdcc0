"""Who is in which group. Groups themselves are principals (`principals.py`)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, bindparam, delete, insert, select

from scopewright.core.groups import Membership
from scopewright.store.database import Transaction
from scopewright.store.schema import memberships

_ADD = insert(memberships)
_MEMBERS = (
    select(memberships)
    .where(memberships.c.group_id == bindparam("id"))
    .order_by(memberships.c.principal_id)
)
_REMOVE = delete(memberships).where(
    memberships.c.group_id == bindparam("id"), memberships.c.principal_id == bindparam("member")
)


def _above() -> Select[Any]:
    """Every membership on the way up from some principals."""
    given = memberships.c.principal_id.in_(bindparam("ids", expanding=True))
    start = select(memberships).where(given)
    reached = start.cte("reached", recursive=True)
    further = select(memberships).join(reached, memberships.c.principal_id == reached.c.group_id)
    return select(reached.union(further))


_ABOVE = _above()


def add(tx: Transaction, workspace_id: str, *, membership: Membership) -> None:
    """Remember that a principal is in a group."""
    tx.run(
        _ADD,
        workspace_id=workspace_id,
        group_id=membership.group_id,
        principal_id=membership.principal_id,
        added_by=membership.added_by,
        added_at=membership.added_at,
    )


def members(tx: Transaction, group_id: str) -> list[Membership]:
    """Who is in a group directly."""
    return [_membership(row) for row in tx.all(_MEMBERS, id=group_id)]


def above(tx: Transaction, principal_ids: list[str]) -> list[Membership]:
    """Every membership by which these principals are in a group, directly or through others."""
    return [_membership(row) for row in tx.all(_ABOVE, ids=principal_ids)]


def remove(tx: Transaction, *, group_id: str, principal_id: str) -> bool:
    """Take a principal out of a group; whether it was in."""
    return tx.run(_REMOVE, id=group_id, member=principal_id) == 1


def _membership(row: Row[Any]) -> Membership:
    return Membership(row.group_id, row.principal_id, row.added_by, row.added_at)
