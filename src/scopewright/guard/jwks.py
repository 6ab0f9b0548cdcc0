"""The issuer's keys: fetched when unknown, kept while fresh, used a while longer in an outage.

One fetch at a time, however many threads ask. A token that names an unknown key causes a fetch, but
never sooner than `cool_down` after the last one, so invented key names cannot hammer the issuer.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from scopewright.clock import Clock
from scopewright.guard.jws import KeySet
from scopewright.guard.refusals import LOG, Unavailable, WouldWait

DEFAULT_FRESH = timedelta(minutes=10)
SHORTEST_FRESH = timedelta(minutes=1)
LONGEST_FRESH = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: the JSON object, its octets, and how long it may be kept."""

    body: bytes
    document: dict[str, Any]
    cache_control: str


class Source(Protocol):
    """Who asks for the document, and within how many seconds."""

    @property
    def within(self) -> float: ...

    def get(self, url: str) -> Answer:
        """Raises Unavailable."""


@dataclass(frozen=True, slots=True)
class _Held:
    keys: KeySet
    body: bytes
    fresh_until: datetime
    usable_until: datetime


class Jwks:
    """The keys at one address. Thread-safe; the same `KeySet` object while nothing has changed."""

    def __init__(
        self,
        url: str,
        fetcher: Source,
        *,
        clock: Clock,
        stale: timedelta,
        cool_down: timedelta,
        read: Callable[[object], KeySet] = KeySet.from_jwks,
    ) -> None:
        self._url, self._fetcher, self._clock = url, fetcher, clock
        self._stale, self._cool_down, self._read = stale, cool_down, read
        self._flight = threading.Lock()
        self._held: _Held | None = None
        self._next_attempt = datetime.min.replace(tzinfo=UTC)

    def current(self, *, may_wait: bool = True) -> KeySet:
        """Keys that may be used now. Only the first caller, or one after a long outage, waits.

        Raises:
            Unavailable: there are none, and none could be fetched.
            WouldWait: a fetch is due and `may_wait` is False.
        """
        now = self._clock()
        held = self._held
        if held is not None and now < held.fresh_until:
            return held.keys
        usable = held is not None and now < held.usable_until
        if now >= self._next_attempt:
            if not may_wait:
                raise WouldWait
            self._fetch_once(now, queue=not usable)
            held = self._held
        if held is None or now >= held.usable_until:
            raise Unavailable("no keys of the issuer")
        return held.keys

    def newer_than(self, known: KeySet, *, may_wait: bool = True) -> KeySet:
        """The keys after one more look, because a token names a key that `known` lacks."""
        now = self._clock()
        held = self._held
        if held is not None and held.keys is known and now >= self._next_attempt:
            if not may_wait:
                raise WouldWait
            self._fetch_once(now, queue=True)
        return self.current(may_wait=may_wait)

    def _fetch_once(self, now: datetime, *, queue: bool) -> None:
        """Fetch, unless another thread does or just did. `queue`: wait for that thread's result."""
        patience = 2 * self._fetcher.within if queue else 0
        if not self._flight.acquire(timeout=patience):
            return
        try:
            if now < self._next_attempt:
                return
            try:
                self._hold(self._fetcher.get(self._url))
            except (Unavailable, ValueError) as error:
                cause = error.cause if isinstance(error, Unavailable) else str(error)
                LOG.warning("the issuer's keys could not be fetched: %s", cause)
            self._next_attempt = self._clock() + self._cool_down
        finally:
            self._flight.release()

    def _hold(self, answer: Answer) -> None:
        now, held = self._clock(), self._held
        same = held is not None and held.body == answer.body
        keys = held.keys if held is not None and same else self._read(answer.document)
        fresh_until = now + fresh_for(answer.cache_control)
        self._held = _Held(keys, answer.body, fresh_until, fresh_until + self._stale)


def fresh_for(cache_control: str) -> timedelta:
    """What `Cache-Control` asks for (RFC 9111 §5.2.2.1), within our bounds."""
    if re.search(r"\bno-(?:store|cache)\b", cache_control):
        return SHORTEST_FRESH
    named = re.search(r"\bmax-age=(\d{1,9})\b", cache_control)
    if named is None:
        return DEFAULT_FRESH
    return min(max(timedelta(seconds=int(named[1])), SHORTEST_FRESH), LONGEST_FRESH)
