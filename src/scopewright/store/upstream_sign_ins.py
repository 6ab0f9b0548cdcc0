"""Browsers that are away at a provider of identities, until they come back; each once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, insert

from scopewright.core.upstream import UpstreamSignIn
from scopewright.store.database import Transaction
from scopewright.store.schema import upstream_sign_ins

_ADD = insert(upstream_sign_ins)
_TAKE = (
    delete(upstream_sign_ins)
    .where(upstream_sign_ins.c.state_hash == bindparam("hash"))
    .returning(*upstream_sign_ins.c)
)
_PURGE = delete(upstream_sign_ins).where(upstream_sign_ins.c.expires_at < bindparam("now"))


def add(tx: Transaction, away: UpstreamSignIn) -> None:
    """Remember that a browser was sent there."""
    tx.run(
        _ADD,
        state_hash=away.state_hash,
        provider=away.provider,
        browser_hash=away.browser_hash,
        continue_to=away.continue_to,
        created_at=away.created_at,
        expires_at=away.expires_at,
    )


def take(tx: Transaction, state_hash: str) -> UpstreamSignIn | None:
    """The sign-in of this state, however old; of many callers, one gets it."""
    row = tx.one(_TAKE, hash=state_hash)
    if row is None:
        return None
    return UpstreamSignIn(
        state_hash=row.state_hash,
        provider=row.provider,
        browser_hash=row.browser_hash,
        continue_to=row.continue_to,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def purge(tx: Transaction, *, now: datetime) -> int:
    """Forget who did not come back in time; how many."""
    return tx.run(_PURGE, now=now)
