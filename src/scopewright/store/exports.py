"""Where datapoints come out."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from scopewright.core.model import Export
from scopewright.store.database import Transaction
from scopewright.store.pages import Page, Window, rows_of
from scopewright.store.schema import exports

_IN_WORKSPACE = exports.c.workspace_id == bindparam("workspace")
_THIS = (_IN_WORKSPACE, exports.c.id == bindparam("key"))
_ADD = insert(exports)
_GET = select(exports).where(*_THIS)
_BY_PATH = select(exports).where(_IN_WORKSPACE, exports.c.path == bindparam("path"))
_USING_SCOPE = select(exports).where(_IN_WORKSPACE, exports.c.required_scope == bindparam("scope"))
_CHANGE = update(exports).where(*_THIS)
_REMOVE = delete(exports).where(*_THIS)


def add(tx: Transaction, export: Export) -> None:
    """Remember a new export."""
    tx.run(
        _ADD,
        id=export.id,
        workspace_id=export.workspace_id,
        created_at=export.created_at,
        **_changeable(export),
    )


def change(tx: Transaction, export: Export) -> None:
    """Keep the export's present settings."""
    tx.run(_CHANGE, workspace=export.workspace_id, key=export.id, **_changeable(export))


def get(tx: Transaction, workspace_id: str, *, id: str) -> Export | None:
    """The export of this id."""
    row = tx.one(_GET, workspace=workspace_id, key=id)
    return None if row is None else _export(row)


def by_path(tx: Transaction, workspace_id: str, *, path: str) -> Export | None:
    """The export at this path."""
    row = tx.one(_BY_PATH, workspace=workspace_id, path=path)
    return None if row is None else _export(row)


def using_scope(tx: Transaction, workspace_id: str, *, scope: str) -> list[Export]:
    """The exports that demand a scope."""
    return [_export(row) for row in tx.all(_USING_SCOPE, workspace=workspace_id, scope=scope)]


def page(tx: Transaction, workspace_id: str, *, window: Window) -> Page[Export]:
    """The exports of a workspace, oldest first."""
    statement = select(exports).where(exports.c.workspace_id == workspace_id)
    rows, cursor = rows_of(tx, statement, exports.c.id, window)
    return Page(tuple(_export(row) for row in rows), cursor)


def remove(tx: Transaction, workspace_id: str, *, id: str) -> bool:
    """Forget an export, not its data; whether it was there."""
    return tx.run(_REMOVE, workspace=workspace_id, key=id) == 1


def _changeable(export: Export) -> dict[str, Any]:
    return {
        "name": export.name,
        "path": export.path,
        "endpoint_id": export.endpoint_id,
        "auth_methods": sorted(export.auth_methods),
        "required_scope": export.required_scope,
    }


def _export(row: Row[Any]) -> Export:
    return Export(
        id=row.id,
        workspace_id=row.workspace_id,
        name=row.name,
        path=row.path,
        endpoint_id=row.endpoint_id,
        auth_methods=frozenset(row.auth_methods),
        required_scope=row.required_scope,
        created_at=row.created_at,
    )
