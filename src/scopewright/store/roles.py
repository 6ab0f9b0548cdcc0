"""The roles that a workspace has defined itself, those of its applications among them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from scopewright.core.catalogue import RoleDefinition
from scopewright.store.database import Transaction
from scopewright.store.schema import roles

_IN_WORKSPACE = roles.c.workspace_id == bindparam("workspace")
_NAMED = roles.c.name == bindparam("key")
_ADD = insert(roles)
_ALL = select(roles).where(_IN_WORKSPACE).order_by(roles.c.name)
_CHANGE = update(roles).where(_IN_WORKSPACE, _NAMED)
_REMOVE = delete(roles).where(_IN_WORKSPACE, _NAMED)


def add(tx: Transaction, workspace_id: str, *, role: RoleDefinition, at: datetime) -> None:
    """Remember a new role."""
    tx.run(
        _ADD,
        workspace_id=workspace_id,
        name=role.name,
        application=role.application,
        created_at=at,
        **_changeable(role),
    )


def of_workspace(tx: Transaction, workspace_id: str) -> list[RoleDefinition]:
    """Every role of the workspace's own, by name."""
    return [_role(row) for row in tx.all(_ALL, workspace=workspace_id)]


def change(tx: Transaction, workspace_id: str, *, role: RoleDefinition) -> bool:
    """Keep the role's present description, scopes and includes; whether the role is there."""
    return tx.run(_CHANGE, workspace=workspace_id, key=role.name, **_changeable(role)) == 1


def put(tx: Transaction, workspace_id: str, *, role: RoleDefinition, at: datetime) -> None:
    """Keep the role as it is now, whether it was there or not."""
    if not change(tx, workspace_id, role=role):
        add(tx, workspace_id, role=role, at=at)


def remove(tx: Transaction, workspace_id: str, *, name: str) -> bool:
    """Forget a role; whether it was there."""
    return tx.run(_REMOVE, workspace=workspace_id, key=name) == 1


def _changeable(role: RoleDefinition) -> dict[str, Any]:
    return {
        "description": role.description,
        "scopes": sorted(role.scopes),
        "includes": sorted(role.includes),
    }


def _role(row: Row[Any]) -> RoleDefinition:
    return RoleDefinition(
        name=row.name,
        description=row.description,
        application=row.application,
        scopes=frozenset(row.scopes),
        includes=frozenset(row.includes),
    )
