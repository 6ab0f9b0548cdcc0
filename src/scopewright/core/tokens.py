"""Token policy: which scopes, how long, which claims, and what a refresh token means now."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from scopewright.core.errors import Invalid, InvalidGrant, InvalidScope
from scopewright.core.model import IssuedToken, RefreshToken, Session, TokenOverrides
from scopewright.core.oauth import CLIENT_CREDENTIALS, JWT_BEARER
from scopewright.core.scopes import NONE, Requested, Scopes, spell
from scopewright.core.spelling import spelled

SIGNING_ALGORITHMS = ("ES256", "RS256")
FOR_ITSELF = frozenset({CLIENT_CREDENTIALS, JWT_BEARER})  # here the client is the principal
LARGE = 4096  # bytes of an access token, from which on it may not fit into a header somewhere
LONGEST_ACCESS = timedelta(days=1)
LONGEST_REFRESH = timedelta(days=400)
LONGEST_SESSION = timedelta(days=3650)
LONGEST_GRACE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """What is in force for a token: the server's settings, the workspace's, the client's."""

    access_lifetime: timedelta = timedelta(hours=1)
    refresh_lifetime: timedelta = timedelta(days=30)
    session_lifetime: timedelta = timedelta(days=365)
    refresh_grace: timedelta = timedelta(seconds=10)
    live_scopes: bool = False
    signing_algorithm: str = "ES256"

    def overridden(self, overrides: TokenOverrides) -> TokenSettings:
        """These settings with one level's differences."""

        def span(seconds: int | None, otherwise: timedelta) -> timedelta:
            return otherwise if seconds is None else timedelta(seconds=seconds)

        live = overrides.live_scopes
        return TokenSettings(
            access_lifetime=span(overrides.access_lifetime, self.access_lifetime),
            refresh_lifetime=span(overrides.refresh_lifetime, self.refresh_lifetime),
            session_lifetime=span(overrides.session_lifetime, self.session_lifetime),
            refresh_grace=span(overrides.refresh_grace, self.refresh_grace),
            live_scopes=self.live_scopes if live is None else live,
            signing_algorithm=overrides.signing_algorithm or self.signing_algorithm,
        )

    def until(self, *, began: datetime, used: datetime) -> datetime:
        """When a session ends that began and was used last then, however often it is used."""
        return min(used + self.refresh_lifetime, began + self.session_lifetime)


def check_overrides(overrides: TokenOverrides) -> TokenOverrides:
    """Differences as they may be set.

    Raises:
        Invalid: a lifetime outside its bounds, or an algorithm not offered.
    """
    _check_seconds("access_lifetime", overrides.access_lifetime, 1, LONGEST_ACCESS)
    _check_seconds("refresh_lifetime", overrides.refresh_lifetime, 1, LONGEST_REFRESH)
    _check_seconds("session_lifetime", overrides.session_lifetime, 1, LONGEST_SESSION)
    _check_seconds("refresh_grace", overrides.refresh_grace, 0, LONGEST_GRACE)
    if overrides.signing_algorithm not in (None, *SIGNING_ALGORITHMS):
        raise Invalid("Choose ES256 or RS256.", field="signing_algorithm")
    return overrides


def _check_seconds(field: str, seconds: int | None, least: int, most: timedelta) -> None:
    if seconds is not None and not least <= seconds <= most.total_seconds():
        raise Invalid(f"Choose {least} to {int(most.total_seconds())} seconds.", field=field)


def decide(grant_type: str, requested: Requested, held: Scopes) -> Scopes:
    """The scopes of the token.

    A client by itself is told when it asks for too much, and gets nothing then; a person's client
    gets what is held of what it asked for. Protocol words are answered back to people's clients.

    Raises:
        InvalidScope: a client by itself asked for a scope that is not granted.
    """
    if grant_type not in FOR_ITSELF:
        return requested.within(held) | requested.protocol
    beyond = requested.beyond(held) | requested.protocol
    if beyond:
        raise InvalidScope("A requested scope is not granted to this client.")
    return requested.within(held)


