"""Hostile access tokens: what attackers send, built from the issuer's own key and good claims.

`tokens(forge)` answers (name, token) pairs; every verifier of this project must refuse each of
them, and must accept `forge.good()`. It needs only the standard library and `cryptography`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def b64(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


@dataclass(frozen=True)
class Forge:
    """An issuer's ES256 key and the claims that it would sign. `jwk` is the public half."""

    key: ec.EllipticCurvePrivateKey
    kid: str
    claims: dict[str, Any]
    jwk: dict[str, str]

    @property
    def header(self) -> dict[str, Any]:
        return {"typ": "at+jwt", "alg": "ES256", "kid": self.kid}

    @property
    def now(self) -> int:
        return int(self.claims["iat"])

    def sign(self, head: str, body: str) -> str:
        """A valid ES256 signature over whatever these two parts are."""
        r, s = decode_dss_signature(self.der(head, body))
        return f"{head}.{body}.{b64(r.to_bytes(32) + s.to_bytes(32))}"

    def der(self, head: str, body: str) -> bytes:
        return self.key.sign(f"{head}.{body}".encode(), ec.ECDSA(SHA256()))

    def parts(self, **claims: Any) -> tuple[str, str]:
        return b64(json.dumps(self.header).encode()), b64(json.dumps(self.said(**claims)).encode())

    def said(self, **claims: Any) -> dict[str, Any]:
        known = {**self.claims, **claims}
        return {name: value for name, value in known.items() if value is not ...}

    def good(self, **claims: Any) -> str:
        """Properly signed; `...` as a value leaves the claim out."""
        return self.sign(*self.parts(**claims))

    def headed(self, **members: Any) -> str:
        """Properly signed under another header; `...` leaves a member out."""
        header = {k: v for k, v in {**self.header, **members}.items() if v is not ...}
        return self.sign(b64(json.dumps(header).encode()), self.parts()[1])

    def raw(self, body: bytes) -> str:
        """Properly signed octets, whatever they are."""
        return self.sign(self.parts()[0], b64(body))


def tokens(forge: Forge) -> Iterator[tuple[str, str]]:
    """Every hostile token, by name."""
    for family in FAMILIES:
        for name, token in family(forge):
            yield f"{family.__name__}: {name}", token


def algorithms(forge: Forge) -> Iterator[tuple[str, str]]:
    _, body = forge.parts()
    for alg in ("none", "None", "NONE", "nOnE", "none ", "", None, ["ES256"], {}, 1, True):
        head = b64(json.dumps({**forge.header, "alg": alg}).encode())
        yield f"alg {alg!r} without signature", f"{head}.{body}."
        yield f"alg {alg!r} with a good signature", forge.sign(head, body)
    yield "no alg", forge.headed(alg=...)
    for alg in ("es256", "ES384", "ES512", "ES256K", "EdDSA", "RS256", "RS512", "PS256", "HS256"):
        yield f"alg {alg} over an ES256 signature", forge.headed(alg=alg)


def public_key_as_secret(forge: Forge) -> Iterator[tuple[str, str]]:
    public = forge.key.public_key()
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = public.public_bytes(serialization.Encoding.PEM, info)
    point = public.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    secrets = {
        "PEM": pem,
        "PEM without its newline": pem.strip(),
        "DER": public.public_bytes(serialization.Encoding.DER, info),
        "point": point,
        "JWK": json.dumps(forge.jwk).encode(),
        "JWK, sorted": json.dumps(forge.jwk, sort_keys=True, separators=(",", ":")).encode(),
        "empty": b"",
        "kid": forge.kid.encode(),
    }
    for alg, digest in (("HS256", hashlib.sha256), ("HS512", hashlib.sha512)):
        head = b64(json.dumps({**forge.header, "alg": alg}).encode())
        body = forge.parts()[1]
        for name, secret in secrets.items():
            mac = hmac.new(secret, f"{head}.{body}".encode(), digest).digest()
            yield f"{alg} keyed with the public key as {name}", f"{head}.{body}.{b64(mac)}"


