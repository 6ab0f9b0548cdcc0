"""What may be presented once: assertions, proofs and request objects, by a hash of their name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete

from scopewright.store.database import Transaction
from scopewright.store.schema import jtis
from scopewright.store.upserts import upsert

_TAKE = upsert(jtis, lambda put: put.on_conflict_do_nothing(index_elements=[jtis.c.hash]))
_PURGE = delete(jtis).where(jtis.c.forget_at < bindparam("before"))


def take(tx: Transaction, hash: str, *, forget_at: datetime) -> bool:
    """Spend this name; of all who ever present it one gets True.

    `hash` is of what it names, of who gave the name, and of the name; `forget_at` is when nothing
    that bears it is good any more.
    """
    statement = _TAKE[tx.connection.dialect.name]
    return tx.run(statement, hash=hash, forget_at=forget_at) == 1


def purge(tx: Transaction, *, before: datetime) -> int:
    """Forget what could not be presented any more then; how many."""
    return tx.run(_PURGE, before=before)
