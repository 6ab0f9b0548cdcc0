"""Whoever presents something twice, or somebody else before, has stolen it: the session ends."""

from __future__ import annotations

from datetime import datetime

from scopewright import ids
from scopewright.core import tokens
from scopewright.core.model import AuditEvent, ChangeKind, Client
from scopewright.store import audit, sessions, workspaces
from scopewright.store.database import Transaction


def end_replayed(tx: Transaction, client: Client, session_id: str, *, now: datetime) -> None:
    """End the session of a replayed code or refresh token (RFC 9700 §4.14.2)."""
    until = now + tokens.LONGEST_ACCESS
    workspaces.touch(
        tx, client.workspace_id, ChangeKind.SESSION, session_id, at=now, forget_at=until
    )
    if sessions.end(tx, session_id, at=now, why="replayed"):
        event = AuditEvent(
            id=ids.new_id("aud"),
            workspace_id=client.workspace_id,
            at=now,
            actor=client.id,
            via="token",
            operation="sessions:revoke",
            target=session_id,
            details={"why": "replayed"},
        )
        audit.add(tx, event)
