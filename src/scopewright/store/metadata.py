"""JSON values by principal and key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, delete, select

from scopewright.core.model import Metadata
from scopewright.store.database import Transaction
from scopewright.store.schema import principal_metadata
from scopewright.store.upserts import upsert

_OF_PRINCIPAL = principal_metadata.c.principal_id == bindparam("principal")
_KEYED = principal_metadata.c.key == bindparam("name")
_ALL = select(principal_metadata).where(_OF_PRINCIPAL).order_by(principal_metadata.c.key)
_OF_MANY = (
    select(principal_metadata)
    .where(principal_metadata.c.principal_id.in_(bindparam("principals", expanding=True)))
    .order_by(principal_metadata.c.key)
)
_GET = select(principal_metadata).where(_OF_PRINCIPAL, _KEYED)
_PUT = upsert(
    principal_metadata,
    lambda put: put.on_conflict_do_update(
        index_elements=[principal_metadata.c.principal_id, principal_metadata.c.key],
        set_={
            "value": put.excluded.value,
            "updated_by": put.excluded.updated_by,
            "updated_at": put.excluded.updated_at,
        },
    ),
)
_REMOVE = delete(principal_metadata).where(_OF_PRINCIPAL, _KEYED)


def of_principal(tx: Transaction, principal_id: str) -> list[Metadata]:
    """Everything attached to a principal, by key."""
    return [_metadata(row) for row in tx.all(_ALL, principal=principal_id)]


def of_principals(tx: Transaction, principal_ids: list[str]) -> dict[str, dict[str, Any]]:
    """Key and value of everything attached to each of these principals."""
    found: dict[str, dict[str, Any]] = {id: {} for id in principal_ids}
    for row in tx.all(_OF_MANY, principals=principal_ids):
        found[row.principal_id][row.key] = row.value
    return found


def get(tx: Transaction, principal_id: str, *, key: str) -> Metadata | None:
    """One value."""
    row = tx.one(_GET, principal=principal_id, name=key)
    return None if row is None else _metadata(row)


def put(tx: Transaction, metadata: Metadata) -> None:
    """Attach a value, in place of the earlier one."""
    tx.run(
        _PUT[tx.connection.dialect.name],
        principal_id=metadata.principal_id,
        key=metadata.key,
        value=metadata.value,
        updated_by=metadata.updated_by,
        updated_at=metadata.updated_at,
    )


def remove(tx: Transaction, principal_id: str, *, key: str) -> bool:
    """Take a value off; whether it was there."""
    return tx.run(_REMOVE, principal=principal_id, name=key) == 1


def _metadata(row: Row[Any]) -> Metadata:
    return Metadata(row.principal_id, row.key, row.value, row.updated_by, row.updated_at)
