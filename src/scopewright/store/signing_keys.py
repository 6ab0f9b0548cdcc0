"""Private keys of workspaces."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from scopewright.core.model import SigningKey
from scopewright.store.database import Transaction
from scopewright.store.schema import signing_keys

_ADD = insert(signing_keys)
_OF_WORKSPACE = (
    select(signing_keys)
    .where(signing_keys.c.workspace_id == bindparam("workspace"))
    .order_by(signing_keys.c.signs_from, signing_keys.c.id)
)
_SIGNING_SINCE = select(signing_keys).where(
    signing_keys.c.retired_at.is_(None), signing_keys.c.signs_from <= bindparam("before")
)
_FORGETTABLE = (
    select(signing_keys.c.workspace_id)
    .where(signing_keys.c.forget_at < bindparam("now"))
    .distinct()
    .order_by(signing_keys.c.workspace_id)
)
_RETIRE = (
    update(signing_keys)
    .where(signing_keys.c.id == bindparam("key"))
    .values(retired_at=bindparam("at"), forget_at=bindparam("forget"))
)
_PURGE = delete(signing_keys).where(signing_keys.c.forget_at < bindparam("now"))


def add(tx: Transaction, key: SigningKey) -> None:
    """Remember a new key; it is published from now on."""
    tx.run(
        _ADD,
        id=key.id,
        workspace_id=key.workspace_id,
        algorithm=key.algorithm,
        private_key=key.private_key,
        public_jwk=key.public_jwk,
        published_at=key.published_at,
        signs_from=key.signs_from,
        retired_at=key.retired_at,
        forget_at=key.forget_at,
    )


def of_workspace(tx: Transaction, workspace_id: str) -> list[SigningKey]:
    """Every key of a workspace, in the order in which they sign."""
    return [_signing_key(row) for row in tx.all(_OF_WORKSPACE, workspace=workspace_id)]


def without_successor(tx: Transaction, *, before: datetime) -> list[SigningKey]:
    """The keys of all workspaces that have signed since `before` or longer, and go on signing."""
    return [_signing_key(row) for row in tx.all(_SIGNING_SINCE, before=before)]


def forgettable(tx: Transaction, *, now: datetime) -> list[str]:
    """The workspaces with keys that `purge` would forget."""
    return [row.workspace_id for row in tx.all(_FORGETTABLE, now=now)]


def retire(tx: Transaction, id: str, *, at: datetime, forget_at: datetime) -> None:
    """Let a key sign until `at` and verify until `forget_at`."""
    tx.run(_RETIRE, key=id, at=at, forget=forget_at)


def purge(tx: Transaction, *, now: datetime) -> int:
    """Forget keys by which no token can be signed any more; how many."""
    return tx.run(_PURGE, now=now)


def _signing_key(row: Row[Any]) -> SigningKey:
    return SigningKey(
        id=row.id,
        workspace_id=row.workspace_id,
        algorithm=row.algorithm,
        private_key=row.private_key,
        public_jwk=row.public_jwk,
        published_at=row.published_at,
        signs_from=row.signs_from,
        retired_at=row.retired_at,
        forget_at=row.forget_at,
    )
