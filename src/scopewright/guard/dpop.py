"""DPoP proofs (RFC 9449): whoever signs one holds its key, and wants this request, now.

Pure, given the time. That each proof counts once is for its receiver to remember: `Proof.hash`.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from scopewright.core import base64url
from scopewright.core.client_authentication import jti_hash
from scopewright.core.errors import InvalidDpopProof, InvalidToken, UseDpopNonce
from scopewright.core.numeric_dates import moment
from scopewright.guard.jws import CLIENT_ALGORITHMS, open_self_signed
from scopewright.guard.nonces import LIFETIME, Nonces

TYPES = ("dpop+jwt",)
ALGORITHMS = CLIENT_ALGORITHMS
AGE = timedelta(minutes=1)  # of a proof without a nonce of ours
AHEAD = timedelta(seconds=10)  # how far a client's clock may run before ours
_LONGEST_JTI = 256
_THUMBPRINT_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
_RSA_MEMBERS = ("e", "kty", "n")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ENCODED = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a proof has to be for: a method at a URL, and the access token that goes with it.

    With `nonces` it may carry one of them, and has to with `nonce_required`. It is signed with one
    of the `algorithms`.
    """

    method: str
    url: str
    access_token: str | None = None
    nonces: Nonces | None = None
    nonce_required: bool = False
    algorithms: Sequence[str] = ALGORITHMS


@dataclass(frozen=True, slots=True)
class Proof:
    """A good proof. `jkt` names its key (RFC 7638); `hash` may be seen once until `good_until`."""

    jkt: str
    hash: str
    good_until: datetime


def check_proof(presented: Sequence[str], purpose: Purpose, *, now: datetime) -> Proof:
    """The proof among a request's `DPoP` headers, if it is good for this purpose (§4.3).

    Raises:
        InvalidDpopProof: there is none, there are several, or it is not good; `cause` says why.
        UseDpopNonce: it lacks a nonce, or has one that is not fresh.
    """
    if len(presented) != 1:
        raise InvalidDpopProof("Send one DPoP proof.", cause=f"{len(presented)} proofs")
    try:
        header, claims = open_self_signed(presented[0], types=TYPES, algorithms=purpose.algorithms)
    except InvalidToken as error:
        raise _refused(error.cause) from None
    jkt, jti = thumbprint(header["jwk"]), _text(claims, "jti")
    if len(jti) > _LONGEST_JTI:
        raise _refused("jti")
    if _text(claims, "htm") != purpose.method:
        raise _refused("htm")
    if _normalized(_text(claims, "htu")) != _normalized(purpose.url):
        raise _refused("htu")
    if purpose.access_token is not None and not _is_for(claims, purpose.access_token):
        raise _refused("ath")
    return Proof(jkt, jti_hash("dpop", jkt, jti), _good_until(claims, purpose, now))


def thumbprint(jwk: object) -> str:
    """The SHA-256 thumbprint of a public key (RFC 7638 §3)."""
    assert isinstance(jwk, Mapping)
    members = _THUMBPRINT_MEMBERS.get(str(jwk["kty"]), _RSA_MEMBERS)
    spelled = json.dumps({name: jwk[name] for name in members}, separators=(",", ":"))
    return base64url.sha256(spelled.encode())


def _good_until(claims: Mapping[str, object], purpose: Purpose, now: datetime) -> datetime:
    """When this proof ends. A nonce of ours tells its age better than the client's clock (§11.1).

    Raises:
        InvalidDpopProof: it was made too long ago, or after now.
        UseDpopNonce: as `check_proof`.
    """
    issued_at = _moment(claims)
    if purpose.nonces is not None and ("nonce" in claims or purpose.nonce_required):
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not purpose.nonces.is_fresh(nonce, now):
            raise UseDpopNonce("Use the nonce that this answer brings.")
        return now + LIFETIME
    if not now - AGE < issued_at <= now + AHEAD:
        raise _refused("iat")
    return issued_at + AGE


def _is_for(claims: Mapping[str, object], access_token: str) -> bool:
    said = _text(claims, "ath").encode("utf-8", "surrogatepass")
    hashed = base64url.sha256(access_token.encode("utf-8", "surrogatepass"))
    return hmac.compare_digest(said, hashed.encode())


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise _refused(name)
    return value


def _moment(claims: Mapping[str, object]) -> datetime:
    """`iat`; clients may write fractions of a second (RFC 7519 §2)."""
    found = moment(claims.get("iat"))
    if found is None:
        raise _refused("iat")
    return found


def _normalized(url: str) -> tuple[str, str, int | None, str]:
    """Scheme, host, port and path as RFC 3986 §6.2.2 and §6.2.3 compare them; the rest is ignored.

    Raises:
        InvalidDpopProof: it is no such URL.
    """
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise _refused("htu")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused("htu") from None
    default = _DEFAULT_PORTS.get(parts.scheme)
    if default is None or not parts.hostname or "@" in parts.netloc:
        raise _refused("htu")
    path = _ENCODED.sub(_decoded_if_unreserved, parts.path) or "/"
    return parts.scheme, parts.hostname, default if port is None else port, path


def _decoded_if_unreserved(encoded: re.Match[str]) -> str:
    character = chr(int(encoded[1], 16))
    return character if _UNRESERVED.fullmatch(character) else encoded[0].upper()


def _refused(cause: str) -> InvalidDpopProof:
    """One public sentence for every reason; the reason itself is for the log."""
    return InvalidDpopProof("The DPoP proof is not valid here.", cause=cause)
