"""Which process does the recurring work: whoever holds the row."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam

from scopewright.store.database import Transaction
from scopewright.store.schema import leases
from scopewright.store.upserts import upsert

_TAKE = upsert(
    leases,
    lambda put: put.values(
        name=bindparam("lease"), holder=bindparam("who"), until=bindparam("end")
    ).on_conflict_do_update(
        index_elements=[leases.c.name],
        set_={"holder": bindparam("who"), "until": bindparam("end")},
        where=(leases.c.holder == bindparam("who")) | (leases.c.until < bindparam("now")),
    ),
)


def take(tx: Transaction, name: str, *, holder: str, now: datetime, until: datetime) -> bool:
    """Take or renew a lease; False while another holds it."""
    statement = _TAKE[tx.connection.dialect.name]
    return tx.run(statement, lease=name, who=holder, now=now, end=until) == 1
