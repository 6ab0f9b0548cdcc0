"""Signing keys: made, published, then signing, then only verifying; and signatures by them.

`cryptography` is called directly: joserfc, the reference in the tests, takes twice the time.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from scopewright import ids
from scopewright.core.errors import Invalid
from scopewright.core.model import SigningKey
from scopewright.core.tokens import LONGEST_ACCESS, SIGNING_ALGORITHMS
from scopewright.guard.jws import KeySet, open_jws

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_NONCE_LENGTH = 12
_PEM = b"-----BEGIN"
_ECDSA = ec.ECDSA(SHA256())


class KeyRing:
    """Makes signing keys and signs with them.

    `encryption_key` is 32 bytes in base64url; it keeps private keys encrypted (AES-256-GCM).
    """

    def __init__(self, encryption_key: str | None = None) -> None:
        self._cipher = None if encryption_key is None else AESGCM(_key_bytes(encryption_key))
        self._loaded: dict[str, PrivateKey] = {}
        self._headers: dict[tuple[str, str], bytes] = {}

    def make(
        self, workspace_id: str, algorithm: str, *, now: datetime, publish_before: timedelta
    ) -> SigningKey:
        """A new key of a workspace, published now and signing once it is known everywhere."""
        private = _generate(algorithm)
        key_id = ids.new_id("key")
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return SigningKey(
            id=key_id,
            workspace_id=workspace_id,
            algorithm=algorithm,
            private_key=self._sealed(pem, key_id),
            public_jwk=_public_jwk(private, algorithm, key_id),
            published_at=now,
            signs_from=now + publish_before,
        )

    def make_first(self, workspace_id: str, *, now: datetime) -> list[SigningKey]:
        """The keys that a workspace is born with: nobody can have cached an older set."""
        nothing = timedelta(0)
        return [
            self.make(workspace_id, algorithm, now=now, publish_before=nothing)
            for algorithm in SIGNING_ALGORITHMS
        ]

    def sign(self, key: SigningKey, claims: Mapping[str, Any], *, type: str = "at+jwt") -> str:
        """A compact JWS of these claims (RFC 7515 §7.1)."""
        signed = self._header(key, type) + b"." + _encoded_json(claims)
        return (signed + b"." + _encoded(_signature(self._private(key), signed))).decode()

    def _header(self, key: SigningKey, type: str) -> bytes:
        encoded = self._headers.get((key.id, type))
        if encoded is None:
            header = {"alg": key.algorithm, "kid": key.id, "typ": type}
            encoded = self._headers[key.id, type] = _encoded_json(header)
        return encoded

    def _private(self, key: SigningKey) -> PrivateKey:
        loaded = self._loaded.get(key.id)
        if loaded is None:
            loaded = self._loaded[key.id] = _load(self._opened(key.private_key, key.id))
        return loaded

    def opens(self, key: SigningKey) -> bool:
        """Whether the private key can be had with this encryption key, or with none."""
        try:
            return self._opened(key.private_key, key.id).startswith(_PEM)
        except InvalidTag:
            return False

    def _sealed(self, pem: bytes, key_id: str) -> bytes:
        if self._cipher is None:
            return pem
        nonce = ids.new_key_bytes()[:_NONCE_LENGTH]
        return nonce + self._cipher.encrypt(nonce, pem, key_id.encode())

    def _opened(self, stored: bytes, key_id: str) -> bytes:
        if self._cipher is None or stored.startswith(_PEM):
            return stored
        nonce, sealed = stored[:_NONCE_LENGTH], stored[_NONCE_LENGTH:]
        return self._cipher.decrypt(nonce, sealed, key_id.encode())


def signing_now(keys: Iterable[SigningKey], algorithm: str, *, now: datetime) -> SigningKey:
    """The key that signs at this moment: the youngest that has been published long enough.

    Raises:
        LookupError: there is none of this algorithm.
    """
    youngest: SigningKey | None = None
    for key in keys:
        if key.algorithm != algorithm or key.signs_from > now:
            continue
        if youngest is None or (key.signs_from, key.id) > (youngest.signs_from, youngest.id):
            youngest = key
    if youngest is None:
        raise LookupError(f"no signing key for {algorithm}")
    return youngest


def published(keys: Iterable[SigningKey], *, now: datetime) -> list[SigningKey]:
    """The keys that verifiers must know: until the last token of each has expired."""
    return [key for key in keys if key.forget_at is None or now < key.forget_at]


def jwks(keys: Iterable[SigningKey]) -> dict[str, Any]:
    """The public halves as a JWK set (RFC 7517 §5)."""
    return {"keys": [key.public_jwk for key in keys]}


def opened(
    token: str, keys: Iterable[SigningKey], *, type: str, now: datetime
) -> dict[str, object]:
    """The claims of a token that one of these keys has signed; it may have expired long ago.

    Raises:
        InvalidToken: none of them has, or not a token of this type.
    """
    known = KeySet.from_jwks(jwks(published(keys, now=now)))
    return open_jws(token, keys=known, types=(type,))[1]


def retired(key: SigningKey, *, at: datetime) -> SigningKey:
    """The key as it is once its successor signs from `at`."""
    return replace(key, retired_at=at, forget_at=at + LONGEST_ACCESS)


def _generate(algorithm: str) -> PrivateKey:
    match algorithm:
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case "RS256":
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)
        case _:
            raise Invalid("Choose ES256 or RS256.", field="algorithm")


def _load(pem: bytes) -> PrivateKey:
    private = load_pem_private_key(pem, password=None)
    assert isinstance(private, PrivateKey)  # we made it ourselves
    return private


def _signature(private: PrivateKey, signed: bytes) -> bytes:
    if isinstance(private, rsa.RSAPrivateKey):
        return private.sign(signed, padding.PKCS1v15(), SHA256())
    r, s = decode_dss_signature(private.sign(signed, _ECDSA))
    return r.to_bytes(32) + s.to_bytes(32)  # RFC 7518 §3.4


def _public_jwk(private: PrivateKey, algorithm: str, key_id: str) -> dict[str, str]:
    described = {"kid": key_id, "use": "sig", "alg": algorithm}
    if isinstance(private, rsa.RSAPrivateKey):
        numbers = private.public_key().public_numbers()
        return {**described, "kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
    point = private.public_key().public_numbers()
    coordinates = {"x": _number(point.x, 32), "y": _number(point.y, 32)}
    return {**described, "kty": "EC", "crv": "P-256", **coordinates}


def _number(value: int, length: int | None = None) -> str:
    octets = value.to_bytes(length or (value.bit_length() + 7) // 8)
    return _encoded(octets).decode()


def _encoded(octets: bytes) -> bytes:
    return urlsafe_b64encode(octets).rstrip(b"=")


def _encoded_json(value: Mapping[str, Any]) -> bytes:
    return _encoded(orjson.dumps(value))


def _key_bytes(encoded: str) -> bytes:
    try:
        key = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except ValueError:
        key = b""
    if len(key) != 32:
        raise Invalid(
            "keys.encryption_key: write 32 random bytes in base64url, such as "
            "`head -c 32 /dev/urandom | basenc --base64url` prints.",
            field="keys.encryption_key",
        )
    return key
