"""Each member of client metadata, and how its value is read from JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from scopewright.core import oauth
from scopewright.core.client_authentication import METHODS
from scopewright.core.errors import Invalid
from scopewright.core.tokens import SIGNING_ALGORITHMS

CLIENT_ALGORITHMS = ("ES256", "PS256", "RS256", "Ed25519", "EdDSA")
MOST_ITEMS = 20
MOST_KEYS = 20
LONGEST_TEXT = 1000
LONGEST_KEY_MEMBER = 8192
LONGEST_AGE = 10 * 365 * 86_400
TLS_SUBJECTS = (
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
)

_LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_UNSAFE_IN_URL = re.compile(r"[^\x21-\x7e]|[\\<>\"{}|^`]")
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})  # RFC 7518 §6


def is_unsaid(value: object) -> bool:
    """Whether a member counts as left out (RFC 7592 §2.2)."""
    return value is None or value == ""


def text(value: object, name: str) -> str:
    """One line of text. Raises Invalid."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or not _LINE.fullmatch(value):
        raise Invalid(f"This is one line of at most {LONGEST_TEXT} characters.", field=name)
    return value


def texts(value: object, name: str) -> tuple[str, ...]:
    """A short list of such lines. Raises Invalid."""
    if not isinstance(value, list) or len(value) > MOST_ITEMS:
        raise Invalid(f"This is a list of at most {MOST_ITEMS} texts.", field=name)
    return tuple(text(item, name) for item in value)


def _flag(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise Invalid("This is true or false.", field=name)
    return value


def _age(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LONGEST_AGE:
        raise Invalid("This is a number of seconds.", field=name)
    return value


def _one_of(choices: Collection[str]) -> Callable[[object, str], str]:
    def read(value: object, name: str) -> str:
        if not isinstance(value, str) or value not in choices:
            raise Invalid(f"Choose one of {', '.join(sorted(choices))}.", field=name)
        return value

    return read


def _url(*schemes: str) -> Callable[[object, str], str]:
    def read(value: object, name: str) -> str:
        if not isinstance(value, str) or not _is_url(value, schemes):
            raise Invalid(f"This is a URL of {' or '.join(schemes)}.", field=name)
        return value

    return read


def _is_url(text: str, schemes: Sequence[str]) -> bool:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    plain = len(text) <= LONGEST_TEXT and not _UNSAFE_IN_URL.search(text) and "#" not in text
    return plain and parts.scheme in schemes and bool(host) and "@" not in parts.netloc


def _redirects(value: object, name: str) -> tuple[str, ...]:
    return tuple(oauth.check_redirect_uri(uri, field=name) for uri in texts(value, name))


def _jwks(value: object, name: str) -> Mapping[str, Any]:
    """A set of public keys (RFC 7517 §5); a private one must not have left its owner."""
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list) or not 1 <= len(keys) <= MOST_KEYS:
        raise Invalid(f"This is a JWK set of 1 to {MOST_KEYS} keys.", field=name)
    for key in keys:
        if not isinstance(key, dict) or key.get("kty") not in ("EC", "RSA", "OKP"):
            raise Invalid("The keys are of the types EC, RSA and OKP.", field=name)
        if not _PRIVATE_MEMBERS.isdisjoint(key):
            raise Invalid("These are public keys: take the private members out.", field=name)
        if not all(_is_key_member(member) for member in key.values()):
            raise Invalid("A key has texts and lists of texts as its members.", field=name)
    return {"keys": keys}


def _is_key_member(value: object) -> bool:
    texts = value if isinstance(value, list) else [value]
    return len(texts) <= MOST_ITEMS and all(
        isinstance(text, str) and text.isascii() and len(text) <= LONGEST_KEY_MEMBER
        for text in texts
    )


READERS: Mapping[str, Callable[[Any, str], Any]] = {
    "token_endpoint_auth_method": _one_of(METHODS),
    "token_endpoint_auth_signing_alg": _one_of(CLIENT_ALGORITHMS),
    "jwks": _jwks,
    "jwks_uri": _url("https"),
    **dict.fromkeys(TLS_SUBJECTS, text),
    "tls_client_certificate_bound_access_tokens": _flag,
    "dpop_bound_access_tokens": _flag,
    "id_token_signed_response_alg": _one_of(SIGNING_ALGORITHMS),
    "userinfo_signed_response_alg": _one_of(SIGNING_ALGORITHMS),
    "introspection_signed_response_alg": _one_of(SIGNING_ALGORITHMS),
    "request_object_signing_alg": _one_of(CLIENT_ALGORITHMS),
    "require_signed_request_object": _flag,
    "require_pushed_authorization_requests": _flag,
    "default_max_age": _age,
    "require_auth_time": _flag,
    "post_logout_redirect_uris": _redirects,
    "backchannel_logout_uri": _url("https"),
    "backchannel_logout_session_required": _flag,
    **dict.fromkeys(("client_uri", "logo_uri", "tos_uri", "policy_uri"), _url("https", "http")),
    "contacts": texts,
    "software_id": text,
    "software_version": text,
}
