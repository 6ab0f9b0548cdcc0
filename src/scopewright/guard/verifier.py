"""Is this token good, here, now? Pure, given the keys: no clock, no network, no memory.

Accepts exactly what RFC 9068 describes and this issuer makes: a compact JWS (RFC 7515 §7.1) of type
`at+jwt`, signed with ES256 or RS256 by a key of the set. Everything looser is refused, because what
two readers read differently is what an attacker sends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeGuard

from scopewright.core.errors import InvalidToken
from scopewright.core.numeric_dates import LATEST
from scopewright.core.scopes import Scopes
from scopewright.guard.jws import KeySet, open_jws, refused

TYPES = ("at+jwt", "application/at+jwt")
EXPIRED = "expired"  # the cause where all is well but the time, of which the holder is told
TOO_OLD = "The access token has expired: refresh it."
_NO_LEEWAY = timedelta(0)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good credential says (RFC 9068 §2.2). `values` holds every claim as it was sent."""

    issuer: str
    subject: str
    audience: tuple[str, ...]
    client_id: str
    scopes: Scopes
    issued_at: datetime
    expires_at: datetime
    token_id: str
    session_id: str | None
    values: Mapping[str, object]


def verify(
    token: str,
    *,
    keys: KeySet,
    issuer: str,
    audience: str,
    now: datetime,
    leeway: timedelta = _NO_LEEWAY,
) -> Claims:
    """The claims of a token that is good for this audience at this moment.

    `leeway` forgives an issuer's clock that runs ahead (`iat`, `nbf`); `exp` is exact.

    Raises:
        UnknownKey: everything may be well, but the set lacks its key.
        InvalidToken: it is not good; `cause` says why, for the log. Only that a token of this
            issuer has expired is told to whoever has it (RFC 6750 §3.1).
    """
    _, values = open_jws(token, keys=keys, types=TYPES)
    claims = _read_claims(values)
    if claims.issuer != issuer:
        raise refused("iss")
    if audience not in claims.audience:
        raise refused("aud")
    _check_time(claims, now=now, leeway=leeway)
    return claims


def _read_claims(values: dict[str, object]) -> Claims:
    scope = values.get("scope", "")
    if not isinstance(scope, str):
        raise refused("scope")
    return Claims(
        issuer=_text(values, "iss"),
        subject=_text(values, "sub"),
        audience=_audience(values.get("aud")),
        client_id=_text(values, "client_id"),
        scopes=frozenset(scope.split(" ")) - {""},
        issued_at=_moment(values, "iat"),
        expires_at=_moment(values, "exp"),
        token_id=_text(values, "jti"),
        session_id=_text(values, "sid") if "sid" in values else None,
        values=values,
    )


def _text(values: dict[str, object], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value or not value.isprintable():
        raise refused(name)
    return value


def _audience(value: object) -> tuple[str, ...]:
    members = [value] if isinstance(value, str) else value
    if not isinstance(members, list) or not all(isinstance(one, str) for one in members):
        raise refused("aud")
    return tuple(members)


def _moment(values: Mapping[str, object], name: str) -> datetime:
    """Whole seconds since 1970; the issuer writes no fractions, so none are read."""
    value = values.get(name)
    if not is_moment(value):
        raise refused(name)
    return datetime.fromtimestamp(value, UTC)


def is_moment(value: object) -> TypeGuard[int]:
    """A NumericDate (RFC 7519 §2) in whole seconds, which a datetime can hold."""
    return type(value) is int and 0 <= value < LATEST


def _check_time(claims: Claims, *, now: datetime, leeway: timedelta) -> None:
    if now >= claims.expires_at:
        raise InvalidToken(TOO_OLD, cause=EXPIRED)
    if claims.issued_at > now + leeway:
        raise refused("iat")
    if "nbf" in claims.values and _moment(claims.values, "nbf") > now + leeway:
        raise refused("nbf")
