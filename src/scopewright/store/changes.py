"""What changed, by version: for caches to go on from, and as the feed of revocations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, select

from scopewright.core.model import REVOCATIONS, Change, ChangeKind
from scopewright.store.database import Transaction
from scopewright.store.schema import changes

_SINCE = (
    select(changes)
    .where(changes.c.workspace_id == bindparam("workspace_id"))
    .where(changes.c.version > bindparam("after"))
    .order_by(changes.c.version)
    .limit(bindparam("limit"))
)
_REVOKED_SINCE = _SINCE.where(changes.c.kind.in_(sorted(REVOCATIONS))).where(
    changes.c.forget_at > bindparam("now")
)
_IS_REVOKED = (
    select(changes.c.version)
    .where(changes.c.workspace_id == bindparam("workspace_id"))
    .where(changes.c.kind == bindparam("kind"))
    .where(changes.c.subject_id == bindparam("subject_id"))
    .where(changes.c.forget_at.is_not(None))
    .limit(1)
)
_REVOKED_AT = (
    select(func.max(changes.c.at))
    .where(changes.c.workspace_id == bindparam("workspace_id"))
    .where(changes.c.kind.in_([ChangeKind.PRINCIPAL.value, ChangeKind.CLIENT.value]))
    .where(changes.c.subject_id == bindparam("subject_id"))
    .where(changes.c.forget_at.is_not(None))
)
_PURGE = (
    delete(changes)
    .where(changes.c.at < bindparam("before"))
    .where((changes.c.forget_at.is_(None)) | (changes.c.forget_at < bindparam("now")))
)


def since(tx: Transaction, workspace_id: str, *, after: int, limit: int) -> list[Change]:
    """The changes that follow a version, in order."""
    rows = tx.all(_SINCE, workspace_id=workspace_id, after=after, limit=limit)
    return [_change(row) for row in rows]


def revoked_since(
    tx: Transaction, workspace_id: str, *, after: int, now: datetime, limit: int
) -> list[Change]:
    """The revocations after a version that can still matter."""
    rows = tx.all(_REVOKED_SINCE, workspace_id=workspace_id, after=after, now=now, limit=limit)
    return [_change(row) for row in rows]


def is_revoked(tx: Transaction, workspace_id: str, *, kind: ChangeKind, subject_id: str) -> bool:
    """Whether this very thing was revoked."""
    found = tx.scalar(
        _IS_REVOKED, workspace_id=workspace_id, kind=kind.value, subject_id=subject_id
    )
    return found is not None


def revoked_at(tx: Transaction, workspace_id: str, principal_id: str) -> datetime | None:
    """When all that was issued to a principal was last refused; None where that is forgotten."""
    found: datetime | None = tx.scalar(
        _REVOKED_AT, workspace_id=workspace_id, subject_id=principal_id
    )
    return found


def purge(tx: Transaction, *, before: datetime, now: datetime) -> int:
    """Forget what is older than `before` and can revoke nothing any more; how many."""
    return tx.run(_PURGE, before=before, now=now)


def _change(row: Row[Any]) -> Change:
    return Change(
        workspace_id=row.workspace_id,
        version=row.version,
        kind=ChangeKind(row.kind),
        subject_id=row.subject_id,
        at=row.at,
        forget_at=row.forget_at,
    )
