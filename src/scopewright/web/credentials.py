"""Bearer, basic, API key and cookie: from headers to what was presented, still unproven."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from scopewright.core.errors import InvalidClient, InvalidRequest
from scopewright.core.oauth import ClientCredential

SIGN_IN_COOKIE = "scopewright"
LONGEST_CREDENTIAL = 16 * 1024


@dataclass(frozen=True, slots=True)
class Bearer:
    """An access token or the secret of an API key, as it was presented."""

    secret: str

    @property
    def is_api_key(self) -> bool:
        return self.secret.startswith("swk_")


def bearer_of(authorization: str | None) -> Bearer | None:
    """What `Authorization: Bearer …` or `Apikey …` presents (RFC 6750 §2.1); None for others."""
    if authorization is None or len(authorization) > LONGEST_CREDENTIAL:
        return None
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() not in ("bearer", "apikey") or not secret.strip():
        return None
    return Bearer(secret.strip())


def client_credential_of(authorization: str | None, form: Mapping[str, str]) -> ClientCredential:
    """What a client presents: Basic header, form, or both (RFC 6749 §2.3.1).

    Raises:
        InvalidClient: no client id, or a Basic header that cannot be read.
        InvalidRequest: the header and the form name different clients or secrets.
    """
    basic = _basic(authorization)
    posted_id, posted_secret = form.get("client_id"), form.get("client_secret")
    if basic is None:
        if posted_id is None:
            raise InvalidClient("Client authentication failed.")
        method = "none" if posted_secret is None else "client_secret_post"
        return ClientCredential(posted_id, posted_secret, frozenset({method}))
    client_id, secret = basic
    if posted_id not in (None, client_id) or posted_secret not in (None, secret):
        raise InvalidRequest("The header and the form present different clients.")
    methods = {"client_secret_basic"} | ({"client_secret_post"} if posted_secret else set())
    return ClientCredential(client_id, secret, frozenset(methods))


def _basic(authorization: str | None) -> tuple[str, str] | None:
    """Id and secret of a Basic header; both are form-encoded within it (RFC 6749 §2.3.1)."""
    if authorization is None or authorization[:6].lower() != "basic ":
        return None
    try:
        decoded = b64decode(authorization[6:].strip(), validate=True).decode("utf-8")
        client_id, colon, secret = decoded.partition(":")
        client_id = unquote_plus(client_id, errors="strict")
        secret = unquote_plus(secret, errors="strict")
    except ValueError:  # not ASCII, not base64 or not UTF-8
        raise InvalidClient("Client authentication failed.") from None
    if not colon or "\x00" in client_id + secret:
        raise InvalidClient("Client authentication failed.")
    return client_id, secret


def cookie_of(cookies: str | None, name: str) -> str | None:
    """The value of one cookie. What other programs on this host have set cannot hide it."""
    for pair in (cookies or "").split(";"):
        key, equals, value = pair.strip().partition("=")
        if equals and key == name:
            return value
    return None
