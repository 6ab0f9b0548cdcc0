"""Recurring work, done by one process of all: rotate old keys, forget what has expired."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scopewright import ids, log
from scopewright.clock import Clock
from scopewright.core.model import ChangeKind
from scopewright.store import (
    authorizations,
    changes,
    invitations,
    issued_tokens,
    leases,
    limits,
    magic_links,
    sessions,
    sign_ins,
    signing_keys,
    workspaces,
)
from scopewright.store.database import Database, Transaction

LEASE = "upkeep"
RENEW_SECONDS = 10.0
LEASE_TIME = timedelta(seconds=30)
EVERY = timedelta(minutes=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)

# What each forgets is useless already, so the order is no matter.
PURGES: tuple[Callable[[Transaction, datetime], int], ...] = (
    lambda tx, now: authorizations.purge(tx, before=now - DAY),
    lambda tx, now: magic_links.purge(tx, before=now - DAY),
    lambda tx, now: sign_ins.purge(tx, now=now),
    lambda tx, now: limits.purge(tx, now=now),
    lambda tx, now: invitations.purge(tx, now=now),
    lambda tx, now: issued_tokens.purge(tx, before=now - DAY),
    lambda tx, now: changes.purge(tx, before=now - WEEK, now=now),
    lambda tx, now: sessions.purge(tx, before=now - WEEK),
)


@dataclass(slots=True)
class Upkeep:
    """Runs in a thread of its own, in whichever process holds the lease."""

    database: Database
    clock: Clock
    rotate_old_keys: Callable[[datetime], None]
    _holder: str = field(init=False, default_factory=lambda: ids.new_id("up"))
    _done_at: datetime | None = field(init=False, default=None)
    _stopping: threading.Event = field(init=False, default_factory=threading.Event)
    _thread: threading.Thread | None = field(init=False, default=None)

    def start(self) -> None:
        """Begin; the process may end without waiting for it."""
        self._thread = threading.Thread(target=self._work, name="upkeep", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the job at hand."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def run(self, now: datetime) -> None:
        """All of the work, once. Doing it twice, or in two processes at once, does no harm."""
        self.rotate_old_keys(now)
        with self.database.write() as tx:
            for workspace_id in signing_keys.forgettable(tx, now=now):
                kind = ChangeKind.SIGNING_KEY
                workspaces.touch(tx, workspace_id, kind, workspace_id, at=now)
            signing_keys.purge(tx, now=now)
        for purge in PURGES:
            with self.database.write() as tx:
                purge(tx, now)

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

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self.run_if_due(self.clock())
            except Exception:  # the next round may find the database in a better state
                log.logger().exception("upkeep failed")
            self._stopping.wait(RENEW_SECONDS)
