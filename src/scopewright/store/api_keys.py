"""API keys, by public id."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update

from scopewright.core.model import ApiKey
from scopewright.core.scopes import remembered
from scopewright.store.database import Transaction
from scopewright.store.schema import api_keys

_ADD = insert(api_keys)
_BY_ID = select(api_keys).where(api_keys.c.id == bindparam("id"))
_REVOKE = (
    update(api_keys)
    .where(api_keys.c.id == bindparam("key"), api_keys.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)
_SEEN = (
    update(api_keys).where(api_keys.c.id == bindparam("key")).values(last_used_at=bindparam("at"))
)


def add(tx: Transaction, key: ApiKey) -> None:
    """Remember a new key."""
    tx.run(
        _ADD,
        id=key.id,
        workspace_id=key.workspace_id,
        principal_id=key.principal_id,
        parent_id=key.parent_id,
        secret_hash=key.secret_hash,
        requested=key.requested.spelled(),
        note=key.note,
        created_by=key.created_by,
        created_at=key.created_at,
        expires_at=key.expires_at,
    )


def get(tx: Transaction, id: str) -> ApiKey | None:
    """The key of this id, in whatever workspace."""
    row = tx.one(_BY_ID, id=id)
    return None if row is None else _api_key(row)


def revoke(tx: Transaction, id: str, *, at: datetime) -> bool:
    """Revoke a key; whether it was live."""
    return tx.run(_REVOKE, key=id, at=at) == 1


def note_uses(tx: Transaction, uses: Sequence[tuple[str, datetime]]) -> None:
    """Remember when keys were last used."""
    tx.run_many(_SEEN, [{"key": id, "at": at} for id, at in uses])


def _api_key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        principal_id=row.principal_id,
        workspace_id=row.workspace_id,
        secret_hash=row.secret_hash,
        requested=remembered(row.requested),
        note=row.note,
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        parent_id=row.parent_id,
    )
