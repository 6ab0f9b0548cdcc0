"""What belongs to the whole instance: its secret, and the names fixed at the first start."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from scopewright.store.database import Transaction
from scopewright.store.schema import instance
from scopewright.store.upserts import upsert

_GET = select(instance.c.value).where(instance.c.name == bindparam("key"))
_KEEP = upsert(instance, lambda put: put.on_conflict_do_nothing())


def keep_first(tx: Transaction, name: str, value: str) -> str:
    """The value under this name: this one if none was kept before."""
    tx.run(_KEEP[tx.connection.dialect.name], name=name, value=value)
    return str(tx.scalar(_GET, key=name))
