"""The guard of one resource server: a credential in, `Claims` out, or a refusal that says why.

Signed tokens are verified here, without asking anybody; API keys and opaque tokens are asked about.
What was verified before is remembered until it expires, and is still held against the revocation
feed and the issuer's present keys each time.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import anyio.to_thread
import httpx

from scopewright.clock import Clock, system_clock
from scopewright.core.errors import ScopewrightError, Unauthenticated
from scopewright.core.scopes import Scopes
from scopewright.guard.fetch import Fetcher, checked_issuer
from scopewright.guard.introspection import Introspection
from scopewright.guard.jwks import Jwks
from scopewright.guard.memory import Memory, fingerprint
from scopewright.guard.metadata import metadata, metadata_path, metadata_url
from scopewright.guard.refusals import InsufficientScope, Refusal, WouldWait, refusal
from scopewright.guard.revocations import Marks, Revocations, marks
from scopewright.guard.rules import scope_names
from scopewright.guard.verifier import (
    LARGEST_TOKEN,
    Claims,
    KeySet,
    UnknownKey,
    refused,
    verify,
)

_LARGEST_FEED = 32 * 1024 * 1024  # some 200,000 entries
_SCHEMES = ("bearer", "apikey")


@dataclass(frozen=True, slots=True)
class Policy:
    """How a guard behaves; the defaults suit a service near its issuer.

    `revocations` is how often the feed is polled (None: not at all); with `revocations_limit`,
    tokens are answered 503 once the feed was not heard for longer. `timeout` is in seconds. `http`
    is a client of your own (a proxy, a private certificate authority), which you close yourself.
    """

    leeway: timedelta = timedelta(seconds=5)
    timeout: float = 5.0
    keys_stale: timedelta = timedelta(hours=6)
    keys_cool_down: timedelta = timedelta(seconds=10)
    introspection_kept: timedelta = timedelta(seconds=5)
    revocations: timedelta | None = None
    revocations_limit: timedelta | None = None
    remembered: int = 10_000
    http: httpx.Client | None = None

    def __post_init__(self) -> None:
        if self.introspection_kept > timedelta(seconds=30):
            raise ValueError("a revoked key would be believed too long: 30 seconds at most")


@dataclass(frozen=True, slots=True)
class _Seen:
    claims: Claims
    keys: KeySet
    marks: Marks


class Guard:
    """One for each pair of issuer and audience; make it once and share it among threads.

    `audience` is the workspace's UUID or this resource's URI. `credential` (an API key, or
    `client_id:secret`) lets it ask about API keys; without one they are refused. `resource` is this
    service's own URL, for its metadata (RFC 9728).
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        credential: str | None = None,
        resource: str | None = None,
        policy: Policy | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self.issuer, self.audience, self.resource = checked_issuer(issuer), audience, resource
        self.policy, self._clock = policy or Policy(), clock
        self._http = self.policy.http or httpx.Client()
        self._fetcher = Fetcher(self._http, within=self.policy.timeout)
        self._seen: Memory[_Seen] = Memory(self.policy.remembered)
        self._jwks = Jwks(
            f"{issuer}/jwks",
            self._fetcher,
            clock=clock,
            stale=self.policy.keys_stale,
            cool_down=self.policy.keys_cool_down,
        )
        self._introspection = credential and self._introspects(credential)
        self.revocations = self.policy.revocations and self._follows(self.policy.revocations)

    def verify(self, token: str, *, may_wait: bool = True) -> Claims:
        """Whoever presents this credential.

        Raises:
            InvalidToken: it is not good here; `cause` says why, for the log.
            Unavailable: that cannot be told now.
            WouldWait: it takes a question to the issuer, and `may_wait` is False.
        """
        if "." in token:
            return self._verify_signed(token, may_wait=may_wait)
        if not self._introspection or len(token) > LARGEST_TOKEN:
            raise refused("opaque")
        return self._introspection.ask(token, audience=self.audience, may_wait=may_wait)

    def check(
        self, authorization: str | None, scopes: Scopes = frozenset(), *, may_wait: bool = True
    ) -> Claims:
        """Whoever sends this `Authorization` header, if all these scopes are held.

        Raises:
            Unauthenticated: there is no header.
            InsufficientScope: a scope is missing; `missing` names it.
            InvalidToken, Unavailable, WouldWait: as `verify`.
        """
        if not authorization:
            raise Unauthenticated("A credential is needed.", cause="no credential")
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() not in _SCHEMES or not token or not token.isascii() or " " in token:
            raise refused("authorization header")
        claims = self.verify(token, may_wait=may_wait)
        missing = scopes - claims.scopes
        if missing:
            raise InsufficientScope(needed=scopes, missing=missing)
        return claims

    async def check_async(self, authorization: str | None, scopes: Scopes = frozenset()) -> Claims:
        """As `check`; only a question to the issuer leaves the event loop, for a thread."""
        try:
            return self.check(authorization, scopes, may_wait=False)
        except WouldWait:
            return await anyio.to_thread.run_sync(partial(self.check, authorization, scopes))

    def requires(self, *scopes: str) -> Callable[[Any], Awaitable[Claims]]:
        """A dependency for FastAPI (`Depends(guard.requires("sensor:read"))`), answering `Claims`.

        Without a scope: any credential that is good here.
        """
        # Starlette is the application's own: needed only where it is used.
        from scopewright.guard.starlette import dependency  # noqa: PLC0415

        return dependency(self, scope_names(scopes))

    def refusal(self, error: ScopewrightError) -> Refusal:
        """What to answer to an error of `check`."""
        url = metadata_url(self.resource) if self.resource else None
        return refusal(error, metadata_url=url)

    def metadata(self, scopes: Scopes = frozenset()) -> tuple[str | None, bytes]:
        """Path and content of this service's metadata (RFC 9728); no path without a `resource`."""
        if self.resource is None:
            return None, b""
        document = metadata(self.resource, issuer=self.issuer, scopes=scopes)
        return metadata_path(self.resource), json.dumps(document).encode()

    def close(self) -> None:
        """Stops following the feed and closes the connections."""
        if self.revocations:
            self.revocations.stop()
        if self._http is not self.policy.http:
            self._http.close()

    def _verify_signed(self, token: str, *, may_wait: bool) -> Claims:
        if len(token) > LARGEST_TOKEN:
            raise refused("size")
        feed = self.revocations
        if feed:
            feed.ready(may_wait=may_wait)
        keys = self._jwks.current(may_wait=may_wait)
        key = fingerprint(token)
        seen = self._seen.get(key)
        if seen is None or seen.keys is not keys or self._clock() >= seen.claims.expires_at:
            seen = self._first_sight(token, keys, may_wait=may_wait)
            self._seen.keep(key, seen)
        if feed and feed.includes(seen.marks, seen.claims.issued_at):
            raise refused("revoked")
        return seen.claims

    def _first_sight(self, token: str, keys: KeySet, *, may_wait: bool) -> _Seen:
        check = partial(
            verify,
            token,
            issuer=self.issuer,
            audience=self.audience,
            now=self._clock(),
            leeway=self.policy.leeway,
        )
        try:
            claims = check(keys=keys)
        except UnknownKey:
            keys = self._jwks.newer_than(keys, may_wait=may_wait)
            claims = check(keys=keys)
        return _Seen(claims, keys, marks(claims))

    def _introspects(self, credential: str) -> Introspection:
        return Introspection(
            self.issuer,
            self._fetcher,
            credential=credential,
            clock=self._clock,
            kept=self.policy.introspection_kept,
        )

    def _follows(self, every: timedelta) -> Revocations:
        return Revocations(
            f"{self.issuer}/revocations",
            replace(self._fetcher, largest=_LARGEST_FEED),
            clock=self._clock,
            every=every,
            limit=self.policy.revocations_limit,
        )
