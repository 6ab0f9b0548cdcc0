"""Outside issuers whose assertions speak for clients here (RFC 7521, RFC 7523 §3).

A build system or a cluster signs what it knows of a job or pod; a rule says which client that is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from scopewright.core.errors import Invalid, InvalidGrant
from scopewright.core.numeric_dates import moment

LONGEST_ASSERTION = timedelta(hours=1)
LEEWAY = timedelta(seconds=60)  # how far another's clock may be off
MOST_RULES = 100
MOST_CLAIMS = 20
LONGEST_TEXT = 2000
# All assertions of an issuer say the same here, or each something else: no rule can build on them.
_TELLS_NOTHING = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti"})
_UNSAFE = re.compile(r"[^\x21-\x7e]|#")

Scalar = str | int | bool


@dataclass(frozen=True, slots=True)
class Rule:
    """Assertions in which each of these claims stands are the client's: `client_id` is its UUID."""

    claims: Mapping[str, Scalar]
    client_id: str

    def fits(self, said: Mapping[str, Any]) -> bool:
        """Whether every claim stands there exactly so; in a list, whether it is a member."""
        return bool(self.claims) and all(
            name in said and _stands(wanted, said[name]) for name, wanted in self.claims.items()
        )


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """An outside issuer. Its keys are `jwks`, or stand at `jwks_uri`; exactly one is there.

    `is_single_use` refuses an assertion that was presented before.
    """

    id: str
    workspace_id: str
    issuer: str
    audience: str
    jwks_uri: str | None
    jwks: Mapping[str, Any] | None
    rules: tuple[Rule, ...]
    is_single_use: bool
    created_at: datetime

    @property
    def clients(self) -> frozenset[str]:
        """The clients that it can speak for."""
        return frozenset(rule.client_id for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a good assertion says, and for which clients it may speak."""

    subject: str
    expires_at: datetime
    jti: str | None
    clients: frozenset[str]
    claims: Mapping[str, Any]

    def client(self, named: str | None) -> str:
        """The one client that it speaks for; `named` chooses where rules of several fit.

        Raises:
            InvalidGrant: it does not speak for that one, or for none, or nobody chose.
        """
        candidates = self.clients if named is None else self.clients & {named}
        if len(candidates) != 1:
            raise InvalidGrant("The assertion does not speak for one client here.")
        return min(candidates)


def accepted(trusted: TrustedIssuer, said: Mapping[str, Any], *, now: datetime) -> Assertion:
    """What these claims, whose signature is good, are worth here (RFC 7523 §3).

    Raises:
        InvalidGrant: wrong issuer or audience, no subject, too old, too long-lived, not yet good,
            or no rule fits.
    """
    subject, jti = said.get("sub"), said.get("jti")
    if said.get("iss") != trusted.issuer or not is_meant_for(said.get("aud"), trusted.audience):
        raise InvalidGrant("The assertion is not meant for this server.")
    if not isinstance(subject, str) or not subject:
        raise InvalidGrant("The assertion names no subject.")
    if jti is not None and (not isinstance(jti, str) or not jti):
        raise InvalidGrant("The assertion's jti is not a text.")
    expires_at = _checked_times(said, now=now)
    clients = frozenset(rule.client_id for rule in trusted.rules if rule.fits(said))
    if not clients:
        raise InvalidGrant("No rule here fits the assertion.")
    return Assertion(subject, expires_at, jti, clients, said)


def _checked_times(said: Mapping[str, Any], *, now: datetime) -> datetime:
    """When the assertion ends."""
    expires_at = moment(said.get("exp"))
    if expires_at is None or now >= expires_at:
        raise InvalidGrant("The assertion has expired.")
    if expires_at > now + LONGEST_ASSERTION + LEEWAY:
        raise InvalidGrant("The assertion lives too long; an hour is the most.")
    for name in ("iat", "nbf"):
        begins = moment(said.get(name, 0))
        if begins is None or begins > now + LEEWAY:
            raise InvalidGrant("The assertion is not good yet.")
    return expires_at


def is_meant_for(audience: object, expected: str) -> bool:
    """Whether an `aud`, one text or a list (RFC 7519 §4.1.3), has this one in it."""
    return audience == expected or (isinstance(audience, list) and expected in audience)


def _stands(wanted: Scalar, found: object) -> bool:
    """Equal, and of the same type: in JSON `true` is not 1."""
    members = found if isinstance(found, list) else [found]
    return any(type(member) is type(wanted) and member == wanted for member in members)


# --- as they may be set -------------------------------------------------------------------------


def check(trusted: TrustedIssuer) -> TrustedIssuer:
    """A trusted issuer as it may be kept; whether its keys can be read is not known here.

    Raises:
        Invalid: with the member that is refused.
    """
    _check_url("issuer", trusted.issuer)
    if not 0 < len(trusted.audience) <= LONGEST_TEXT:
        raise Invalid("Name the audience that its assertions are made for.", field="audience")
    if (trusted.jwks is None) == (trusted.jwks_uri is None):
        raise Invalid("Give its keys as jwks, or say at which jwks_uri they are.", field="jwks")
    if trusted.jwks_uri is not None:
        _check_url("jwks_uri", trusted.jwks_uri)
    if not 0 < len(trusted.rules) <= MOST_RULES:
        raise Invalid(f"Give 1 to {MOST_RULES} rules.", field="rules")
    for rule in trusted.rules:
        _check_claims(rule.claims)
    return trusted


def _check_claims(claims: Mapping[str, Scalar]) -> None:
    if not 0 < len(claims) <= MOST_CLAIMS:
        raise Invalid(f"A rule demands 1 to {MOST_CLAIMS} claims.", field="rules")
    useless = _TELLS_NOTHING & claims.keys()
    if useless:
        raise Invalid(f"A rule cannot build on the claim {min(useless)}.", field="rules")


def _check_url(field: str, url: str) -> None:
    """An https URL (RFC 8414 §2 for issuers); plain http tells nobody whose keys these are."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme != "https" or _UNSAFE.search(url) or len(url) > LONGEST_TEXT:
        raise Invalid("This is an https URL without a fragment.", field=field)
