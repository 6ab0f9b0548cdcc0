"""Which role is assigned to whom, by whom."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select

from scopewright.core.model import Assignment, Principal
from scopewright.store.database import Transaction, in_bulk
from scopewright.store.principals import noun
from scopewright.store.schema import assignments, principals, revisions, taken_assignments

_ADD = insert(assignments)
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
_GIVEN_BY = select(assignments).where(assignments.c.assigned_by == bindparam("by"))
_COUNT_OF_ROLE = select(func.count()).select_from(assignments).where(*_EVERYBODYS)
_KEEP = in_bulk(
    insert(taken_assignments).from_select(
        ["revision_id", "principal_id", "assigned_by", "assigned_at"],
        select(
            bindparam("revision", type_=taken_assignments.c.revision_id.type),
            assignments.c.principal_id,
            assignments.c.assigned_by,
            assignments.c.assigned_at,
        ).where(*_EVERYBODYS),
    )
)
_REMOVE_ROLE = in_bulk(delete(assignments).where(*_EVERYBODYS))
_BRING_BACK = insert(assignments).from_select(
    ["workspace_id", "principal_id", "role", "assigned_by", "assigned_at"],
    select(
        principals.c.workspace_id,
        principals.c.id,
        revisions.c.name,
        taken_assignments.c.assigned_by,
        taken_assignments.c.assigned_at,
    )
    .select_from(taken_assignments)
    .join(revisions, revisions.c.id == taken_assignments.c.revision_id)
    .join(principals, principals.c.id == taken_assignments.c.principal_id)
    .where(taken_assignments.c.revision_id == bindparam("revision")),
)
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


def given_by(tx: Transaction, giver: str) -> list[tuple[str, Assignment]]:
    """Every assignment of one giver, with its workspace."""
    return [(row.workspace_id, _assignment(row)) for row in tx.all(_GIVEN_BY, by=giver)]


def count_of_role(tx: Transaction, workspace_id: str, *, role: str) -> int:
    """How many assignments of a role itself there are; roles that include it are others."""
    return int(tx.scalar(_COUNT_OF_ROLE, workspace=workspace_id, name=role))


def take(tx: Transaction, workspace_id: str, *, role: str, revision_id: str) -> None:
    """Move every assignment of a role to what the revision took that deletes it."""
    tx.run(_KEEP, workspace=workspace_id, name=role, revision=revision_id)
    tx.run(_REMOVE_ROLE, workspace=workspace_id, name=role)


def bring_back(tx: Transaction, revision_id: str) -> None:
    """Assign again what a revision took from principals, as far as they are still there."""
    tx.run(_BRING_BACK, revision=revision_id)


def active_members(tx: Transaction, workspace_id: str, *, role: str) -> list[Principal]:
    """The members with this role who are not disabled, oldest first."""
    return [noun(row) for row in tx.all(_ACTIVE_MEMBERS, workspace=workspace_id, name=role)]


def _assignment(row: Row[Any]) -> Assignment:
    return Assignment(row.principal_id, row.role, row.assigned_by, row.assigned_at)
