"""Ingest endpoints."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from scopewright.core.model import Endpoint, EndpointAuthentication
from scopewright.store.database import Transaction
from scopewright.store.pages import Page, Window, rows_of
from scopewright.store.schema import endpoints

_THIS = (endpoints.c.workspace_id == bindparam("workspace"), endpoints.c.id == bindparam("key"))
_ADD = insert(endpoints)
_GET = select(endpoints).where(*_THIS)
_BY_PATH = select(endpoints).where(
    endpoints.c.workspace_id == bindparam("workspace"), endpoints.c.url_path == bindparam("path")
)
_USING_SCOPE = select(endpoints).where(
    endpoints.c.workspace_id == bindparam("workspace"),
    endpoints.c.write_scope == bindparam("scope"),
)
_CHANGE = update(endpoints).where(*_THIS)
_REMOVE = delete(endpoints).where(*_THIS)


def add(tx: Transaction, endpoint: Endpoint) -> None:
    """Remember a new endpoint."""
    tx.run(
        _ADD,
        id=endpoint.id,
        workspace_id=endpoint.workspace_id,
        created_at=endpoint.created_at,
        **_changeable(endpoint),
    )


def change(tx: Transaction, endpoint: Endpoint) -> None:
    """Keep the endpoint's present settings."""
    tx.run(_CHANGE, workspace=endpoint.workspace_id, key=endpoint.id, **_changeable(endpoint))


def get(tx: Transaction, workspace_id: str, *, id: str) -> Endpoint | None:
    """The endpoint of this id."""
    row = tx.one(_GET, workspace=workspace_id, key=id)
    return None if row is None else _endpoint(row)


def by_path(tx: Transaction, workspace_id: str, *, url_path: str) -> Endpoint | None:
    """The endpoint at this path."""
    row = tx.one(_BY_PATH, workspace=workspace_id, path=url_path)
    return None if row is None else _endpoint(row)


def using_scope(tx: Transaction, workspace_id: str, *, scope: str) -> list[Endpoint]:
    """The endpoints that demand a scope."""
    rows = tx.all(_USING_SCOPE, workspace=workspace_id, scope=scope)
    return [_endpoint(row) for row in rows]


def page(tx: Transaction, workspace_id: str, *, window: Window) -> Page[Endpoint]:
    """The endpoints of a workspace, oldest first."""
    statement = select(endpoints).where(endpoints.c.workspace_id == workspace_id)
    rows, cursor = rows_of(tx, statement, endpoints.c.id, window)
    return Page(tuple(_endpoint(row) for row in rows), cursor)


def remove(tx: Transaction, workspace_id: str, *, id: str) -> bool:
    """Forget an endpoint and the exports of it alone; whether it was there."""
    return tx.run(_REMOVE, workspace=workspace_id, key=id) == 1


def _changeable(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "name": endpoint.name,
        "url_path": endpoint.url_path,
        "authentication": endpoint.authentication.value,
        "write_scope": endpoint.write_scope,
        "clients": sorted(endpoint.clients),
        "read": endpoint.read,
        "active_since": endpoint.active_since,
    }


def _endpoint(row: Row[Any]) -> Endpoint:
    return Endpoint(
        id=row.id,
        workspace_id=row.workspace_id,
        name=row.name,
        url_path=row.url_path,
        authentication=EndpointAuthentication(row.authentication),
        write_scope=row.write_scope,
        clients=frozenset(row.clients),
        read=row.read,
        created_at=row.created_at,
        active_since=row.active_since,
    )
