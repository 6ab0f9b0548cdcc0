"""The protocol's vocabulary: grant types, redirect URIs, PKCE."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from scopewright.core import base64url
from scopewright.core.errors import (
    Invalid,
    InvalidGrant,
    InvalidRedirect,
    InvalidRequest,
)
from scopewright.core.model import Client, ClientType, ScopeDefault, TokenOverrides

AUTHORIZATION_CODE = "authorization_code"
REFRESH_TOKEN = "refresh_token"
CLIENT_CREDENTIALS = "client_credentials"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

# What a type may use unless told otherwise, and what it may be told to use besides.
GRANTS_OF_TYPE: dict[ClientType, frozenset[str]] = {
    ClientType.PKCE: frozenset({AUTHORIZATION_CODE, REFRESH_TOKEN}),
    ClientType.AUTHORIZATION_CODE: frozenset({AUTHORIZATION_CODE, REFRESH_TOKEN}),
    ClientType.CLIENT_CREDENTIALS: frozenset({CLIENT_CREDENTIALS}),
    ClientType.DEVICE: frozenset({DEVICE_CODE, REFRESH_TOKEN}),
}
GRANTS_ON_REQUEST: dict[ClientType, frozenset[str]] = {
    ClientType.PKCE: frozenset({DEVICE_CODE}),
    ClientType.AUTHORIZATION_CODE: frozenset({DEVICE_CODE, TOKEN_EXCHANGE}),
    ClientType.CLIENT_CREDENTIALS: frozenset({TOKEN_EXCHANGE}),
    ClientType.DEVICE: frozenset(),
}
# An assertion needs no leave of its client's: whoever trusts its issuer has named the client.
GRANT_TYPES = frozenset({JWT_BEARER}).union(*GRANTS_OF_TYPE.values(), *GRANTS_ON_REQUEST.values())
USER_FLOWS = frozenset({ClientType.PKCE, ClientType.AUTHORIZATION_CODE})
WRONG_TRIES_A_CODE_SURVIVES = 4
CODE_LIFETIME = timedelta(seconds=60)  # at most ten minutes (RFC 6749 §4.1.2)

_CODE_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_CODE_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_UNSAFE_IN_URI = re.compile(r"[^\x21-\x7e]|[\\<>\"{}|^`]")
_LONGEST_URI = 2000
_MOST_REDIRECT_URIS = 20


def issuer_of(public_url: str, workspace_id: str) -> str:
    """The issuer of a workspace's tokens: the URL that its endpoints are under."""
    return f"{public_url}/w/{workspace_id}"


def hash_secret(secret: str) -> str:
    """How a secret is stored. All are 256 bits of randomness, so a fast hash suffices."""
    return hashlib.sha256(secret.encode()).hexdigest()


# --- clients as they may be registered ----------------------------------------------------------


def new_client(id: str, workspace_id: str, *, type: ClientType, at: datetime) -> Client:
    """A client of which nothing is said yet but its type."""
    return Client(
        id=id,
        workspace_id=workspace_id,
        name="",
        type=type,
        redirect_uris=(),
        secrets=(),
        require_pkce=True,
        allow_both_auth_methods=False,
        scope_default=ScopeDefault.HELD,
        grant_types=GRANTS_OF_TYPE[type],
        tokens=TokenOverrides(),
        created_at=at,
    )


def check_registration(client: Client) -> Client:
    """A client whose settings fit its type.

    Raises:
        Invalid: with the setting that does not.
    """
    _check_redirect_uris(client)
    if not client.require_pkce and client.type is not ClientType.AUTHORIZATION_CODE:
        raise Invalid(
            "Only clients of the type authorization_code can do without PKCE.",
            field="require_pkce",
        )
    possible = GRANTS_OF_TYPE[client.type] | GRANTS_ON_REQUEST[client.type]
    if not client.grant_types or not client.grant_types <= possible:
        raise Invalid(f"Choose at least one of {', '.join(sorted(possible))}.", field="grant_types")
    return client


def _check_redirect_uris(client: Client) -> None:
    uris = client.redirect_uris
    if client.type not in USER_FLOWS:
        if uris:
            raise Invalid("A client of this type has no redirect URIs.", field="redirect_uris")
        return
    if not 1 <= len(uris) <= _MOST_REDIRECT_URIS:
        raise Invalid(f"Name 1 to {_MOST_REDIRECT_URIS} redirect URIs.", field="redirect_uris")
    for uri in uris:
        check_redirect_uri(uri)
    if len(set(uris)) < len(uris):
        raise Invalid("A redirect URI stands twice.", field="redirect_uris")


