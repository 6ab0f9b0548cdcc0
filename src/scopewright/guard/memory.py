"""What was decided before, for a bounded number of credentials; the oldest are forgotten first.

Only SHA-256 hashes of credentials are kept, so a memory dump holds none that could be used.
"""

from __future__ import annotations

import threading
from datetime import datetime
from hashlib import sha256
from typing import Generic, TypeVar

from scopewright.guard.refusals import Unavailable

T = TypeVar("T")


def fingerprint(credential: str) -> bytes:
    """32 octets that stand for a credential."""
    return sha256(credential.encode("utf-8", "surrogatepass")).digest()


class Memory(Generic[T]):
    """Reading takes no lock: one dictionary look-up is atomic."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[bytes, T] = {}
        self._writing = threading.Lock()
        self.get = self._known.get

    def keep(self, key: bytes, value: T) -> None:
        with self._writing:
            self._known.pop(key, None)
            while len(self._known) >= self._most:
                del self._known[next(iter(self._known))]
            self._known[key] = value

    def __len__(self) -> int:
        return len(self._known)


class Spent:
    """Names that count once, until their time. It never forgets one sooner: it gets full."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._until: dict[str, datetime] = {}
        self._taking = threading.Lock()

    def take(self, name: str, *, until: datetime, now: datetime) -> bool:
        """Whether nobody has taken this name before.

        Raises:
            Unavailable: too many names are remembered.
        """
        with self._taking:
            while self._until and self._until[oldest := next(iter(self._until))] <= now:
                del self._until[oldest]
            if name in self._until:
                return False
            if len(self._until) >= self._most:
                raise Unavailable("too many DPoP proofs at once")
            self._until[name] = until
            return True

    def __len__(self) -> int:
        return len(self._until)