def check_refresh_scope(asked: Requested, session: Session) -> Requested:
    """What a refresh asks for: the session's request, or a part of it (RFC 6749 §6).

    Raises:
        InvalidScope: it names what was not asked for at `/authorize`.
    """
    if asked.names is None and not asked.protocol:
        return session.requested
    original = session.requested
    if (asked.names and asked.beyond(original.within(asked.names))) or (
        asked.protocol - original.protocol
    ):
        raise InvalidScope("A refresh may only name scopes that were asked for at first.")
    return Requested(asked.names or NONE, asked.protocol)


def access_claims(
    token: IssuedToken,
    *,
    issuer: str,
    audience: str | list[str],
    client_id: str,
    user: str | None = None,
    authenticated_at: datetime | None = None,
) -> dict[str, Any]:
    """The claims of an access token (RFC 9068 §2.2); times in whole Unix seconds.

    `user` and `authenticated_at` are a person's; a client's own token has neither.
    """
    issued = int(token.issued_at.timestamp())
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": token.principal_id,
        "aud": audience,
        "client_id": client_id,
        "scope": spell(token.scopes),
        "iat": issued,
        "nbf": issued,
        "exp": int(token.expires_at.timestamp()),
        "jti": token.id,
    }
    if user is not None:
        claims["user"] = user
    if token.session_id is not None:
        claims["sid"] = token.session_id
    if authenticated_at is not None:
        claims["auth_time"] = int(authenticated_at.timestamp())
    return claims


# --- refresh tokens -----------------------------------------------------------------------------


def successor(server_secret: bytes, refresh_token: str) -> str:
    """The token that follows this one. Computable again, so a lost answer can be repeated."""
    digest = hmac.new(server_secret, refresh_token.encode(), hashlib.sha256).digest()
    return spelled("swr", digest)


class Use(Enum):
    """What presenting a refresh token means now."""

    ROTATE = "first use: consume it and hand out its successor"
    REPEAT = "used moments ago, successor unused: the same successor again"
    REPLAY = "used before: the session ends"


def use_of(
    token: RefreshToken,
    following: RefreshToken | None,
    *,
    now: datetime,
    grace: timedelta,
) -> Use:
    """Whether this use is the first, a repeated one within the grace, or a replay (RFC 9700 §4.14).

    `following` is the stored successor, None while there is none.
    """
    if token.consumed_at is None:
        return Use.ROTATE
    unused = following is not None and following.consumed_at is None
    if unused and now < token.consumed_at + grace:
        return Use.REPEAT
    return Use.REPLAY


def check_session(
    session: Session | None, *, client_id: str, now: datetime, settings: TokenSettings
) -> Session:
    """The session, if this client may continue it now.

    Raises:
        InvalidGrant: unknown, another client's, ended or expired. Which of these is not told.
    """
    if session is None or session.client_id != client_id or not session.is_active(now):
        raise InvalidGrant("The refresh token is not valid.")
    if settings.until(began=session.created_at, used=now) <= now:  # no longer as it was begun
        raise InvalidGrant("The refresh token is not valid.")
    return session


# --- nothing believed yet -----------------------------------------------------------------------


def unverified_workspace(secret: str) -> str | None:
    """Which workspace a token says it is for; nothing is believed but where to look."""
    return next((one for one in unverified_audience(secret) if ":" not in one), None)


def unverified_audience(secret: str) -> list[str]:
    """For whom a token says it is, nothing of it believed: URIs, and perhaps a workspace."""
    parts = secret.split(".")
    if len(parts) != 3:
        return []
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return []
    named = claims.get("aud") if isinstance(claims, dict) else None
    members = named if isinstance(named, list) else [named]
    # no database takes half a surrogate pair, or NUL, as text
    return [m for m in members if isinstance(m, str) and m.isascii() and "\x00" not in m]
