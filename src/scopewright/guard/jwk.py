"""A public key as a JWK spells it (RFC 7517 §4, RFC 7518 §6), and what it may be used with."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_ECDSA = ec.ECDSA(SHA256())
_PSS = padding.PSS(padding.MGF1(SHA256()), salt_length=32)  # RFC 7518 §3.5
_IN_BASE64 = bytes.maketrans(b"-_+/", b"+/  ")  # base64url in base64's letters, whose own are none
_WEAKEST_RSA, _LARGEST_RSA = 2048, 8192


@dataclass(frozen=True, slots=True)
class Key:
    """A public key and the algorithms it may be used with: RSA alone has two (RFC 8725 §3.1)."""

    algorithms: Sequence[str]
    public: PublicKey

    def check(self, algorithm: str, signature: bytes, signed: bytes) -> None:
        """`algorithm` is one of the key's own. Raises InvalidSignature."""
        _CHECKS[algorithm](self.public, signature, signed)


def read_key(jwk: Mapping[str, object], algorithms: Sequence[str]) -> Key | None:
    """A public key that may verify signatures by one of these algorithms, or None."""
    operations = jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list):
        return None
    possible, reader = _READERS.get(str(jwk.get("kty")), ((), None))
    usable = tuple(a for a in possible if a in algorithms and jwk.get("alg", a) == a)
    if reader is None or not usable or "verify" not in operations:
        return None
    try:
        return Key(usable, reader(jwk))
    except ValueError:
        return None


def _read_ec(jwk: Mapping[str, object]) -> ec.EllipticCurvePublicKey:
    if jwk.get("crv") != "P-256":
        raise ValueError("only P-256")
    x, y = _number(jwk, "x"), _number(jwk, "y")
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def _read_rsa(jwk: Mapping[str, object]) -> rsa.RSAPublicKey:
    modulus, exponent = _number(jwk, "n"), _number(jwk, "e")
    if not _WEAKEST_RSA <= modulus.bit_length() <= _LARGEST_RSA or exponent.bit_length() > 32:
        raise ValueError("too weak, or too slow to check")
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def _read_ed25519(jwk: Mapping[str, object]) -> ed25519.Ed25519PublicKey:
    if jwk.get("crv") != "Ed25519":
        raise ValueError("only Ed25519")
    return ed25519.Ed25519PublicKey.from_public_bytes(_octets(jwk, "x"))


def _number(jwk: Mapping[str, object], name: str) -> int:
    return int.from_bytes(_octets(jwk, name))


def _octets(jwk: Mapping[str, object], name: str) -> bytes:
    value = jwk.get(name)
    if not isinstance(value, str) or not value.isascii():
        raise ValueError(f"{name} is missing")
    return decoded(value)


def decoded(text: str) -> bytes:
    """base64url without padding, in its one spelling (RFC 7515 §2, RFC 4648 §3.5).

    Raises:
        ValueError: it is spelled otherwise.
    """
    letters = text.encode().translate(_IN_BASE64)
    octets = a2b_base64(letters + b"=" * (-len(letters) % 4))
    if b2a_base64(octets, newline=False).rstrip(b"=") != letters:
        raise ValueError("not base64url in its one spelling")
    return octets


def _check_ecdsa(public: Any, signature: bytes, signed: bytes) -> None:
    """The signature is R and S, 32 octets each (RFC 7518 §3.4), which `cryptography` takes as DER.

    It might be DER already, which a JWS never holds.
    """
    if len(signature) != 64:
        raise InvalidSignature
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    public.verify(encode_dss_signature(r, s), signed, _ECDSA)


def _check_rs256(public: Any, signature: bytes, signed: bytes) -> None:
    public.verify(signature, signed, padding.PKCS1v15(), SHA256())


def _check_ps256(public: Any, signature: bytes, signed: bytes) -> None:
    public.verify(signature, signed, _PSS, SHA256())


def _check_ed25519(public: Any, signature: bytes, signed: bytes) -> None:
    public.verify(signature, signed)


_CHECKS: Mapping[str, Callable[[Any, bytes, bytes], None]] = {
    "ES256": _check_ecdsa,
    "RS256": _check_rs256,
    "PS256": _check_ps256,
    "Ed25519": _check_ed25519,
    "EdDSA": _check_ed25519,
}
_READERS: Mapping[str, tuple[Sequence[str], Callable[[Mapping[str, object]], PublicKey]]] = {
    "EC": (("ES256",), _read_ec),
    "RSA": (("RS256", "PS256"), _read_rsa),
    "OKP": (("Ed25519", "EdDSA"), _read_ed25519),
}
