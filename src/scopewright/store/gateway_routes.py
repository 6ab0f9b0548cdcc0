"""The gateway's route rules, by application."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from scopewright.core.gateway import GatewayRoute
from scopewright.store.database import Transaction
from scopewright.store.schema import gateway_routes

_ADD = insert(gateway_routes)
_OF_WORKSPACE = (
    select(gateway_routes)
    .where(gateway_routes.c.workspace_id == bindparam("workspace"))
    .order_by(gateway_routes.c.id)
)
_OF_APPLICATION = (
    select(gateway_routes)
    .where(gateway_routes.c.application_id == bindparam("application"))
    .order_by(gateway_routes.c.id)
)
_CHANGE = update(gateway_routes).where(gateway_routes.c.id == bindparam("key"))
_REMOVE = delete(gateway_routes).where(
    gateway_routes.c.application_id == bindparam("application"),
    gateway_routes.c.id == bindparam("key"),
)


def add(tx: Transaction, workspace_id: str, *, route: GatewayRoute) -> None:
    """Remember a rule."""
    tx.run(
        _ADD,
        id=route.id,
        workspace_id=workspace_id,
        application_id=route.application_id,
        created_at=route.created_at,
        **_changeable(route),
    )


def change(tx: Transaction, route: GatewayRoute) -> None:
    """Keep the rule's present settings."""
    tx.run(_CHANGE, key=route.id, **_changeable(route))


def of_workspace(tx: Transaction, workspace_id: str) -> list[GatewayRoute]:
    """Every rule of a workspace, oldest first."""
    return [_route(row) for row in tx.all(_OF_WORKSPACE, workspace=workspace_id)]


def of_application(tx: Transaction, application_id: str) -> list[GatewayRoute]:
    """Every rule of an application, oldest first."""
    return [_route(row) for row in tx.all(_OF_APPLICATION, application=application_id)]


def remove(tx: Transaction, *, application_id: str, id: str) -> bool:
    """Forget a rule of an application; whether it was there."""
    return tx.run(_REMOVE, application=application_id, key=id) == 1


def _changeable(route: GatewayRoute) -> dict[str, Any]:
    return {
        "host": route.host,
        "path": route.path,
        "methods": sorted(route.methods),
        "scopes": sorted(route.scopes),
        "credentials": sorted(route.credentials),
        "is_public": route.is_public,
    }


def _route(row: Row[Any]) -> GatewayRoute:
    return GatewayRoute(
        id=row.id,
        application_id=row.application_id,
        host=row.host,
        path=row.path,
        methods=frozenset(row.methods),
        scopes=frozenset(row.scopes),
        credentials=frozenset(row.credentials),
        is_public=row.is_public,
        created_at=row.created_at,
    )
