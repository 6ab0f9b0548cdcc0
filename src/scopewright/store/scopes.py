"""The scopes that a workspace has defined itself, those of its applications among them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from scopewright.core.catalogue import ScopeDefinition
from scopewright.store.database import Transaction
from scopewright.store.schema import scopes

_IN_WORKSPACE = scopes.c.workspace_id == bindparam("workspace")
_NAMED = scopes.c.name == bindparam("key")
_ADD = insert(scopes)
_ALL = select(scopes).where(_IN_WORKSPACE).order_by(scopes.c.name)
_CHANGE = update(scopes).where(_IN_WORKSPACE, _NAMED)
_REMOVE = delete(scopes).where(_IN_WORKSPACE, _NAMED)


def add(tx: Transaction, workspace_id: str, *, scope: ScopeDefinition, at: datetime) -> None:
    """Remember a new scope."""
    tx.run(
        _ADD,
        workspace_id=workspace_id,
        name=scope.name,
        application=scope.application,
        created_at=at,
        **_changeable(scope),
    )


def of_workspace(tx: Transaction, workspace_id: str) -> list[ScopeDefinition]:
    """Every scope of the workspace's own, by name."""
    return [_scope(row) for row in tx.all(_ALL, workspace=workspace_id)]


def change(tx: Transaction, workspace_id: str, *, scope: ScopeDefinition) -> bool:
    """Keep the scope's present description and implications; whether the scope is there."""
    return tx.run(_CHANGE, workspace=workspace_id, key=scope.name, **_changeable(scope)) == 1


def put(tx: Transaction, workspace_id: str, *, scope: ScopeDefinition, at: datetime) -> None:
    """Keep the scope as it is now, whether it was there or not."""
    if not change(tx, workspace_id, scope=scope):
        add(tx, workspace_id, scope=scope, at=at)


def remove(tx: Transaction, workspace_id: str, *, name: str) -> bool:
    """Forget a scope; whether it was there."""
    return tx.run(_REMOVE, workspace=workspace_id, key=name) == 1


def _changeable(scope: ScopeDefinition) -> dict[str, Any]:
    return {"description": scope.description, "implies": sorted(scope.implies)}


def _scope(row: Row[Any]) -> ScopeDefinition:
    return ScopeDefinition(
        name=row.name,
        description=row.description,
        application=row.application,
        implies=frozenset(row.implies),
    )
