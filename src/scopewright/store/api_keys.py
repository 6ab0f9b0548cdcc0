"""API keys, by public id."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, or_, select, update

from scopewright.core.key_chain import KeyUse
from scopewright.core.model import ApiKey
from scopewright.core.scopes import remembered
from scopewright.store.database import Transaction
from scopewright.store.pages import Page, Window, begins, rows_of
from scopewright.store.schema import api_keys

_BY = {"note": api_keys.c.note, "created_at": api_keys.c.id}  # ids sort by birth
_ADD = insert(api_keys)
_BY_ID = select(api_keys).where(api_keys.c.id == bindparam("id"))
_LIVE = (
    api_keys.c.revoked_at.is_(None),
    or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > bindparam("now")),
)
_LIVE_OF_PRINCIPAL = select(api_keys).where(
    api_keys.c.principal_id == bindparam("principal"), *_LIVE
)
_COUNT_LIVE = (
    select(func.count())
    .select_from(api_keys)
    .where(api_keys.c.principal_id == bindparam("principal"), *_LIVE)
)
_COUNT_ALL_LIVE = select(func.count()).select_from(api_keys).where(*_LIVE)
_REVOKE = (
    update(api_keys)
    .where(api_keys.c.id == bindparam("key"), api_keys.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)
_CHILDREN = select(api_keys.c.id).where(api_keys.c.parent_id == bindparam("key"))
_NOTE = update(api_keys).where(api_keys.c.id == bindparam("key")).values(note=bindparam("note"))
_END = (
    update(api_keys)
    .where(api_keys.c.id == bindparam("key"))
    .where(or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > bindparam("at")))
    .values(expires_at=bindparam("at"))
)
_USED = (
    update(api_keys)
    .where(api_keys.c.id == bindparam("key"))
    .where(or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < bindparam("at")))
    .values(
        last_used_at=bindparam("at"),
        last_used_from=bindparam("address"),
        last_used_for=bindparam("route"),
    )
)
_PURGE_EXPIRED = delete(api_keys).where(api_keys.c.expires_at < bindparam("before"))
_PURGE_REVOKED = delete(api_keys).where(api_keys.c.revoked_at < bindparam("before"))


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
        tags=list(key.tags),
    )


def get(tx: Transaction, id: str) -> ApiKey | None:
    """The key of this id, in whatever workspace."""
    row = tx.one(_BY_ID, id=id)
    return None if row is None else _api_key(row)


def chain(tx: Transaction, id: str | None) -> list[ApiKey]:
    """The key of this id, the key by which it was made, and so on; empty without one."""
    found: list[ApiKey] = []
    while id is not None:
        key = get(tx, id)
        if key is None:
            return []  # its children went with it
        found.append(key)
        id = key.parent_id
    return found


def page(tx: Transaction, principal_id: str, *, now: datetime, window: Window) -> Page[ApiKey]:
    """The keys of a principal that are live, oldest first."""
    statement = _LIVE_OF_PRINCIPAL.params(principal=principal_id, now=now)
    if window.prefix:
        statement = statement.where(or_(*(begins(api_keys.c.note, p) for p in window.spellings)))
    rows, cursor = rows_of(tx, statement, api_keys.c.id, window, by=_BY)
    return Page(tuple(_api_key(row) for row in rows), cursor)


def count_live(tx: Transaction, principal_id: str, *, now: datetime) -> int:
    """How many keys of a principal are live."""
    found: int = tx.scalar(_COUNT_LIVE, principal=principal_id, now=now)
    return found


def count_alive(tx: Transaction, workspace_id: str | None, *, now: datetime) -> int:
    """How many are live in a workspace; None: in all of them."""
    counted = _COUNT_ALL_LIVE
    if workspace_id is not None:
        counted = counted.where(api_keys.c.workspace_id == workspace_id)
    return int(tx.scalar(counted, now=now))


def revoke(tx: Transaction, id: str, *, at: datetime) -> bool:
    """Revoke a key and whatever was made with it; whether it was live."""
    if tx.run(_REVOKE, key=id, at=at) != 1:
        return False
    for row in tx.all(_CHILDREN, key=id):
        revoke(tx, row.id, at=at)
    return True


def describe(tx: Transaction, id: str, *, note: str) -> None:
    """Keep another note of a key."""
    tx.run(_NOTE, key=id, note=note)


def end(tx: Transaction, id: str, *, at: datetime) -> None:
    """Let a key, and whatever was made with it, expire no later than this."""
    tx.run(_END, key=id, at=at)
    for row in tx.all(_CHILDREN, key=id):
        end(tx, row.id, at=at)


def note_uses(tx: Transaction, uses: Mapping[str, KeyUse]) -> None:
    """Remember by id how keys were last used; what is older than what is known is passed over."""
    tx.run_many(
        _USED,
        [
            {"key": id, "at": use.at, "address": use.address, "route": use.route}
            for id, use in uses.items()
        ],
    )


def purge(tx: Transaction, *, before: datetime) -> int:
    """Forget keys that expired or were revoked before; how many."""
    return tx.run(_PURGE_EXPIRED, before=before) + tx.run(_PURGE_REVOKED, before=before)


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
        tags=tuple(row.tags),
        last_used_from=row.last_used_from,
        last_used_for=row.last_used_for,
    )
