"""Whether principals may present themselves, and what ends when they may not, or leave."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, update

from scopewright.core.model import ChangeKind, Principal, Session
from scopewright.store import (
    authorizations,
    device_authorizations,
    identities,
    sessions,
    workspaces,
)
from scopewright.store.database import Transaction
from scopewright.store.schema import principals

_SET = (
    update(principals)
    .where(principals.c.id == bindparam("key"))
    .values(disabled_at=bindparam("at"))
)


def disable(tx: Transaction, id: str, *, at: datetime) -> None:
    """Let nothing be accepted any more that a principal presents."""
    tx.run(_SET, key=id, at=at)


def enable(tx: Transaction, id: str) -> None:
    """Let a principal present itself again; what it has ended stays ended."""
    tx.run(_SET, key=id, at=None)


def sign_out(tx: Transaction, person: Principal, *, at: datetime, why: str) -> int:
    """End whatever a person has signed in to here; how many sessions that were.

    Nobody who has a browser of theirs comes in again without proving who they are. Their
    sign-ins count on in other workspaces: they are not this one's to end.
    """
    # Before the sessions are looked up: a code that is being redeemed now is waited for.
    authorizations.deny_of_principal(tx, person.id, at=at)
    device_authorizations.deny_of_principal(tx, person.id, at=at)
    identities.sign_out(tx, person.id, at=at)
    return _end(tx, sessions.of_principal(tx, person.id, now=at), at=at, why=why)


def close(tx: Transaction, client: Principal, *, at: datetime, why: str) -> int:
    """End whatever people have begun through a client; how many sessions that were."""
    authorizations.deny_of_client(tx, client.id, at=at)
    device_authorizations.deny_of_client(tx, client.id, at=at)
    return _end(tx, sessions.through_client(tx, client.id, now=at), at=at, why=why)


def _end(tx: Transaction, active: Iterable[Session], *, at: datetime, why: str) -> int:
    """Each is a change of its own: enabling somebody must not bring one back."""
    return sum(end_session(tx, one.workspace_id, one.id, at=at, why=why) for one in active)


def end_session(tx: Transaction, workspace_id: str, id: str, *, at: datetime, why: str) -> bool:
    """End a session, and with it the access tokens that came of it; whether it was open."""
    workspaces.touch_revoking(tx, workspace_id, ChangeKind.SESSION, id, at=at)
    return sessions.end(tx, id, at=at, why=why)
