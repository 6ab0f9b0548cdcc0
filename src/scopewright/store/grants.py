"""Which scope is granted to whom, by whom."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select

from scopewright.core.model import Grant
from scopewright.store.database import Transaction, in_bulk
from scopewright.store.schema import grants, principals, revisions, taken_grants
from scopewright.store.upserts import upsert

_OF_PRINCIPAL = (
    select(grants).where(grants.c.principal_id == bindparam("principal")).order_by(grants.c.scope)
)
_OF_MANY = select(grants).where(grants.c.principal_id.in_(bindparam("principals", expanding=True)))
_REMOVE = delete(grants).where(
    grants.c.principal_id == bindparam("principal"), grants.c.scope == bindparam("key")
)
_EVERYBODYS = (
    grants.c.workspace_id == bindparam("workspace"),
    grants.c.scope == bindparam("key"),
)
_COUNT_OF_SCOPE = select(func.count()).select_from(grants).where(*_EVERYBODYS)
_KEEP = in_bulk(
    insert(taken_grants).from_select(
        ["revision_id", "principal_id", "granted_by", "granted_at"],
        select(
            bindparam("revision", type_=taken_grants.c.revision_id.type),
            grants.c.principal_id,
            grants.c.granted_by,
            grants.c.granted_at,
        ).where(*_EVERYBODYS),
    )
)
_REMOVE_SCOPE = in_bulk(delete(grants).where(*_EVERYBODYS))
_BRING_BACK = insert(grants).from_select(
    ["workspace_id", "principal_id", "scope", "granted_by", "granted_at"],
    select(
        principals.c.workspace_id,
        principals.c.id,
        revisions.c.name,
        taken_grants.c.granted_by,
        taken_grants.c.granted_at,
    )
    .select_from(taken_grants)
    .join(revisions, revisions.c.id == taken_grants.c.revision_id)
    .join(principals, principals.c.id == taken_grants.c.principal_id)
    .where(taken_grants.c.revision_id == bindparam("revision")),
)
_ADD = upsert(grants, lambda put: put.on_conflict_do_nothing())


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


def remove(tx: Transaction, *, principal_id: str, scope: str) -> bool:
    """Forget a grant; whether it was there."""
    return tx.run(_REMOVE, principal=principal_id, key=scope) == 1


def count_of_scope(tx: Transaction, workspace_id: str, *, scope: str) -> int:
    """How many grants of a scope there are."""
    return int(tx.scalar(_COUNT_OF_SCOPE, workspace=workspace_id, key=scope))


def take(tx: Transaction, workspace_id: str, *, scope: str, revision_id: str) -> None:
    """Move every grant of a scope to what the revision took that deletes it."""
    tx.run(_KEEP, workspace=workspace_id, key=scope, revision=revision_id)
    tx.run(_REMOVE_SCOPE, workspace=workspace_id, key=scope)


def bring_back(tx: Transaction, revision_id: str) -> None:
    """Grant again what a revision took from principals, as far as they are still there."""
    tx.run(_BRING_BACK, revision=revision_id)


def _grant(row: Row[Any]) -> Grant:
    return Grant(row.principal_id, row.scope, row.granted_by, row.granted_at)
