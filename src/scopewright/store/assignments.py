"""Which role is assigned to whom, by whom."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select

from scopewright.core.model import Assignment, Principal
from scopewright.store.database import Transaction
from scopewright.store.principals import noun
from scopewright.store.schema import assignments, principals

_ADD = insert(assignments)
_OF_PRINCIPAL = (
    select(assignments)
    .where(assignments.c.principal_id == bindparam("principal"))
    .order_by(assignments.c.role)
)
_OF_MANY = select(assignments).where(
    assignments.c.principal_id.in_(bindparam("principals", expanding=True))
)
_REMOVE = delete(assignments).where(
    assignments.c.principal_id == bindparam("principal"), assignments.c.role == bindparam("name")
)
_ACTIVE_MEMBERS = (
    select(principals)
    .join(assignments, assignments.c.principal_id == principals.c.id)
    .where(
        assignments.c.workspace_id == bindparam("workspace"),
        assignments.c.role == bindparam("name"),
        principals.c.kind == "member",
        principals.c.disabled_at.is_(None),
    )
    .order_by(principals.c.id)
)


def add(tx: Transaction, workspace_id: str, *, assignment: Assignment) -> None:
    """Remember that a principal has a role."""
    tx.run(
        _ADD,
        workspace_id=workspace_id,
        principal_id=assignment.principal_id,
        role=assignment.role,
        assigned_by=assignment.assigned_by,
        assigned_at=assignment.assigned_at,
    )


def of_principal(tx: Transaction, principal_id: str) -> list[Assignment]:
    """The roles of a principal."""
    return [_assignment(row) for row in tx.all(_OF_PRINCIPAL, principal=principal_id)]


def of_principals(tx: Transaction, principal_ids: list[str]) -> dict[str, list[Assignment]]:
    """The roles of several principals at once."""
    found: dict[str, list[Assignment]] = {id: [] for id in principal_ids}
    for row in tx.all(_OF_MANY, principals=principal_ids):
        found[row.principal_id].append(_assignment(row))
    return found


def remove(tx: Transaction, *, principal_id: str, role: str) -> bool:
    """Take a role away; whether it was there."""
    return tx.run(_REMOVE, principal=principal_id, name=role) == 1


def active_members(tx: Transaction, workspace_id: str, *, role: str) -> list[Principal]:
    """The members with this role who are not disabled, oldest first."""
    return [noun(row) for row in tx.all(_ACTIVE_MEMBERS, workspace=workspace_id, name=role)]


def _assignment(row: Row[Any]) -> Assignment:
    return Assignment(row.principal_id, row.role, row.assigned_by, row.assigned_at)
