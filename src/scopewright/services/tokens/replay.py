"""Whoever presents something twice, or somebody else before, has stolen it: the session ends."""

from __future__ import annotations

from datetime import datetime

from scopewright.core import tokens
from scopewright.core.model import ChangeKind, Client
from scopewright.store import audit, sessions, workspaces
from scopewright.store.audit import Actor
from scopewright.store.database import Transaction


def end_replayed(tx: Transaction, client: Client, session_id: str, *, now: datetime) -> None:
    """End the session of a replayed code or refresh token (RFC 9700 §4.14.2)."""
    until = now + tokens.LONGEST_ACCESS
    workspaces.touch(
        tx, client.workspace_id, ChangeKind.SESSION, session_id, at=now, forget_at=until
    )
    if sessions.end(tx, session_id, at=now, why="replayed"):
        by = Actor(client.workspace_id, client.id, via="token")
        audit.record(tx, by, "sessions:revoke", session_id, at=now, why="replayed")