# --- redirect URIs ------------------------------------------------------------------------------


def check_redirect_uri(uri: str, *, field: str = "redirect_uris") -> str:
    """A redirect URI as it may be registered (RFC 6749 §3.1.2, RFC 9700 §4.1, RFC 8252 §7).

    https anywhere; http on this machine only; or an app's own scheme with a dot in it.

    Raises:
        Invalid: with what would be accepted.
    """
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Invalid("This is not a URI.", field=field) from None
    if len(uri) > _LONGEST_URI or _UNSAFE_IN_URI.search(uri) or "*" in uri:
        raise Invalid("A redirect URI is plain ASCII without spaces or wildcards.", field=field)
    if "#" in uri:
        raise Invalid("A redirect URI has no fragment.", field=field)
    if parts.username is not None or parts.password is not None:
        raise Invalid("A redirect URI has no user name.", field=field)
    _check_redirect_scheme(parts.scheme, host, field)
    return uri


def _check_redirect_scheme(scheme: str, host: str | None, field: str) -> None:
    if scheme == "https" and host:
        return
    if scheme == "http" and host in ("127.0.0.1", "::1", "localhost"):
        return
    if "." in scheme:
        return
    raise Invalid(
        "A redirect URI begins with https://, with http:// on the local machine, or with the"
        " reversed domain of an app (com.example.app:/callback).",
        field=field,
    )


def matching_redirect_uri(client: Client, presented: str | None) -> str:
    """The redirect URI to answer at: compared character by character (RFC 9700 §2.1).

    The one exception is the port of http://127.0.0.1 and http://[::1] (RFC 8252 §7.3). A client
    with a single URI may leave it out (RFC 6749 §3.1.2.3).

    Raises:
        InvalidRedirect: nothing may be sent anywhere.
    """
    if presented is None:
        if len(client.redirect_uris) == 1:
            return client.redirect_uris[0]
        raise InvalidRedirect("The redirect_uri is missing.")
    if any(_same_redirect(registered, presented) for registered in client.redirect_uris):
        return presented
    raise InvalidRedirect("The redirect_uri is not registered for this client.")


_LOOPBACK_PORT = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::[0-9]{1,5})?(?=[/?]|\Z)")


def _same_redirect(registered: str, presented: str) -> bool:
    if registered == presented:
        return True
    here, there = _LOOPBACK_PORT.match(registered), _LOOPBACK_PORT.match(presented)
    if here is None or there is None or here[1] != there[1]:
        return False
    return registered[here.end() :] == presented[there.end() :]


# --- PKCE (RFC 7636) ----------------------------------------------------------------------------


def check_code_challenge(client: Client, challenge: str | None, method: str | None) -> str | None:
    """The challenge to remember; S256 only (RFC 7636 §4.3, RFC 9700 §2.1.1).

    Raises:
        InvalidRequest: missing where it is required, or of another method or form.
    """
    if challenge is None:
        if client.require_pkce or method is not None:
            raise InvalidRequest("A code_challenge with code_challenge_method=S256 is required.")
        return None
    if method != "S256":
        raise InvalidRequest("The code_challenge_method must be S256.")
    if _CODE_CHALLENGE.fullmatch(challenge) is None:
        raise InvalidRequest("The code_challenge is not a base64url SHA-256.")
    return challenge


def check_code_verifier(challenge: str | None, verifier: str | None) -> None:
    """Let the code pass if the verifier belongs to its challenge (RFC 7636 §4.6).

    A verifier without a challenge is refused too: somebody stripped the challenge on the way
    (RFC 9700 §2.1.1, PKCE downgrade).

    Raises:
        InvalidGrant: missing, malformed or not the challenge's.
    """
    if challenge is None and verifier is None:
        return
    if challenge is None or verifier is None or _CODE_VERIFIER.fullmatch(verifier) is None:
        raise InvalidGrant("The code_verifier does not fit.")
    if not hmac.compare_digest(base64url.sha256(verifier.encode()), challenge):
        raise InvalidGrant("The code_verifier does not fit.")
