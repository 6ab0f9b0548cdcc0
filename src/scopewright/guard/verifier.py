"""Is this token good, here, now? Pure, given the keys: no clock, no network, no memory.

Accepts exactly what RFC 9068 describes and this issuer makes: a compact JWS (RFC 7515 §7.1) of type
`at+jwt`, signed with ES256 or RS256 by a key of the set. Everything looser is refused, because what
two readers read differently is what an attacker sends.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeGuard

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from scopewright.core.errors import InvalidToken
from scopewright.core.scopes import Scopes

LARGEST_TOKEN = 16 * 1024
MOST_KEYS = 100
TYPES = ("at+jwt", "application/at+jwt")
ALGORITHMS = ("ES256", "RS256")
# Each would let the token choose its own key, or change what was signed (RFC 8725 §3.10).
REFUSED_HEADERS = frozenset({"b64", "crit", "jku", "jwk", "x5c", "x5u", "zip"})
_LATEST = 253_402_300_800  # the year 10000, which no datetime can hold
_WEAKEST_RSA, _LARGEST_RSA = 2048, 8192
_NO_LEEWAY = timedelta(0)


class UnknownKey(InvalidToken):
    """The token names a key that is not in the set; a newer set may have it."""


def refused(cause: str) -> InvalidToken:
    """One public sentence for every reason; the reason itself is for the log."""
    return InvalidToken("The access token is not valid here.", cause=cause)


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


@dataclass(frozen=True, slots=True)
class Key:
    """A public key and the one algorithm that it may be used with (RFC 8725 §3.1)."""

    algorithm: str
    public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey

    def check(self, signature: bytes, signed: bytes) -> None:
        """Raises InvalidSignature."""
        if isinstance(self.public, rsa.RSAPublicKey):
            self.public.verify(signature, signed, padding.PKCS1v15(), SHA256())
            return
        if len(signature) != 64:  # RFC 7518 §3.4: R and S, 32 octets each; never DER
            raise InvalidSignature
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        self.public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))


class KeySet:
    """Public keys by `kid`: the usable ones of a JWK set (RFC 7517 §5)."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self._keys = dict(keys)

    @classmethod
    def from_jwks(cls, document: object) -> KeySet:
        """Reads a JWK set. Keys for other uses or unknown algorithms are passed over (§5).

        Raises:
            ValueError: it is no JWK set, two keys share a `kid`, or none is usable.
        """
        members = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(members, list) or not 0 < len(members) <= MOST_KEYS:
            raise ValueError("this is not a JWK set")
        keys: dict[str, Key] = {}
        for member in members:
            kid = member.get("kid") if isinstance(member, dict) else None
            key = _read_key(member) if isinstance(kid, str) else None
            if key is None or not isinstance(kid, str):
                continue
            if kid in keys:
                raise ValueError("two keys share a kid")
            keys[kid] = key
        if not keys:
            raise ValueError("no key of this set is usable")
        return cls(keys)

    def get(self, kid: str) -> Key | None:
        return self._keys.get(kid)

    def __len__(self) -> int:
        return len(self._keys)


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
        InvalidToken: it is not good; `cause` says why, for the log.
    """
    head, body, signature = _parts(token)
    key = _chosen_key(_json_object(_decoded(head)), keys)
    try:
        key.check(_decoded(signature), f"{head}.{body}".encode())
    except InvalidSignature:
        raise refused("signature") from None
    claims = _read_claims(_json_object(_decoded(body)))
    if claims.issuer != issuer:
        raise refused("iss")
    if audience not in claims.audience:
        raise refused("aud")
    _check_time(claims, now=now, leeway=leeway)
    return claims


def _parts(token: str) -> tuple[str, str, str]:
    if len(token) > LARGEST_TOKEN or not token.isascii():
        raise refused("size or alphabet")
    parts = token.split(".")
    if len(parts) != 3:
        raise refused("parts")
    return parts[0], parts[1], parts[2]


def _decoded(part: str) -> bytes:
    """base64url without padding, in its one spelling (RFC 7515 §2, RFC 4648 §3.5)."""
    try:
        octets = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise refused("base64url") from None
    if urlsafe_b64encode(octets).rstrip(b"=") != part.encode():
        raise refused("base64url")
    return octets


def _json_object(octets: bytes) -> dict[str, object]:
    try:
        value = json.loads(
            octets.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        raise refused("json") from None
    if not isinstance(value, dict):
        raise refused("json")
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")  # RFC 7515 §4
    return members


def _no_constant(_name: str) -> object:
    raise ValueError("NaN and Infinity are not JSON")


def _chosen_key(header: dict[str, object], keys: KeySet) -> Key:
    if header.get("typ") not in TYPES:
        raise refused("typ")
    if not REFUSED_HEADERS.isdisjoint(header):
        raise refused("header")
    if header.get("alg") not in ALGORITHMS:
        raise refused("alg")
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise refused("kid")
    key = keys.get(kid)
    if key is None:
        raise UnknownKey("The access token is not valid here.", cause="kid")
    if key.algorithm != header["alg"]:
        raise refused("alg of another key")
    return key


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
    return type(value) is int and 0 <= value < _LATEST


def _check_time(claims: Claims, *, now: datetime, leeway: timedelta) -> None:
    if now >= claims.expires_at:
        raise refused("expired")
    if claims.issued_at > now + leeway:
        raise refused("iat")
    if "nbf" in claims.values and _moment(claims.values, "nbf") > now + leeway:
        raise refused("nbf")


def _read_key(jwk: Mapping[str, object]) -> Key | None:
    """A key that may verify our signatures, or None."""
    operations = jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list):
        return None
    reader = _READERS.get(str(jwk.get("kty")))
    if reader is None or "verify" not in operations:
        return None
    try:
        key = reader(jwk)
    except (ValueError, InvalidToken):
        return None
    return key if jwk.get("alg", key.algorithm) == key.algorithm else None


def _read_ec(jwk: Mapping[str, object]) -> Key:
    if jwk.get("crv") != "P-256":
        raise ValueError("only P-256")
    x, y = _number(jwk, "x"), _number(jwk, "y")
    return Key("ES256", ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key())


def _read_rsa(jwk: Mapping[str, object]) -> Key:
    modulus, exponent = _number(jwk, "n"), _number(jwk, "e")
    if not _WEAKEST_RSA <= modulus.bit_length() <= _LARGEST_RSA or exponent.bit_length() > 32:
        raise ValueError("too weak, or too slow to check")
    return Key("RS256", rsa.RSAPublicNumbers(exponent, modulus).public_key())


def _number(jwk: Mapping[str, object], name: str) -> int:
    value = jwk.get(name)
    if not isinstance(value, str) or not value.isascii():
        raise ValueError(f"{name} is missing")
    return int.from_bytes(_decoded(value))


_READERS = {"EC": _read_ec, "RSA": _read_rsa}
