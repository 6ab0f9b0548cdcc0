"""Clients that are still to be told of the end of a session."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from scopewright.core.logout import LogoutNotice
from scopewright.core.model import Session
from scopewright.ids import new_id
from scopewright.store import clients
from scopewright.store.database import Transaction
from scopewright.store.schema import logout_notices

_ADD = insert(logout_notices)
_DUE = (
    select(logout_notices)
    .where(logout_notices.c.next_at <= bindparam("now"))
    .order_by(logout_notices.c.next_at)
    .limit(bindparam("most"))
)
_TAKE = (
    update(logout_notices)
    .where(logout_notices.c.id == bindparam("key"), logout_notices.c.tries == bindparam("before"))
    .values(tries=bindparam("after"), next_at=bindparam("at"))
)
_REMOVE = delete(logout_notices).where(logout_notices.c.id == bindparam("id"))
_PURGE = delete(logout_notices).where(logout_notices.c.created_at < bindparam("before"))


def queue(tx: Transaction, session: Session, *, at: datetime) -> None:
    """Have the session's client told, if it has named an address for that."""
    client = clients.get(tx, session.client_id)
    if client is None or client.registration.backchannel_logout_uri is None:
        return
    tx.run(
        _ADD,
        id=new_id("out"),
        workspace_id=session.workspace_id,
        client_id=session.client_id,
        principal_id=session.principal_id,
        session_id=session.id,
        tries=0,
        next_at=at,
        created_at=at,
    )


def due(tx: Transaction, *, now: datetime, most: int) -> list[LogoutNotice]:
    """The notices whose next try has come, those that wait longest first."""
    return [_notice(row) for row in tx.all(_DUE, now=now, most=most)]


def take(tx: Transaction, notice: LogoutNotice, *, at: datetime) -> LogoutNotice | None:
    """Begin the next try. Of many callers one gets the notice, as it is from now on."""
    tried = notice.tried(at=at)
    taken = tx.run(
        _TAKE, key=notice.id, before=notice.tries, after=tried.tries, at=tried.next_at
    )  # fmt: skip
    return tried if taken == 1 else None


def remove(tx: Transaction, id: str) -> None:
    """Forget a notice that is settled."""
    tx.run(_REMOVE, id=id)


def purge(tx: Transaction, *, before: datetime) -> int:
    """Forget what could not be settled since then; how many."""
    return tx.run(_PURGE, before=before)


def _notice(row: Row[Any]) -> LogoutNotice:
    return LogoutNotice(
        id=row.id,
        workspace_id=row.workspace_id,
        client_id=row.client_id,
        principal_id=row.principal_id,
        session_id=row.session_id,
        created_at=row.created_at,
        next_at=row.next_at,
        tries=row.tries,
    )
