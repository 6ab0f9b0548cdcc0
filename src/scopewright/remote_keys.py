"""Public keys that others keep: inline in a client's registration, or at an https URL.

`guard/jwks.py` decides when a set is fetched anew: kept for a minute to an hour as its
`Cache-Control` asks, once more when a `kid` is missing, never sooner than `COOL_DOWN` after the
last attempt, one thread at a time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta

from scopewright.clock import Clock
from scopewright.core.registration import ClientRegistration
from scopewright.guard.jwks import Answer, Jwks
from scopewright.guard.jws import CLIENT_ALGORITHMS, KeySet
from scopewright.guard.refusals import Unavailable, WouldWait
from scopewright.outbound import Fetcher, Unfetchable

COOL_DOWN = timedelta(seconds=30)
STALE = timedelta(minutes=10)
MOST_SETS = 500
MOST_WAITING = 16  # callers: a slow host must not take every thread there is
LARGEST_SET = 64 << 10
ACCEPT = "application/jwk-set+json, application/json"


@dataclass(frozen=True, slots=True)
class _Source:
    """The fetcher as `Jwks` asks it."""

    fetcher: Fetcher

    @property
    def within(self) -> float:
        return self.fetcher.timeout

    def get(self, url: str) -> Answer:
        try:
            fetched = self.fetcher.get(url, accept=ACCEPT, limit=LARGEST_SET)
            return Answer(fetched.body, fetched.json_object(), fetched.cache_control)
        except Unfetchable as error:
            raise Unavailable(f"{url}: {error.cause}") from None


class RemoteKeys:
    """Key sets by their URL; those used least recently are forgotten first. Calls may block."""

    def __init__(self, fetcher: Fetcher, clock: Clock) -> None:
        self._source = _Source(fetcher)
        self._clock = clock
        self._sets: OrderedDict[str, Jwks] = OrderedDict()
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(MOST_WAITING)

    def of(self, jwks_uri: str, *, kid: str | None = None) -> KeySet:
        """The keys at a URL; with a `kid` that they lack, after one more look.

        Raises:
            Unfetchable: there are none, and none could be fetched.
        """
        jwks = self._at(jwks_uri)
        try:
            return _found(jwks, kid, may_wait=False)
        except WouldWait:
            pass
        if not self._places.acquire(blocking=False):
            raise Unfetchable("too many wait for keys")
        try:
            return _found(jwks, kid, may_wait=True)
        finally:
            self._places.release()

    def keys_of(self, registration: ClientRegistration, *, kid: str | None = None) -> KeySet:
        """The keys that a client has registered.

        Raises:
            Unfetchable: it has registered none, or none that is usable or reachable.
        """
        if registration.jwks_uri is not None:
            return self.of(registration.jwks_uri, kid=kid)
        try:
            return read_client_keys(registration.jwks)
        except ValueError as error:
            raise Unfetchable(str(error)) from None

    def _at(self, jwks_uri: str) -> Jwks:
        with self._lock:
            jwks = self._sets.get(jwks_uri)
            if jwks is None:
                jwks = self._sets[jwks_uri] = self._new(jwks_uri)
                if len(self._sets) > MOST_SETS:
                    self._sets.popitem(last=False)
            self._sets.move_to_end(jwks_uri)
            return jwks

    def _new(self, jwks_uri: str) -> Jwks:
        return Jwks(
            jwks_uri,
            self._source,
            clock=self._clock,
            stale=STALE,
            cool_down=COOL_DOWN,
            read=read_client_keys,
        )


def _found(jwks: Jwks, kid: str | None, *, may_wait: bool) -> KeySet:
    try:
        keys = jwks.current(may_wait=may_wait)
        if kid is not None and kid not in keys:
            keys = jwks.newer_than(keys, may_wait=may_wait)
    except Unavailable as error:
        raise Unfetchable(error.cause) from None
    return keys


def read_client_keys(document: object) -> KeySet:
    """The usable keys of a client's or an outside issuer's JWK set; a `kid` may be missing.

    Raises:
        ValueError: as `KeySet.from_jwks`.
    """
    return KeySet.from_jwks(document, algorithms=CLIENT_ALGORITHMS, kid_required=False)