def other_keys(forge: Forge) -> Iterator[tuple[str, str]]:
    stranger = Forge(ec.generate_private_key(ec.SECP256R1()), forge.kid, forge.claims, forge.jwk)
    yield "signed by a stranger under our kid", stranger.good()
    yield "signed by a stranger under its own kid", stranger.headed(kid="stranger")
    for kid in ("", "../../dev/null", "' OR 1=1 --", f"{forge.kid}\x00", forge.kid.upper() + "X"):
        yield f"kid {kid!r}", forge.headed(kid=kid)
    for kid in (..., None, 1, [forge.kid], {"kid": forge.kid}):
        yield f"kid {kid!r}", forge.headed(kid=kid)
    wrong_curve = ec.generate_private_key(ec.SECP384R1())
    head, body = forge.parts()
    r, s = decode_dss_signature(wrong_curve.sign(f"{head}.{body}".encode(), ec.ECDSA(SHA256())))
    yield "signed on another curve", f"{head}.{body}.{b64(r.to_bytes(48) + s.to_bytes(48))}"
    head = b64(json.dumps({**forge.header, "alg": "RS256"}).encode())
    rsa_key = rsa.generate_private_key(65537, 2048)
    signature = rsa_key.sign(f"{head}.{body}".encode(), padding.PKCS1v15(), SHA256())
    yield "RS256 under the kid of an ES256 key", f"{head}.{body}.{b64(signature)}"


def keys_brought_along(forge: Forge) -> Iterator[tuple[str, str]]:
    own = ec.generate_private_key(ec.SECP256R1())
    numbers = own.public_key().public_numbers()
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": b64(numbers.x.to_bytes(32)),
        "y": b64(numbers.y.to_bytes(32)),
    }
    attacker = Forge(own, forge.kid, forge.claims, jwk)
    yield "jwk, signed by it", attacker.headed(jwk=jwk)
    yield "jwk without kid, signed by it", attacker.headed(jwk=jwk, kid=...)
    for name, value in {
        "jwk": forge.jwk,
        "jku": "https://attacker.example/jwks",
        "x5u": "https://attacker.example/chain.pem",
        "x5c": ["MIIB"],
        "crit": ["exp"],
        "b64": False,
        "zip": "DEF",
    }.items():
        yield f"{name} beside a good signature", forge.headed(**{name: value})
    yield "an empty crit", forge.headed(crit=[])


def types(forge: Forge) -> Iterator[tuple[str, str]]:
    for typ in (..., "JWT", "jwt", "at+jwt ", "logout+jwt", "secevent+jwt", "dpop+jwt", None, 1):
        yield f"typ {typ!r}", forge.headed(typ=typ)
    for typ in ("", ["at+jwt"], {"typ": "at+jwt"}):
        yield f"typ {typ!r}", forge.headed(typ=typ)
    body = json.dumps({**forge.claims, "nonce": "n", "at_hash": "h"}).encode()
    head = json.dumps({**forge.header, "typ": "JWT"}).encode()
    yield "an ID token", forge.sign(b64(head), b64(body))


def recipients(forge: Forge) -> Iterator[tuple[str, str]]:
    ours, issuer = forge.claims["aud"], forge.claims["iss"]
    other = "0192f0c1-0000-7000-8000-00000000beef"
    for aud in (..., None, "", other, [], [other], [[ours]], {"aud": ours}, ours + " ", ours[:-1]):
        yield f"aud {aud!r}", forge.good(aud=aud)
    for aud in (f"{ours} {other}", [ours, 1], [ours, None], True, 0, "*", f"x{ours}"):
        yield f"aud {aud!r}", forge.good(aud=aud)
    for iss in (..., None, "", "https://attacker.example", f"{issuer}/", f"{issuer}x", [issuer]):
        yield f"iss {iss!r}", forge.good(iss=iss)
    for iss in (issuer.upper(), f"{issuer}#", f"{issuer}?", issuer[:-1], f" {issuer}"):
        yield f"iss {iss!r}", forge.good(iss=iss)


