"""Browsers at applications' hosts, by the hash of the gateway's cookie there."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, insert, select

from scopewright.core.gateway_sessions import GatewaySession
from scopewright.store import sessions
from scopewright.store.database import Transaction
from scopewright.store.schema import gateway_sessions

_ADD = insert(gateway_sessions)
_GET = select(gateway_sessions).where(gateway_sessions.c.cookie_hash == bindparam("hash"))


def add(tx: Transaction, browser: GatewaySession, *, cookie_hash: str, at: datetime) -> None:
    """Remember a browser's cookie; it is forgotten with its session and its application."""
    tx.run(
        _ADD,
        cookie_hash=cookie_hash,
        workspace_id=browser.session.workspace_id,
        session_id=browser.session.id,
        application_id=browser.application_id,
        host=browser.host,
        created_at=at,
    )


def get(tx: Transaction, cookie_hash: str) -> GatewaySession | None:
    """The browser of this cookie, its session live or not."""
    row = tx.one(_GET, hash=cookie_hash)
    if row is None:
        return None
    session = sessions.get(tx, row.session_id)
    assert session is not None  # it would have taken the row with it
    return GatewaySession(session, row.application_id, row.host)
