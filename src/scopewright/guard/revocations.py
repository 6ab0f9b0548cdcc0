"""Follow the revocation feed: what ended before its tokens expired.

The feed names nothing: `key` = base64url(SHA-256(kind ‖ ':' ‖ id)), so only who holds a token can
tell that it is meant. A revoked token, and everything issued to a session, client or principal up
to the moment that one was revoked, is refused; what it is given afterwards is not.
"""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from scopewright.clock import Clock
from scopewright.core import base64url
from scopewright.guard.refusals import LOG, Unavailable, WouldWait
from scopewright.guard.verifier import Claims

if TYPE_CHECKING:
    from scopewright.guard.fetch import Fetcher

Marks = tuple[str, tuple[str, ...]]  # the token's own key; those of what it came from
Times = tuple[datetime, datetime]  # revoked at; may be forgotten at


def feed_key(kind: str, identifier: str) -> str:
    """The name under which the feed speaks of it."""
    return base64url.sha256(f"{kind}:{identifier}".encode())


def marks(claims: Claims) -> Marks:
    """Every key under which this token may have been revoked: its own, and those of its origin."""
    origin = [feed_key("client", claims.client_id), feed_key("principal", claims.subject)]
    if claims.session_id is not None:
        origin.append(feed_key("session", claims.session_id))
    return feed_key("token", claims.token_id), tuple(origin)


class Revocations:
    """Polls the feed every `every`, from a daemon thread of each process that uses it."""

    def __init__(
        self,
        url: str,
        fetcher: Fetcher,
        *,
        clock: Clock,
        every: timedelta,
        limit: timedelta | None,
    ) -> None:
        self._url, self._fetcher, self._clock = url, fetcher, clock
        self._every, self._limit = every, limit
        self._revoked: dict[str, Times] = {}
        self._starting, self._polling = threading.Lock(), threading.Lock()
        self._stopped = threading.Event()
        self._follower: threading.Thread | None = None
        self._process = 0
        self.version = 0
        self.heard_at: datetime | None = None  # when the feed last answered

    def ready(self, *, may_wait: bool = True) -> None:
        """The feed is being followed, and is as fresh as was demanded.

        Raises:
            Unavailable: it was not heard for longer than the limit.
            WouldWait: it was never asked and `may_wait` is False.
        """
        if self._process != os.getpid():  # the first time, and after a fork
            if not may_wait:
                raise WouldWait
            self._start()
        if self._limit is None:
            return
        if self.heard_at is None or self._clock() - self.heard_at > self._limit:
            raise Unavailable("the revocation feed is not heard")

    def includes(self, marked: Marks, issued_at: datetime) -> bool:
        token, origin = marked
        if token in self._revoked:
            return True
        found = (self._revoked.get(key) for key in origin)
        return any(entry is not None and issued_at <= entry[0] for entry in found)

    def poll(self) -> None:
        """Ask the feed what came after what we know, until it has told everything.

        Raises:
            Unavailable: the feed did not answer, or not in its own shape.
        """
        with self._polling:
            now = self._clock()
            version, news = self._ask_for_all(self.version)
            if version < self.version:  # the issuer was restored from a backup
                version, news = self._ask_for_all(0)
            known = {**self._revoked, **news}
            self._revoked = {key: times for key, times in known.items() if now < times[1]}
            self.version, self.heard_at = version, now

    def stop(self) -> None:
        self._stopped.set()
        if self._follower is not None:
            self._follower.join(self._fetcher.within)

    def _ask_for_all(self, after: int) -> tuple[int, dict[str, Times]]:
        """An answer tells a bounded number; each goes on from the version of the one before."""
        version, news = self._ask(after)
        asked = after
        more = news
        while more and version > asked:
            asked = version
            version, more = self._ask(asked)
            news = {**news, **more}
        return version, news

    def _ask(self, after: int) -> tuple[int, dict[str, Times]]:
        answer = self._fetcher.get(self._url, params={"after": after}).document
        try:
            news = {entry["key"]: _times(entry) for entry in answer["data"]}
        except (KeyError, TypeError, ValueError, OverflowError):
            raise Unavailable("the revocation feed has another shape") from None
        version = answer.get("version")
        if type(version) is not int:
            raise Unavailable("the revocation feed has no version")
        return version, news

    def _start(self) -> None:
        with self._starting:
            if self._process == os.getpid():
                return
            self._try_poll()  # nobody passes before the feed was asked once
            self._follower = threading.Thread(target=self._follow, daemon=True)
            self._follower.start()
            self._process = os.getpid()

    def _follow(self) -> None:
        while not self._stopped.wait(self._every.total_seconds()):
            self._try_poll()

    def _try_poll(self) -> None:
        try:
            self.poll()
        except Unavailable as error:
            LOG.warning("the revocation feed could not be read: %s", error.cause)


def _times(entry: dict[str, Any]) -> Times:
    return _moment(entry["at"]), _moment(entry["forget_at"])


def _moment(value: Any) -> datetime:
    """RFC 3339 with its zone, or seconds since 1970."""
    if not isinstance(value, str):
        return datetime.fromtimestamp(value, UTC)
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment
