"""The guard of one resource server: a credential in, `Claims` out, or a refusal that says why.

Signed tokens are verified here, without asking anybody; API keys and opaque tokens are asked about.
What was verified before is remembered until it expires, and is still held against the revocation
feed and the issuer's present keys each time.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

import anyio.to_thread
import httpx

from scopewright.clock import Clock, system_clock
from scopewright.core.errors import ScopewrightError
from scopewright.core.scopes import Scopes
from scopewright.guard.binding import Binding, BoundTokens
from scopewright.guard.dpop import ALGORITHMS
from scopewright.guard.fetch import Fetcher, checked_issuer
from scopewright.guard.introspection import Introspection
from scopewright.guard.jwks import Jwks
from scopewright.guard.jws import LARGEST_TOKEN, KeySet, UnknownKey, refused
from scopewright.guard.memory import Memory, fingerprint
from scopewright.guard.metadata import metadata, metadata_path, metadata_url
from scopewright.guard.possession import NOTHING, Shows
from scopewright.guard.refusals import (
    InsufficientScope,
    NoCredential,
    Refusal,
    WouldWait,
    refusal,
)
from scopewright.guard.revocations import Marks, Revocations, marks
from scopewright.guard.rules import AnyOf, scope_names
from scopewright.guard.step_up import StepUp, step_up_of
from scopewright.guard.verifier import Claims, verify

_LARGEST_FEED = 32 * 1024 * 1024  # some 200,000 entries
_SCHEMES = ("bearer", "apikey", "dpop")


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
    binding: Binding = field(default_factory=Binding)
    http: httpx.Client | None = None

    def __post_init__(self) -> None:
        if self.introspection_kept > timedelta(seconds=30):
            raise ValueError("a revoked key would be believed too long: 30 seconds at most")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was verified before, under which keys; `marks` only where a feed is followed."""

    claims: Claims
    keys: KeySet
    marks: Marks | None


class Guard:
    """One for each pair of issuer and audience; make it once and share it among threads.

    `audience` is the workspace's UUID or this resource's URI. `credential` (an API key, or
    `client_id:secret`) lets it ask about API keys; without one they are refused. `resource` is this
    service's own URL, for its metadata (RFC 9728) and for DPoP proofs, which are for a URL.
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
        self.binding = self.policy.binding
        self._bound = BoundTokens(self.binding, resource=resource, clock=clock)
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
        self,
        authorization: str | None,
        scopes: Scopes = frozenset(),
        *,
        step_up: StepUp | None = None,
        shows: Shows = lambda: NOTHING,
        may_wait: bool = True,
    ) -> Claims:
        """Whoever sends this `Authorization` header, if all these scopes are held.

        `shows` reads what else the request shows, for tokens that are bound to a key.

        Raises:
            NoCredential: there is no header.
            InsufficientScope: a scope is missing; `missing` names it.
            InsufficientAuthentication: the person's own is too old or too weak for `step_up`.
            InvalidDpopProof, UseDpopNonce: the token came under DPoP, without a good proof.
            InvalidToken, Unavailable, WouldWait: as `verify`.
        """
        if not authorization:
            raise NoCredential(scopes)
        scheme, _, token = authorization.partition(" ")
        scheme = scheme.lower()
        if scheme not in _SCHEMES or not token or not token.isascii() or " " in token:
            raise refused("authorization header")
        claims = self.verify(token, may_wait=may_wait)
        if scheme == "dpop" or "cnf" in claims.values or self.binding.dpop_required:
            self._bound.check(token, claims, shows(), is_under_dpop=scheme == "dpop")
        missing = scopes - claims.scopes
        if missing:
            raise InsufficientScope(needed=scopes, missing=missing)
        if step_up is not None:
            step_up.check(claims.values, now=self._clock())
        return claims

    async def check_async(
        self,
        authorization: str | None,
        scopes: Scopes = frozenset(),
        *,
        step_up: StepUp | None = None,
        shows: Shows = lambda: NOTHING,
    ) -> Claims:
        """As `check`; only a question to the issuer leaves the event loop, for a thread."""
        check = partial(self.check, authorization, scopes, step_up=step_up, shows=shows)
        try:
            return check(may_wait=False)
        except WouldWait:
            return await anyio.to_thread.run_sync(check)

    def requires(
        self, *scopes: str | AnyOf, max_age: int | None = None, acr_values: Sequence[str] = ()
    ) -> Callable[[Any], Awaitable[Claims]]:
        """A dependency for FastAPI (`Depends(guard.requires("sensor:read"))`), answering `Claims`.

        Without a scope: any credential that is good here. `max_age` (in seconds) and `acr_values`
        ask for a fresh or strong enough sign-in of the person (RFC 9470).
        """
        # Starlette is the application's own: needed only where it is used.
        from scopewright.guard.starlette import dependency  # noqa: PLC0415

        return dependency(self, scope_names(scopes), step_up_of(max_age, acr_values))

    def admits(self, *scopes: str) -> Callable[[Any], Awaitable[Claims | None]]:
        """As `requires`, but who shows no credential passes as None: a policy decides then.

        Raises:
            ValueError: a scope that is for more than reading.
        """
        from scopewright.guard.starlette import admission  # noqa: PLC0415

        return admission(self, frozenset(scopes))

    def refusal(self, error: ScopewrightError, authorization: str | None = None) -> Refusal:
        """What to answer to an error of `check`, for that header."""
        url = metadata_url(self.resource) if self.resource else None
        uses_dpop = self.binding.dpop_required or is_under_dpop(authorization)
        said = refusal(error, metadata_url=url, algs=ALGORITHMS if uses_dpop else ())
        said.headers.update(self.nonce_headers(authorization))
        return said

    def nonce_headers(self, authorization: str | None) -> dict[str, str]:
        """What goes with every answer to a request under DPoP: the next nonce (RFC 9449 §8.2)."""
        nonce = self._bound.fresh_nonce() if is_under_dpop(authorization) else None
        return {} if nonce is None else {"DPoP-Nonce": nonce}

    def metadata(self, scopes: Scopes = frozenset()) -> tuple[str | None, bytes]:
        """Path and content of this service's metadata (RFC 9728); no path without a `resource`."""
        if self.resource is None:
            return None, b""
        document = metadata(
            self.resource,
            issuer=self.issuer,
            scopes=scopes,
            dpop_required=self.binding.dpop_required,
            certificates=self.binding.certificates,
        )
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
        if feed and feed.includes(seen.marks or marks(seen.claims), seen.claims.issued_at):
            raise refused("revoked")
        return seen.claims

    def _first_sight(self, token: str, keys: KeySet, *, may_wait: bool) -> _Seen:
        try:
            claims = self._verified(token, keys)
        except UnknownKey:
            keys = self._jwks.newer_than(keys, may_wait=may_wait)
            claims = self._verified(token, keys)
        return _Seen(claims, keys, marks(claims) if self.revocations else None)

    def _verified(self, token: str, keys: KeySet) -> Claims:
        return verify(
            token,
            keys=keys,
            issuer=self.issuer,
            audience=self.audience,
            now=self._clock(),
            leeway=self.policy.leeway,
        )

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


def is_under_dpop(authorization: str | None) -> bool:
    """Whether this `Authorization` header is of the scheme DPoP (RFC 9449 §7.1)."""
    return authorization is not None and authorization[:5].lower() == "dpop "
