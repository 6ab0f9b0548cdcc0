"""Signed-in browsers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from scopewright.core.model import Identity, SignIn
from scopewright.store.database import Transaction
from scopewright.store.schema import sign_ins

_ADD = insert(sign_ins)
_GET = select(sign_ins).where(
    sign_ins.c.cookie_hash == bindparam("hash"), sign_ins.c.expires_at > bindparam("now")
)
_SEEN = (
    update(sign_ins)
    .where(sign_ins.c.cookie_hash == bindparam("key"))
    .values(last_seen_at=bindparam("at"), expires_at=bindparam("until"))
)
_REMOVE = delete(sign_ins).where(sign_ins.c.cookie_hash == bindparam("hash"))
_PURGE = delete(sign_ins).where(sign_ins.c.expires_at < bindparam("now"))


def add(tx: Transaction, sign_in: SignIn) -> None:
    """Remember that a browser proved an identity."""
    tx.run(
        _ADD,
        cookie_hash=sign_in.cookie_hash,
        provider=sign_in.identity.provider,
        subject=sign_in.identity.subject,
        authenticated_at=sign_in.authenticated_at,
        last_seen_at=sign_in.last_seen_at,
        expires_at=sign_in.expires_at,
        state=dict(sign_in.state),
    )


def get(tx: Transaction, cookie_hash: str, *, now: datetime) -> SignIn | None:
    """The sign-in of this cookie, unless it has expired."""
    row = tx.one(_GET, hash=cookie_hash, now=now)
    return None if row is None else _sign_in(row)


def see(tx: Transaction, cookie_hash: str, *, at: datetime, until: datetime) -> None:
    """Note that the browser was here, which puts the end off."""
    tx.run(_SEEN, key=cookie_hash, at=at, until=until)


def remove(tx: Transaction, cookie_hash: str) -> bool:
    """Sign the browser out; whether it was signed in."""
    return tx.run(_REMOVE, hash=cookie_hash) == 1


def purge(tx: Transaction, *, now: datetime) -> int:
    """Forget what has expired; how many."""
    return tx.run(_PURGE, now=now)


def _sign_in(row: Row[Any]) -> SignIn:
    return SignIn(
        cookie_hash=row.cookie_hash,
        identity=Identity(row.provider, row.subject),
        authenticated_at=row.authenticated_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
        state=row.state,
    )
