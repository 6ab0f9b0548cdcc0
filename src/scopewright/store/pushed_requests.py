"""Pushed authorization requests; taken once, by the client that pushed them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, insert

from scopewright.core.pushed_requests import Parameters, PushedRequest
from scopewright.store.database import Transaction
from scopewright.store.schema import pushed_requests

_ADD = insert(pushed_requests)
_TAKE = (
    delete(pushed_requests)
    .where(
        pushed_requests.c.id == bindparam("key"),
        pushed_requests.c.client_id == bindparam("client"),
        pushed_requests.c.expires_at > bindparam("now"),
    )
    .returning(pushed_requests.c.parameters)
)
_PURGE = delete(pushed_requests).where(pushed_requests.c.expires_at < bindparam("now"))


def add(tx: Transaction, pushed: PushedRequest) -> None:
    """Remember a request until its browser comes."""
    tx.run(
        _ADD,
        id=pushed.id,
        workspace_id=pushed.workspace_id,
        client_id=pushed.client_id,
        parameters=[list(pair) for pair in pushed.parameters],
        created_at=pushed.created_at,
        expires_at=pushed.expires_at,
    )


def take(tx: Transaction, id: str, *, client_id: str, now: datetime) -> Parameters | None:
    """What this client has pushed under this id, which is gone then. Of many, one gets it."""
    row = tx.one(_TAKE, key=id, client=client_id, now=now)
    return None if row is None else [(name, value) for name, value in row.parameters]


def purge(tx: Transaction, *, now: datetime) -> int:
    """Forget what nobody came for; how many."""
    return tx.run(_PURGE, now=now)
