"""Which scope is granted to whom, by whom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from scopewright.core.model import Grant
from scopewright.store.database import Transaction
from scopewright.store.schema import grants, principals

_OF_PRINCIPAL = (
    select(grants).where(grants.c.principal_id == bindparam("principal")).order_by(grants.c.scope)
)
_OF_MANY = select(grants).where(grants.c.principal_id.in_(bindparam("principals", expanding=True)))
_REMOVE = delete(grants).where(
    grants.c.principal_id == bindparam("principal"), grants.c.scope == bindparam("key")
)
_OF_SCOPE = (
    select(grants)
    .where(grants.c.workspace_id == bindparam("workspace"), grants.c.scope == bindparam("key"))
    .order_by(grants.c.principal_id)
)
_REMOVE_SCOPE = delete(grants).where(
    grants.c.workspace_id == bindparam("workspace"), grants.c.scope == bindparam("key")
)
_RESTORE = insert(grants).from_select(
    ["workspace_id", "principal_id", "scope", "granted_by", "granted_at"],
    select(
        principals.c.workspace_id,
        principals.c.id,
        bindparam("scope", type_=grants.c.scope.type),
        bindparam("by", type_=grants.c.granted_by.type),
        bindparam("at", type_=grants.c.granted_at.type),
    ).where(principals.c.id == bindparam("principal")),
)
_ADD = {
    "sqlite": sqlite_insert(grants).on_conflict_do_nothing(),
    "postgresql": postgres_insert(grants).on_conflict_do_nothing(),
}


def add(tx: Transaction, workspace_id: str, *, grant: Grant) -> bool:
    """Remember a grant; False when it was there already (granting twice is granting once)."""
    statement = _ADD[tx.connection.dialect.name]
    return (
        tx.run(
            statement,
            workspace_id=workspace_id,
            principal_id=grant.principal_id,
            scope=grant.scope,
            granted_by=grant.granted_by,
            granted_at=grant.granted_at,
        )
        == 1
    )


def of_principal(tx: Transaction, principal_id: str) -> list[Grant]:
    """Everything granted to a principal, by scope."""
    return [_grant(row) for row in tx.all(_OF_PRINCIPAL, principal=principal_id)]


def of_principals(tx: Transaction, principal_ids: list[str]) -> dict[str, list[Grant]]:
    """The grants of several principals at once."""
    found: dict[str, list[Grant]] = {id: [] for id in principal_ids}
    for row in tx.all(_OF_MANY, principals=principal_ids):
        found[row.principal_id].append(_grant(row))
    return found


def of_scope(tx: Transaction, workspace_id: str, *, scope: str) -> list[Grant]:
    """Every grant of a scope."""
    return [_grant(row) for row in tx.all(_OF_SCOPE, workspace=workspace_id, key=scope)]


def remove(tx: Transaction, *, principal_id: str, scope: str) -> bool:
    """Forget a grant; whether it was there."""
    return tx.run(_REMOVE, principal=principal_id, key=scope) == 1


def remove_scope(tx: Transaction, workspace_id: str, *, scope: str) -> int:
    """Forget every grant of a scope; how many."""
    return tx.run(_REMOVE_SCOPE, workspace=workspace_id, key=scope)


def restore(tx: Transaction, taken: Iterable[Grant]) -> None:
    """Remember again what was taken from principals, as far as they are still there."""
    rows = [
        {
            "principal": one.principal_id,
            "scope": one.scope,
            "by": one.granted_by,
            "at": one.granted_at,
        }
        for one in taken
    ]
    tx.run_many(_RESTORE, rows)


def _grant(row: Row[Any]) -> Grant:
    return Grant(row.principal_id, row.scope, row.granted_by, row.granted_at)
