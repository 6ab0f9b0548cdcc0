"""What is asked of an OpenID issuer: its document, the keys of its tokens, and what they say."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from scopewright.core.errors import Invalid
from scopewright.core.upstream import WELL_KNOWN, Metadata, Unbelievable, read_metadata
from scopewright.guard.jws import CLIENT_ALGORITHMS, open_jws, unverified
from scopewright.outbound import Unfetchable
from scopewright.providers.ways import Proven, Surroundings, Unusable

FRESH = timedelta(minutes=10)  # how long an issuer's document is believed
STALE = timedelta(hours=1)  # how long in all, while there is no other
COOL_DOWN = timedelta(seconds=30)
LONGEST_NAME = 255


def issuer_of(issuer: str, well_known_uri: str) -> str:
    """The issuer that one of the two arguments names.

    Raises:
        Invalid: neither does, by https.
    """
    named = issuer or well_known_uri.removesuffix(WELL_KNOWN)
    if not named.startswith("https://") or named == well_known_uri:
        raise Invalid(f"name the issuer by https, or a well_known_uri that ends in {WELL_KNOWN}")
    return named


class Document:
    """The document of one issuer. One thread asks for it at a time, and none too often.

    Whoever presents a token causes it to be asked for: so an issuer that is slow or away is left
    alone for a while.
    """

    def __init__(self, issuer: str, here: Surroundings) -> None:
        self.issuer = issuer
        self._here = here
        self._flight = threading.Lock()
        self._held: tuple[datetime, Metadata] | None = None
        self._next_attempt = datetime.min.replace(tzinfo=UTC)
        self._fault = ""

    def current(self) -> Metadata:
        """What it says now, or said not long ago. May block.

        Raises:
            Unusable: there is none.
        """
        if self._is_younger_than(FRESH) is None:
            with self._flight:
                self._fetch_once()
        held = self._is_younger_than(STALE)
        if held is None:
            raise Unusable(f"its document: {self._fault}")
        return held

    def _is_younger_than(self, age: timedelta) -> Metadata | None:
        held = self._held
        return held[1] if held is not None and self._here.clock() < held[0] + age else None

    def _fetch_once(self) -> None:
        """Fetch, unless another thread just did."""
        now = self._here.clock()
        if now < self._next_attempt:
            return
        self._next_attempt = now + COOL_DOWN
        url = self.issuer.rstrip("/") + WELL_KNOWN
        try:
            document = self._here.fetcher.get(url).json_object()
            self._held = now, read_metadata(document, issuer=self.issuer)
        except (Unfetchable, Unbelievable) as error:
            self._fault = error.cause

    def opened(
        self, token: str, *, types: Sequence[str | None], metadata: Metadata | None = None
    ) -> Mapping[str, Any]:
        """The claims of a token that the issuer has signed; a key that is new is looked for.

        Raises:
            InvalidToken: it is malformed, or not signed so.
            Unusable: the issuer's document or keys cannot be had.
        """
        kid = unverified(token)[0].get("kid")
        jwks_uri = (metadata or self.current()).jwks_uri
        try:
            keys = self._here.remote_keys.of(jwks_uri, kid=kid if isinstance(kid, str) else None)
        except Unfetchable as error:
            raise Unusable(f"its keys: {error.cause}") from None
        return open_jws(token, keys=keys, types=types, algorithms=CLIENT_ALGORITHMS)[1]


def proven(
    subject: str,
    claims: Mapping[str, Any],
    *,
    groups_claim: str,
    state_claims: Sequence[str] = (),
) -> Proven:
    """Who the claims of a good token say this is."""
    email, groups = claims.get("email"), claims.get(groups_claim)
    listed = groups if isinstance(groups, list) else [groups]
    named = claims.get("name") or claims.get("preferred_username")
    # Not everything that JSON says can be stored.
    name = named if isinstance(named, str) and named.isprintable() else subject
    return Proven(
        subject,
        name=name[:LONGEST_NAME],
        email=email if isinstance(email, str) else None,
        email_verified=claims.get("email_verified") is True,
        groups=frozenset(one for one in listed if isinstance(one, str)),
        claims=claims,
        state={claim: claims[claim] for claim in state_claims if claim in claims},
    )
