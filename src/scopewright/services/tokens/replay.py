"""Whoever presents something twice, or somebody else before, has stolen it: the session ends."""

from __future__ import annotations

from datetime import datetime

from scopewright.core.model import Client
from scopewright.store import audit, standing
from scopewright.store.audit import Actor
from scopewright.store.database import Transaction


def end_replayed(tx: Transaction, client: Client, session_id: str, *, now: datetime) -> None:
    """End the session of a replayed code or refresh token (RFC 9700 §4.14.2)."""
    if standing.end_session(tx, client.workspace_id, session_id, at=now, why="replayed"):
        by = Actor(client.workspace_id, client.id, via="token")
        audit.record(tx, by, "sessions:revoke", session_id, at=now, why="replayed")
