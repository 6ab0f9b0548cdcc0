"""The scopes that a workspace has defined itself."""

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
_DESCRIBE = update(scopes).where(_IN_WORKSPACE, _NAMED).values(description=bindparam("text"))
_REMOVE = delete(scopes).where(_IN_WORKSPACE, _NAMED)


def add(tx: Transaction, workspace_id: str, *, name: str, description: str, at: datetime) -> None:
    """Remember a new scope."""
    tx.run(_ADD, workspace_id=workspace_id, name=name, description=description, created_at=at)


def of_workspace(tx: Transaction, workspace_id: str) -> list[ScopeDefinition]:
    """Every scope of the workspace's own, by name."""
    return [_scope(row) for row in tx.all(_ALL, workspace=workspace_id)]


def describe(tx: Transaction, workspace_id: str, *, name: str, description: str) -> bool:
    """Change the description; whether the scope is there."""
    return tx.run(_DESCRIBE, workspace=workspace_id, key=name, text=description) == 1


def remove(tx: Transaction, workspace_id: str, *, name: str) -> bool:
    """Forget a scope; whether it was there."""
    return tx.run(_REMOVE, workspace=workspace_id, key=name) == 1


def _scope(row: Row[Any]) -> ScopeDefinition:
    return ScopeDefinition(name=row.name, description=row.description)
