"""Recurring work, done by one process of all: rotate old keys, forget what has expired."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scopewright import ids, log
from scopewright.core.model import ChangeKind
from scopewright.store import (
    api_keys,
    authorizations,
    changes,
    clients,
    device_authorizations,
    invitations,
    issued_tokens,
    jtis,
    leases,
    limits,
    logout_notices,
    magic_links,
    principals,
    pushed_requests,
    registration_tokens,
    sessions,
    sign_ins,
    signing_keys,
    upstream_sign_ins,
    workspaces,
)
from scopewright.store.database import Database, Transaction

LEASE = "upkeep"
RENEW_SECONDS = 10.0
LEASE_TIME = timedelta(seconds=30)
EVERY = timedelta(minutes=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
MONTH = timedelta(days=30)
MOST_AT_ONCE = 100  # clients, whose workspaces are locked meanwhile

# What each forgets is useless already, so the order is no matter.
PURGES: tuple[Callable[[Transaction, datetime], int], ...] = (
    lambda tx, now: authorizations.purge(tx, before=now - DAY),
    lambda tx, now: device_authorizations.purge(tx, before=now - DAY),
    lambda tx, now: magic_links.purge(tx, before=now - DAY),
    lambda tx, now: sign_ins.purge(tx, now=now),
    lambda tx, now: upstream_sign_ins.purge(tx, now=now),
    lambda tx, now: limits.purge(tx, now=now),
    lambda tx, now: invitations.purge(tx, before=now - WEEK),
    lambda tx, now: registration_tokens.purge(tx, now=now),
    lambda tx, now: logout_notices.purge(tx, before=now - DAY),
    lambda tx, now: pushed_requests.purge(tx, now=now),
    lambda tx, now: jtis.purge(tx, before=now),
    lambda tx, now: issued_tokens.purge(tx, before=now - DAY),
    lambda tx, now: changes.purge(tx, before=now - WEEK, now=now),
    lambda tx, now: sessions.purge(tx, before=now - WEEK),
    lambda tx, now: api_keys.purge(tx, before=now - WEEK),
)


@dataclass(slots=True)
class Rounds:
    """A thread that does some work again and again, with a pause of so many seconds."""

    name: str
    pause: float
    work: Callable[[], object]
    _stopping: threading.Event = field(init=False, default_factory=threading.Event)
    _thread: threading.Thread | None = field(init=False, default=None)

    def start(self) -> None:
        """Begin; the process may end without waiting for it."""
        self._thread = threading.Thread(target=self._go_round, name=self.name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the round at hand."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _go_round(self) -> None:
        while not self._stopping.is_set():
            try:
                self.work()
            except Exception:  # the next round may find the database in a better state
                log.logger().exception("round failed", work=self.name)
            self._stopping.wait(self.pause)


@dataclass(slots=True)
class Upkeep:
    """Is done by whichever process holds the lease."""

    database: Database
    rotate_old_keys: Callable[[datetime], None]
    _holder: str = field(init=False, default_factory=lambda: ids.new_id("up"))
    _done_at: datetime | None = field(init=False, default=None)

    def run(self, now: datetime) -> None:
        """All of the work, once. Doing it twice, or in two processes at once, does no harm."""
        self.rotate_old_keys(now)
        with self.database.write() as tx:
            for workspace_id in signing_keys.forgettable(tx, now=now):
                kind = ChangeKind.SIGNING_KEY
                workspaces.touch(tx, workspace_id, kind, workspace_id, at=now)
            signing_keys.purge(tx, now=now)
        self._forget_unused_clients(now)
        for purge in PURGES:
            with self.database.write() as tx:
                purge(tx, now)

    def _forget_unused_clients(self, now: datetime) -> None:
        """Of those that came by themselves; whoever is still there may come again."""
        with self.database.write() as tx:
            for workspace_id, id in clients.unused(tx, before=now - MONTH, limit=MOST_AT_ONCE):
                workspaces.touch_revoking(tx, workspace_id, ChangeKind.CLIENT, id, at=now)
                principals.remove(tx, id)

    def run_if_due(self, now: datetime) -> bool:
        """Renew the lease, and do the work if it is ours and long enough ago; whether it was."""
        with self.database.write() as tx:
            until = now + LEASE_TIME
            if not leases.take(tx, LEASE, holder=self._holder, now=now, until=until):
                return False
        if self._done_at is not None and now < self._done_at + EVERY:
            return False
        self.run(now)
        self._done_at = now
        return True
