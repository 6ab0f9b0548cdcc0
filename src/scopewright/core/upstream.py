"""Signing in at another OpenID provider: what is asked of it, and what its answers must say.

This server is the relying party here (OpenID Connect Core §3.1, RFC 7636, RFC 9207).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeGuard
from urllib.parse import urlencode, urlsplit

from scopewright.core import base64url
from scopewright.core.errors import Forbidden, Malformed, ScopewrightError
from scopewright.core.id_tokens import half_hash

LEEWAY = timedelta(seconds=60)  # how far the other's clock may be off
AWAY = timedelta(minutes=10)  # how long a browser may stay away
LONGEST_SUBJECT = 255  # OpenID Connect Core §2
_URL = re.compile(r"https://[^\x00-\x20\x7f-\U0010ffff\\#\"<>;]+")  # it goes into a header too
DENIED = "access_denied"  # RFC 6749 §4.1.2.1
WELL_KNOWN = "/.well-known/openid-configuration"


class Unbelievable(Malformed):
    """What came back is not what was asked for; `cause` is for the log alone."""

    def __init__(self, cause: str) -> None:
        super().__init__("The sign-in there did not work. Start again.", cause=cause)


class Declined(Unbelievable):
    """The person was asked there, and has said no."""


@dataclass(frozen=True, slots=True)
class UpstreamSignIn:
    """A browser that is away at a provider; it comes back by its state, in time, and once."""

    state_hash: str
    provider: str
    browser_hash: str
    continue_to: str | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Secrets:
    """What one sign-in must know again. Both follow from its state, so neither is stored."""

    verifier: str
    nonce: str


def secrets_of(server_secret: bytes, state: str) -> Secrets:
    """The PKCE verifier (RFC 7636 §4.1) and the nonce of the sign-in with this state."""

    def derived(purpose: str) -> str:
        message = f"upstream:{purpose}:{state}".encode()
        digest = hmac.new(server_secret, message, hashlib.sha256).digest()
        return base64url.encoded(digest)

    return Secrets(derived("verifier"), derived("nonce"))


@dataclass(frozen=True, slots=True)
class Metadata:
    """What of an OpenID provider's document counts here (OpenID Connect Discovery §3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    says_issuer: bool = False
    posts_secret: bool = False


def read_metadata(document: Mapping[str, Any], *, issuer: str) -> Metadata:
    """The document of this issuer.

    Raises:
        Unbelievable: it is another's (§4.3), lacks an endpoint, or has one that is not https.
    """
    if document.get("issuer") != issuer:
        raise Unbelievable("the document is another issuer's")
    return Metadata(
        issuer,
        authorization_endpoint=_endpoint(document, "authorization_endpoint"),
        token_endpoint=_endpoint(document, "token_endpoint"),
        jwks_uri=_endpoint(document, "jwks_uri"),
        says_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        posts_secret=_posts_secret(document),
    )


def _posts_secret(document: Mapping[str, Any]) -> bool:
    """Whether a client's secret goes into the form alone (RFC 6749 §2.3.1); the header is usual."""
    methods = document.get("token_endpoint_auth_methods_supported", ())
    is_list = isinstance(methods, list)
    return is_list and "client_secret_post" in methods and "client_secret_basic" not in methods


def _endpoint(document: Mapping[str, Any], name: str) -> str:
    url = document.get(name)
    if not isinstance(url, str) or _URL.fullmatch(url) is None:
        raise Unbelievable(f"the document has no https {name}")
    return url


@dataclass(frozen=True, slots=True)
class Registered:
    """How this server is known there."""

    client_id: str
    redirect_uri: str
    scope: str


def authorization_url(
    metadata: Metadata, registered: Registered, *, state: str, secrets: Secrets
) -> str:
    """Where the browser is sent (OpenID Connect Core §3.1.2.1, RFC 7636 §4.3)."""
    query = {
        "response_type": "code",
        "client_id": registered.client_id,
        "redirect_uri": registered.redirect_uri,
        "scope": registered.scope,
        "state": state,
        "nonce": secrets.nonce,
        "code_challenge": base64url.sha256(secrets.verifier.encode()),
        "code_challenge_method": "S256",
    }
    joint = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
    return f"{metadata.authorization_endpoint}{joint}{urlencode(query)}"


def code_of(query: Mapping[str, str], metadata: Metadata) -> str:
    """The code that the browser brought back.

    Raises:
        Declined: it brings word that the person would not.
        Unbelievable: it brings an error or no code, or another issuer has sent it (RFC 9207 §2.4).
    """
    said = query.get("iss")
    if said != metadata.issuer and (said is not None or metadata.says_issuer):
        raise Unbelievable("the answer is another issuer's")
    if query.get("error") == DENIED:
        raise Declined("the person has declined")
    if "error" in query:
        raise Unbelievable(f"the answer is an error: {query['error'][:64]!r}")
    if not query.get("code"):
        raise Unbelievable("the answer has no code")
    return query["code"]


def failure_page(url: str, error: ScopewrightError, *, is_away: bool) -> str:
    """An operator's page with a word for what has failed, of those of RFC 6749 §4.1.2.1; no more.

    `is_away`: whoever was to be asked does not answer.
    """
    if is_away:
        code = "temporarily_unavailable"
    else:
        code = DENIED if isinstance(error, Declined | Forbidden) else "invalid_request"
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode({'error': code})}"


@dataclass(frozen=True, slots=True)
class Expected:
    """What an ID token must say."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str | None
    now: datetime


def check_id_token(claims: Mapping[str, Any], expected: Expected) -> str:
    """The subject of an ID token whose signature is good (OpenID Connect Core §3.1.3.7).

    Raises:
        Unbelievable: it is not for this sign-in.
    """
    if claims.get("iss") != expected.issuer:
        raise Unbelievable("iss")
    _check_audience(claims, expected.client_id)
    _check_time(claims, expected.now)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(
        nonce.encode(), expected.nonce.encode()
    ):
        raise Unbelievable("nonce")
    if "at_hash" in claims and claims["at_hash"] != half_hash(expected.access_token or ""):
        raise Unbelievable("at_hash")
    subject = claims.get("sub")
    if not is_subject(subject):
        raise Unbelievable("sub")
    return subject


def is_subject(value: object) -> TypeGuard[str]:
    """Whether this can name somebody for good (§2): not everything can be stored that JSON says."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_SUBJECT and value.isprintable()


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    said = claims.get("aud")
    audiences = said if isinstance(said, list) else [said]
    if client_id not in audiences:
        raise Unbelievable("aud")
    if len(audiences) > 1 and "azp" not in claims:
        raise Unbelievable("several audiences without azp")
    if claims.get("azp", client_id) != client_id:
        raise Unbelievable("azp")


def _check_time(claims: Mapping[str, Any], now: datetime) -> None:
    seconds, leeway = now.timestamp(), LEEWAY.total_seconds()
    ends, made = _number(claims, "exp"), _number(claims, "iat")
    begins = _number(claims, "nbf") if "nbf" in claims else made
    if ends + leeway <= seconds:
        raise Unbelievable("exp")
    if max(begins, made) - leeway > seconds:
        raise Unbelievable("iat or nbf")


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unbelievable(name)
    return value
