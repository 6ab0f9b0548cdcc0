"""Who is in which group. Groups themselves are principals (`principals.py`)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CTE, Row, Select, bindparam, delete, exists, insert, select

from scopewright.core.groups import GroupMember, Membership, Relation
from scopewright.store.database import Transaction
from scopewright.store.pages import Page, Window, rows_of
from scopewright.store.principals import noun
from scopewright.store.schema import memberships, principals

_ADD = insert(memberships)
_MEMBERS = (
    select(memberships)
    .where(memberships.c.group_id == bindparam("id"))
    .order_by(memberships.c.principal_id)
)
_IN_GROUP = (
    memberships.c.group_id == bindparam("id"),
    memberships.c.principal_id == bindparam("member"),
)
_ONE = select(memberships).where(*_IN_GROUP)
_REMOVE = delete(memberships).where(*_IN_GROUP)


def _above() -> Select[Any]:
    """Every membership on the way up from some principals."""
    given = memberships.c.principal_id.in_(bindparam("ids", expanding=True))
    start = select(memberships).where(given)
    reached = start.cte("reached", recursive=True)
    further = select(memberships).join(reached, memberships.c.principal_id == reached.c.group_id)
    return select(reached.union(further))


_ABOVE = _above()


def below(start: Select[Any]) -> CTE:
    """These principals (a statement for their `principal_id`) and all in groups among them.

    Its union forgets what it has met already, so it ends on cycles too.
    """
    reached = start.cte("below", recursive=True)
    further = select(memberships.c.principal_id).join(
        reached, memberships.c.group_id == reached.c.principal_id
    )
    return reached.union(further)


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


def get(tx: Transaction, *, group_id: str, principal_id: str) -> Membership | None:
    """How a principal is in a group directly; None when it is not."""
    row = tx.one(_ONE, id=group_id, member=principal_id)
    return None if row is None else _membership(row)


def members(tx: Transaction, group_id: str) -> list[Membership]:
    """Who is in a group directly."""
    return [_membership(row) for row in tx.all(_MEMBERS, id=group_id)]


def page_of_members(tx: Transaction, group_id: str, *, window: Window) -> Page[GroupMember]:
    """Everybody who is in a group, directly or through groups in it."""
    own = memberships.c.group_id == group_id
    everybody = below(select(memberships.c.principal_id).where(own))
    is_direct = exists().where(own, memberships.c.principal_id == principals.c.id)
    statement = select(principals, is_direct.label("is_direct")).where(
        principals.c.id.in_(select(everybody))
    )
    rows, cursor = rows_of(tx, statement, principals.c.id, window)
    found = (GroupMember(noun(row), Relation.of(is_direct=row.is_direct)) for row in rows)
    return Page(tuple(found), cursor)


def above(tx: Transaction, principal_ids: list[str]) -> list[Membership]:
    """Every membership by which these principals are in a group, directly or through others."""
    return [_membership(row) for row in tx.all(_ABOVE, ids=principal_ids)]


def remove(tx: Transaction, *, group_id: str, principal_id: str) -> bool:
    """Take a principal out of a group; whether it was in."""
    return tx.run(_REMOVE, id=group_id, member=principal_id) == 1


def _membership(row: Row[Any]) -> Membership:
    return Membership(row.group_id, row.principal_id, row.added_by, row.added_at)
