"""Which role is assigned to whom, by whom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select

from scopewright.core.model import Assignment, Principal
from scopewright.store.database import Transaction
from scopewright.store.principals import noun
from scopewright.store.schema import assignments, principals

_ADD = insert(assignments)
_RESTORE = insert(assignments).from_select(
    ["workspace_id", "principal_id", "role", "assigned_by", "assigned_at"],
    select(
        principals.c.workspace_id,
        principals.c.id,
        bindparam("role", type_=assignments.c.role.type),
        bindparam("by", type_=assignments.c.assigned_by.type),
        bindparam("at", type_=assignments.c.assigned_at.type),
    ).where(principals.c.id == bindparam("principal")),
)
_OF_PRINCIPAL = (
    select(assignments)
    .where(assignments.c.principal_id == bindparam("principal"))
    .order_by(assignments.c.role)
)
_OF_MANY = select(assignments).where(
    assignments.c.principal_id.in_(bindparam("principals", expanding=True))
)
_OF_ROLE = (
    assignments.c.principal_id == bindparam("principal"),
    assignments.c.role == bindparam("name"),
)
_ONE = select(assignments).where(*_OF_ROLE)
_EVERYBODYS = (
    assignments.c.workspace_id == bindparam("workspace"),
    assignments.c.role == bindparam("name"),
)
_EVERYBODY = select(assignments).where(*_EVERYBODYS).order_by(assignments.c.principal_id)
_GIVEN_BY = select(assignments).where(assignments.c.assigned_by == bindparam("by"))
_REMOVE_ROLE = delete(assignments).where(*_EVERYBODYS)
_REMOVE = delete(assignments).where(*_OF_ROLE)
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


def get(tx: Transaction, *, principal_id: str, role: str) -> Assignment | None:
    """How a principal has a role itself; None when it has not."""
    row = tx.one(_ONE, principal=principal_id, name=role)
    return None if row is None else _assignment(row)


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


def of_role(tx: Transaction, workspace_id: str, *, role: str) -> list[Assignment]:
    """Every assignment of a role itself; roles that include it are others."""
    return [_assignment(row) for row in tx.all(_EVERYBODY, workspace=workspace_id, name=role)]


def given_by(tx: Transaction, giver: str) -> list[tuple[str, Assignment]]:
    """Every assignment of one giver, with its workspace."""
    return [(row.workspace_id, _assignment(row)) for row in tx.all(_GIVEN_BY, by=giver)]


def remove_role(tx: Transaction, workspace_id: str, *, role: str) -> int:
    """Take a role from everybody; how many had it."""
    return tx.run(_REMOVE_ROLE, workspace=workspace_id, name=role)


def restore(tx: Transaction, taken: Iterable[Assignment]) -> None:
    """Remember again what was taken from principals, as far as they are still there."""
    rows = [
        {
            "principal": one.principal_id,
            "role": one.role,
            "by": one.assigned_by,
            "at": one.assigned_at,
        }
        for one in taken
    ]
    tx.run_many(_RESTORE, rows)


def active_members(tx: Transaction, workspace_id: str, *, role: str) -> list[Principal]:
    """The members with this role who are not disabled, oldest first."""
    return [noun(row) for row in tx.all(_ACTIVE_MEMBERS, workspace=workspace_id, name=role)]


def _assignment(row: Row[Any]) -> Assignment:
    return Assignment(row.principal_id, row.role, row.assigned_by, row.assigned_at)
