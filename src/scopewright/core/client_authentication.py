"""Who a client is: what it presents, and whether that proves it (RFC 6749 §2.3)."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from scopewright.core import base64url
from scopewright.core.errors import InvalidClient, InvalidGrant, InvalidRequest
from scopewright.core.model import Client
from scopewright.core.numeric_dates import moment
from scopewright.core.oauth import REFRESH_TOKEN, hash_secret

NONE = "none"
SECRET_BASIC, SECRET_POST = "client_secret_basic", "client_secret_post"
PRIVATE_KEY_JWT = "private_key_jwt"
TLS, SELF_SIGNED_TLS = "tls_client_auth", "self_signed_tls_client_auth"

# `client_secret_jwt` is none of them: the server would have to keep secrets in clear.
SECRET_METHODS = frozenset({SECRET_BASIC, SECRET_POST})
TLS_METHODS = frozenset({TLS, SELF_SIGNED_TLS})
KEY_METHODS = TLS_METHODS | {PRIVATE_KEY_JWT}
METHODS = (SECRET_BASIC, SECRET_POST, PRIVATE_KEY_JWT, TLS, SELF_SIGNED_TLS, NONE)

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Clients' libraries sign for as long as an hour ahead; each assertion counts once all the same.
LONGEST_ASSERTION = timedelta(hours=1)
AHEAD = timedelta(seconds=10)  # how far a client's clock may run before ours

_NOBODY = "0" * 64
_NO_METHOD = frozenset({NONE})


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate, in DER, whose key its holder has proven in a TLS handshake.

    `is_trusted` says that the handshake also checked who issued it; else that is still to be done.
    """

    der: bytes
    is_trusted: bool = False

    @property
    def thumbprint(self) -> str:
        """The value of `x5t#S256` (RFC 8705 §3.1)."""
        return base64url.sha256(self.der)


@dataclass(slots=True)  # not frozen: that would cost the hottest path as much as its parsing
class ClientCredential:
    """What a client presented: its id, and a secret, assertion or certificate if any.

    `methods` are those that the request itself shows: a certificate is there by `none`.
    """

    client_id: str
    secret: str | None = None
    methods: frozenset[str] = frozenset({NONE})
    assertion: str | None = None
    certificate: ClientCertificate | None = None

    @property
    def shows_key(self) -> bool:
        return self.assertion is not None or self.certificate is not None


def authenticate(
    client: Client | None,
    credential: ClientCredential,
    *,
    now: datetime,
    grant_type: str | None = None,
    has_proven_key: bool = False,
) -> Client:
    """The client, if the credential proves it. An unknown client costs the same comparisons.

    `has_proven_key` says that the assertion or certificate is this client's by the method that it
    has registered.

    Raises:
        InvalidClient: unknown client, wrong or missing proof, or another method than its own.
        InvalidGrant: an unknown client refreshes: it was deleted, and its sessions with it.
        InvalidRequest: two methods at once (RFC 6749 §2.3).
    """
    presented = hash_secret(credential.secret or "")
    known = [secret.hash for secret in client.secrets if secret.is_live(now)] if client else []
    matches = [hmac.compare_digest(presented, stored) for stored in (known or [_NOBODY])]
    if client is None and grant_type == REFRESH_TOKEN:
        raise InvalidGrant("The refresh token is not valid.")
    if client is None:
        raise InvalidClient("Client authentication failed.")
    if len(credential.methods) > 1 and not (
        client.allow_both_auth_methods and credential.methods == SECRET_METHODS
    ):
        raise InvalidRequest("Use one method of client authentication, not two.")
    knows_secret = any(matches)
    if not _is_proven(client, credential.methods, knows_secret, has_proven_key):
        raise InvalidClient("Client authentication failed.")
    return client


def registered_method(client: Client) -> str | None:
    """The one method that the client has registered; None: the usual ones of its type."""
    return client.registration.token_endpoint_auth_method


def has_secret(client: Client) -> bool:
    """Whether a secret is what proves this client."""
    return client.is_confidential and registered_method(client) in (None, *SECRET_METHODS)


def _is_proven(
    client: Client, methods: frozenset[str], knows_secret: bool, has_proven_key: bool
) -> bool:
    method = registered_method(client)
    if not methods <= _shown(method, client.is_confidential):
        return False
    if methods <= SECRET_METHODS:
        return knows_secret
    if method in KEY_METHODS:
        return has_proven_key
    return not client.is_confidential and method in (None, NONE)


def _shown(method: str | None, is_confidential: bool) -> frozenset[str]:
    """What the requests of a client with this registered method may show."""
    if method is None:
        return SECRET_METHODS if is_confidential else _NO_METHOD
    if method in TLS_METHODS:
        return _NO_METHOD
    return frozenset({method})


# --- assertions (RFC 7523 §3, OpenID Connect Core §9) -------------------------------------------


@dataclass(frozen=True, slots=True)
class Assertion:
    """What counts of a good assertion: its name, once, and when it is over."""

    jti: str
    expires_at: datetime


def check_assertion(
    claims: Mapping[str, object], *, client_id: str, audiences: tuple[str, ...], now: datetime
) -> Assertion:
    """The assertion of these claims, if it says who this client is, to us, now.

    Every audience that it names has to be ours: what is also meant for somebody else may have been
    asked for by them. The `jti` is required (OpenID Connect Core §9).

    Raises:
        InvalidClient: with the claim as `cause`, for the log.
    """
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise _refused("iss or sub")
    named = claims.get("aud")
    for audience in named if isinstance(named, list) and named else [named]:
        if audience not in audiences:
            raise _refused("aud")
    expires_at = _moment(claims, "exp")
    if not now < expires_at <= now + LONGEST_ASSERTION + AHEAD:
        raise _refused("exp")
    for name in ("nbf", "iat"):
        if name in claims and _moment(claims, name) > now + AHEAD:
            raise _refused(name)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not jti:
        raise _refused("jti")
    return Assertion(jti, expires_at)


def jti_hash(purpose: str, who: str, jti: str) -> str:
    """Under which `store.jtis` remembers that a `jti` of this issuer or client was presented."""
    return sha256(json.dumps([purpose, who, jti]).encode()).hexdigest()


def _moment(claims: Mapping[str, object], name: str) -> datetime:
    found = moment(claims.get(name))
    if found is None:
        raise _refused(name)
    return found


def _refused(cause: str) -> InvalidClient:
    return InvalidClient("Client authentication failed.", cause=cause)
