"""Applications of a workspace."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from scopewright.core.applications import Application
from scopewright.store.database import Transaction
from scopewright.store.schema import applications

_ADD = insert(applications)
_ALL = (
    select(applications)
    .where(applications.c.workspace_id == bindparam("workspace"))
    .order_by(applications.c.name)
)
_CHANGE = update(applications).where(applications.c.id == bindparam("key"))
_REMOVE = delete(applications).where(applications.c.id == bindparam("key"))


def add(tx: Transaction, application: Application) -> None:
    """Remember a new application."""
    tx.run(
        _ADD,
        id=application.id,
        workspace_id=application.workspace_id,
        name=application.name,
        created_at=application.created_at,
        **_changeable(application),
    )


def of_workspace(tx: Transaction, workspace_id: str) -> list[Application]:
    """Every application of a workspace, by name."""
    return [_application(row) for row in tx.all(_ALL, workspace=workspace_id)]


def change(tx: Transaction, application: Application) -> bool:
    """Keep all of the application that can change; whether it is there."""
    return tx.run(_CHANGE, key=application.id, **_changeable(application)) == 1


def remove(tx: Transaction, id: str) -> bool:
    """Forget an application with its gateway routes; its scopes and roles are others' to forget."""
    return tx.run(_REMOVE, key=id) == 1


def _changeable(application: Application) -> dict[str, Any]:
    return {
        "title": application.title,
        "launch_url": application.launch_url,
        "resource": application.resource,
        "registered_at": application.registered_at,
    }


def _application(row: Row[Any]) -> Application:
    return Application(
        id=row.id,
        workspace_id=row.workspace_id,
        name=row.name,
        title=row.title,
        created_at=row.created_at,
        launch_url=row.launch_url,
        resource=row.resource,
        registered_at=row.registered_at,
    )
