"""Counters for rate limits, shared by all processes."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, case, delete

from scopewright.core.attempts import Counted
from scopewright.store.database import Transaction
from scopewright.store.schema import limits
from scopewright.store.upserts import upsert

_OVER = limits.c.resets_at <= bindparam("now")
_COUNT = upsert(
    limits,
    lambda put: (
        put.values(key=bindparam("name"), used=1, resets_at=bindparam("resets"))
        .on_conflict_do_update(
            index_elements=[limits.c.key],
            set_={
                "used": case((_OVER, 1), else_=limits.c.used + 1),
                "resets_at": case((_OVER, bindparam("resets")), else_=limits.c.resets_at),
            },
        )
        .returning(limits.c.used, limits.c.resets_at)
    ),
)
_PURGE = delete(limits).where(limits.c.resets_at < bindparam("now"))


def count(tx: Transaction, key: str, *, now: datetime, window: timedelta) -> Counted:
    """Count one more under this key, in the window that is open or begins now."""
    row = tx.one(_COUNT[tx.connection.dialect.name], name=key, now=now, resets=now + window)
    assert row is not None  # an upsert that returns always has a row
    return Counted(row.used, row.resets_at)


def purge(tx: Transaction, *, now: datetime) -> int:
    """Forget windows that are over; how many."""
    return tx.run(_PURGE, now=now)