def claims(forge: Forge) -> Iterator[tuple[str, str]]:
    for name in ("sub", "client_id", "jti"):
        for value in (..., None, "", 7, ["x"], {}, "line\nbreak", "nul\x00", "\ud800"):
            yield f"{name} {value!r}", forge.good(**{name: value})
    for scope in (None, 1, ["admin"], {"admin": True}):
        yield f"scope {scope!r}", forge.good(scope=scope)
    for sid in (None, "", 1, ["s"]):
        yield f"sid {sid!r}", forge.good(sid=sid)


def times(forge: Forge) -> Iterator[tuple[str, str]]:
    now = forge.now
    yield "expired an hour ago", forge.good(exp=now - 3600, iat=now - 7200)
    yield "expiring at this moment", forge.good(exp=now)
    later = [..., None, str(now + 60), now + 60.5, float(now + 60), True, False, [now + 60], {}]
    for exp in (*later, 0, -1, -(10**30), 10**30, 253_402_300_800):
        yield f"exp {exp!r}", forge.good(exp=exp)
    for iat in (..., None, str(now), float(now), True, -1, 10**30, now + 3600):
        yield f"iat {iat!r}", forge.good(iat=iat)
    for nbf in (None, str(now), float(now), False, -1, 10**30, now + 3600):
        yield f"nbf {nbf!r}", forge.good(nbf=nbf)
    body = json.dumps(forge.claims).encode()
    for number in (b"1e400", b"NaN", b"Infinity", b"-Infinity", b"9" * 5000):
        yield f"exp {number[:9]!r}", forge.raw(_with_exp(body, number))


def spellings_of_json(forge: Forge) -> Iterator[tuple[str, str]]:
    body = json.dumps(forge.claims).encode()
    without = json.dumps(forge.said(scope=...)).encode()
    yield "scope twice", forge.raw(without[:-1] + b', "scope": "reader", "scope": "admin"}')
    yield "aud twice", forge.raw(b'{"aud": "other", ' + body[1:])
    yield "a member twice, deep inside", forge.raw(body[:-1] + b', "x": {"a": 1, "a": 2}}')
    twice = json.dumps(forge.header).encode()[:-1] + b', "alg": "ES256"}'
    yield "alg twice", forge.sign(b64(twice), forge.parts()[1])
    yield "invalid UTF-8", forge.raw(body[:-1] + b', "x": "\xff\xfe"}')
    yield "overlong UTF-8", forge.raw(body[:-1] + b', "x": "\xc0\xae"}')
    yield "UTF-16", forge.raw(body.decode().encode("utf-16"))
    yield "a byte order mark", forge.raw(b"\xef\xbb\xbf" + body)
    yield "a NUL behind", forge.raw(body + b"\x00")
    yield "something behind", forge.raw(body + b"{}")
    yield "a comment", forge.raw(b"/* */" + body)
    yield "a trailing comma", forge.raw(body[:-1] + b",}")
    for other in (b"", b"null", b"[]", b"1", b'"text"', b"[" * 8000, b'{"a":' * 1500):
        yield f"{other[:6]!r} instead of an object", forge.raw(other)
        yield f"{other[:6]!r} instead of a header", forge.sign(b64(other), forge.parts()[1])
    nested = forge.good()
    yield "a JWS within a JWS", forge.raw(nested.encode())
    yield "a JWS within a JWS, as text", forge.raw(json.dumps(nested).encode())


