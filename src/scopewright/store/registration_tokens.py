"""Initial access tokens (RFC 7591 §3), by their hashes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select

from scopewright.core.model import RegistrationToken
from scopewright.store.database import Transaction
from scopewright.store.pages import Page, Window, rows_of
from scopewright.store.schema import principals, registration_tokens

_ADD = insert(registration_tokens)
# It counts for as long as whoever made it is there and has not been disabled.
_BY_HASH = (
    select(registration_tokens)
    .join(principals, principals.c.id == registration_tokens.c.created_by)
    .where(registration_tokens.c.hash == bindparam("hash"))
    .where(registration_tokens.c.expires_at > bindparam("now"))
    .where(principals.c.disabled_at.is_(None))
)
_REMOVE = delete(registration_tokens).where(
    registration_tokens.c.workspace_id == bindparam("workspace"),
    registration_tokens.c.id == bindparam("key"),
)
_PURGE = delete(registration_tokens).where(registration_tokens.c.expires_at < bindparam("now"))


def add(tx: Transaction, token: RegistrationToken) -> None:
    """Remember a new token."""
    tx.run(
        _ADD,
        id=token.id,
        workspace_id=token.workspace_id,
        hash=token.hash,
        note=token.note,
        created_by=token.created_by,
        created_at=token.created_at,
        expires_at=token.expires_at,
    )


def by_hash(tx: Transaction, hash: str, *, now: datetime) -> RegistrationToken | None:
    """The live token with this hash, in whatever workspace."""
    row = tx.one(_BY_HASH, hash=hash, now=now)
    return None if row is None else _noun(row)


def page(
    tx: Transaction, workspace_id: str, *, now: datetime, window: Window
) -> Page[RegistrationToken]:
    """The live tokens of a workspace, oldest first."""
    statement = select(registration_tokens).where(
        registration_tokens.c.workspace_id == workspace_id,
        registration_tokens.c.expires_at > now,
    )
    rows, cursor = rows_of(tx, statement, registration_tokens.c.id, window)
    return Page(tuple(_noun(row) for row in rows), cursor)


def remove(tx: Transaction, workspace_id: str, *, id: str) -> bool:
    """Forget a token; whether it was there."""
    return tx.run(_REMOVE, workspace=workspace_id, key=id) == 1


def purge(tx: Transaction, *, now: datetime) -> int:
    """Forget expired tokens; how many."""
    return tx.run(_PURGE, now=now)


def _noun(row: Row[Any]) -> RegistrationToken:
    return RegistrationToken(
        id=row.id,
        workspace_id=row.workspace_id,
        hash=row.hash,
        note=row.note,
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
