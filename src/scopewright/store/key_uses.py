"""When API keys were last used: gathered in memory, written down together now and then.

A key may be used thousands of times a second, and each use would else be a commit. What was not
written yet is lost with the process.
"""

from __future__ import annotations

from dataclasses import replace
from threading import Lock

from scopewright.core.key_chain import KeyUse
from scopewright.core.model import ApiKey
from scopewright.store import api_keys
from scopewright.store.database import Database

MOST_KEYS = 50_000  # more at once, and the uses of some are forgotten
WRITE_SECONDS = 60.0


class KeyUses:
    """The uses that one process has seen and not written yet, the last one of each key."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._seen: dict[str, KeyUse] = {}

    def note(self, id: str, use: KeyUse) -> None:
        """See a key being used."""
        with self._lock:
            if id in self._seen or len(self._seen) < MOST_KEYS:
                self._seen[id] = use

    def with_latest(self, key: ApiKey) -> ApiKey:
        """The key with its last use as this process knows it, written or not."""
        use = self._seen.get(key.id)
        if use is None or (key.last_used_at is not None and use.at < key.last_used_at):
            return key
        return replace(
            key, last_used_at=use.at, last_used_from=use.address, last_used_for=use.route
        )

    def write(self) -> None:
        """Write down what was seen since the last time."""
        with self._lock:
            seen, self._seen = self._seen, {}
        if not seen:
            return
        try:
            with self._database.write() as tx:
                api_keys.note_uses(tx, seen)
        except Exception:
            with self._lock:
                self._seen = {**seen, **self._seen}
            raise
