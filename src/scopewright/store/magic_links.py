"""Mailed links and their short codes; used once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select, update

from scopewright.core.model import MagicLink
from scopewright.store.database import Transaction
from scopewright.store.schema import magic_links

_LIVE = (magic_links.c.used_at.is_(None), magic_links.c.expires_at > bindparam("now"))
_ADD = insert(magic_links)
_BY_HASH = select(magic_links).where(magic_links.c.hash == bindparam("hash"))
_OF_BROWSER = (
    select(magic_links)
    .where(magic_links.c.browser_hash == bindparam("browser"), *_LIVE)
    .order_by(magic_links.c.created_at.desc())
)
_USE = (
    update(magic_links)
    .where(magic_links.c.hash == bindparam("key"), *_LIVE)
    .values(used_at=bindparam("now"))
)
_FAIL = (
    update(magic_links)
    .where(magic_links.c.hash == bindparam("key"))
    .values(failures=magic_links.c.failures + 1)
    .returning(magic_links.c.failures)
)
_INVITED_UNTIL = (
    select(magic_links.c.principal_id, func.max(magic_links.c.expires_at).label("until"))
    .where(magic_links.c.principal_id.in_(bindparam("principals", expanding=True)))
    .group_by(magic_links.c.principal_id)
    .having(func.count(magic_links.c.used_at) == 0)
)
_PURGE = delete(magic_links).where(magic_links.c.expires_at < bindparam("before"))


def add(tx: Transaction, link: MagicLink) -> None:
    """Remember a link that is about to be mailed."""
    tx.run(
        _ADD,
        hash=link.hash,
        email=link.email,
        browser_hash=link.browser_hash,
        code_hash=link.code_hash,
        continue_to=link.continue_to,
        created_at=link.created_at,
        expires_at=link.expires_at,
        failures=0,
        principal_id=link.principal_id,
    )


def get(tx: Transaction, hash: str) -> MagicLink | None:
    """The link with this hash, whether it still works or not."""
    row = tx.one(_BY_HASH, hash=hash)
    return None if row is None else _link(row)


def of_browser(tx: Transaction, browser_hash: str, *, now: datetime) -> list[MagicLink]:
    """The links that still work and were asked for in this browser, newest first."""
    return [_link(row) for row in tx.all(_OF_BROWSER, browser=browser_hash, now=now)]


def invited_until(tx: Transaction, principal_ids: Sequence[str]) -> dict[str, datetime]:
    """Until when the links that invite end-users work or worked, of those who have used none."""
    found = tx.all(_INVITED_UNTIL, principals=list(principal_ids))
    return {row.principal_id: row.until for row in found}


def use(tx: Transaction, hash: str, *, now: datetime) -> bool:
    """Use a link up. Of many callers, one gets True."""
    return tx.run(_USE, key=hash, now=now) == 1


def fail(tx: Transaction, hash: str) -> int:
    """Count a wrong code or address; how many there were."""
    return int(tx.scalar(_FAIL, key=hash) or 0)


def purge(tx: Transaction, *, before: datetime) -> int:
    """Forget links that expired before; how many."""
    return tx.run(_PURGE, before=before)


def _link(row: Row[Any]) -> MagicLink:
    return MagicLink(
        hash=row.hash,
        email=row.email,
        browser_hash=row.browser_hash,
        code_hash=row.code_hash,
        continue_to=row.continue_to,
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        principal_id=row.principal_id,
    )