def spellings_of_jws(forge: Forge) -> Iterator[tuple[str, str]]:
    good = forge.good()
    head, body, signature = good.split(".")
    other_head = b64(json.dumps({**forge.header, "x": 1}).encode())
    yield from {
        "empty": "",
        "dots": "..",
        "no signature": f"{head}.{body}",
        "an empty signature": f"{head}.{body}.",
        "an empty body": f"{head}..{signature}",
        "an empty header": f".{body}.{signature}",
        "a fourth part": f"{good}.{signature}",
        "five parts": f"{head}.{body}.{signature}.{signature}.{signature}",
        "a dot behind": f"{good}.",
        "truncated": good[:-2],
        "padded": f"{head}.{body}.{signature}==",
        "a space behind": f"{good} ",
        "a newline behind": f"{good}\n",
        "a space before": f" {good}",
        "a newline within": f"{head}.\n{body}.{signature}",
        "a NUL within": f"{head}.{body}\x00.{signature}",
        "a NUL behind": f"{good}\x00",
        "beyond ASCII": f"{good}é",
        "a full-width letter": f"{good[:-1]}ａ",
        "a lone surrogate": f"{good}\udc80",
        "another body": f"{head}.{forge.parts(scope='admin')[1]}.{signature}",
        "another header": f"{other_head}.{body}.{signature}",
        "JSON serialization": json.dumps(
            {"protected": head, "payload": body, "signature": signature}
        ),
        "a megabyte": f"{head}.{'A' * 2**20}.{signature}",
        "a megabyte of dots": "." * 2**20,
        "a signed megabyte": forge.good(pad="x" * 2**20),
    }.items()
    yield "bits beyond the last octet", _other_last_bits(good)
    raw = json.dumps({**forge.claims, "p": "??>>~~ÿÿ"}, ensure_ascii=False).encode()
    standard = b64(raw).replace("-", "+").replace("_", "/")
    if standard != b64(raw):
        yield "base64 instead of base64url", forge.sign(head, standard)
    yield "a padded body", forge.sign(head, body + "=" * (-len(body) % 4 or 4))
    yield "whitespace in a signed body", forge.sign(head, f"{body[:8]}\n{body[8:]}")


def signatures(forge: Forge) -> Iterator[tuple[str, str]]:
    head, body = forge.parts()
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    r, s = decode_dss_signature(forge.der(head, body))
    for name, octets in {
        "r and s zero": bytes(64),
        "r zero": bytes(32) + s.to_bytes(32),
        "s zero": r.to_bytes(32) + bytes(32),
        "r and s the order": order.to_bytes(32) * 2,
        "r and s one": (1).to_bytes(32) * 2,
        "all ones": b"\xff" * 64,
        "DER": forge.der(head, body),
        "an octet too many": r.to_bytes(32) + s.to_bytes(32) + b"\x00",
        "a zero octet within": r.to_bytes(32) + s.to_bytes(33),
        "wider numbers": r.to_bytes(33) + s.to_bytes(33),
        "twice": (r.to_bytes(32) + s.to_bytes(32)) * 2,
        "swapped": s.to_bytes(32) + r.to_bytes(32),
        "little-endian": r.to_bytes(32, "little") + s.to_bytes(32, "little"),
        "a bit flipped": (r ^ 1).to_bytes(32) + s.to_bytes(32),
    }.items():
        yield name, f"{head}.{body}.{b64(octets)}"


def _with_exp(body: bytes, number: bytes) -> bytes:
    members = json.loads(body)
    del members["exp"]
    return json.dumps(members).encode()[:-1] + b', "exp": ' + number + b"}"


def _other_last_bits(token: str) -> str:
    """The same octets: 64 of them leave four unused bits in the last letter."""
    return token[:-1] + ALPHABET[ALPHABET.index(token[-1]) + 1]


FAMILIES: list[Callable[[Forge], Iterator[tuple[str, str]]]] = [
    algorithms,
    public_key_as_secret,
    other_keys,
    keys_brought_along,
    types,
    recipients,
    claims,
    times,
    spellings_of_json,
    spellings_of_jws,
    signatures,
]
