"""Which role stands for an include that no catalogue resolves, by an administrator's word."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select

from scopewright.store.database import Transaction
from scopewright.store.schema import role_mappings

_IN_WORKSPACE = role_mappings.c.workspace_id == bindparam("workspace")
_ADD = insert(role_mappings)
_ALL = select(role_mappings).where(_IN_WORKSPACE).order_by(role_mappings.c.include)
_REMOVE = delete(role_mappings).where(_IN_WORKSPACE, role_mappings.c.include == bindparam("key"))


def put(
    tx: Transaction, workspace_id: str, *, include: str, role: str, by: str, at: datetime
) -> None:
    """Let a role stand for an include, whatever stood for it before."""
    remove(tx, workspace_id, include=include)
    tx.run(_ADD, workspace_id=workspace_id, include=include, role=role, mapped_by=by, mapped_at=at)


def of_workspace(tx: Transaction, workspace_id: str) -> Mapping[str, str]:
    """The role that stands for each include."""
    return {row.include: row.role for row in tx.all(_ALL, workspace=workspace_id)}


def remove(tx: Transaction, workspace_id: str, *, include: str) -> bool:
    """Let nothing stand for an include; whether anything did."""
    return tx.run(_REMOVE, workspace=workspace_id, key=include) == 1
