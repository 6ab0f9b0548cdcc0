"""A compact JWS (RFC 7515 §7.1) opened: header and claims, once its signature has been checked.

Everything that two readers could read differently is refused. What the claims must say is not
decided here: `verifier.py` does that for access tokens, others for assertions and proofs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from types import NoneType

from cryptography.exceptions import InvalidSignature

from scopewright.core.errors import InvalidToken
from scopewright.guard.jwk import PRIVATE_MEMBERS, Key, decoded, read_key

LARGEST_TOKEN = 16 * 1024
MOST_KEYS = 100
ALGORITHMS = ("ES256", "RS256")  # an issuer's, for access tokens
# What clients may sign with; Ed25519 goes by two names (RFC 8037 §3.1, RFC 9864 §2.2).
CLIENT_ALGORITHMS = ("ES256", "PS256", "RS256", "Ed25519", "EdDSA")
UNTYPED = (None, "JWT")  # `typ` where a specification asks for none: absent, or as RFC 7519 §5.1
# Each would let the token choose its own key, or change what was signed (RFC 8725 §3.10).
REFUSED_HEADERS = frozenset({"b64", "crit", "jku", "jwk", "x5c", "x5u", "zip"})


class UnknownKey(InvalidToken):
    """The token names a key that is not in the set; a newer set may have it."""


def refused(cause: str) -> InvalidToken:
    """One public sentence for every reason; the reason itself is for the log."""
    return InvalidToken("The access token is not valid here.", cause=cause)


class KeySet:
    """Public keys: the usable ones of a JWK set (RFC 7517 §5), by `kid` where they have one."""

    def __init__(self, keys: Sequence[tuple[str | None, Key]], *, kid_required: bool = True):
        self._keys = [key for _, key in keys]
        self._by_kid = {kid: key for kid, key in keys if kid is not None}
        self._kid_required = kid_required

    @classmethod
    def from_jwks(
        cls,
        document: object,
        *,
        algorithms: Sequence[str] = ALGORITHMS,
        kid_required: bool = True,
    ) -> KeySet:
        """Reads a JWK set. Keys for other uses or algorithms are passed over (§5).

        Without `kid_required` a token may leave its `kid` out when one key alone fits it.

        Raises:
            ValueError: it is no JWK set, two keys share a `kid`, or none is usable.
        """
        members = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(members, list) or not 0 < len(members) <= MOST_KEYS:
            raise ValueError("this is not a JWK set")
        keys: list[tuple[str | None, Key]] = []
        names = (str,) if kid_required else (str, NoneType)
        for member in members:
            if not isinstance(member, dict) or not isinstance(member.get("kid"), names):
                continue
            key = read_key(member, algorithms)
            if key is not None:
                keys.append((member.get("kid"), key))
        if not keys:
            raise ValueError("no key of this set is usable")
        kids = [kid for kid, _ in keys if kid is not None]
        if len(set(kids)) < len(kids):
            raise ValueError("two keys share a kid")
        return cls(keys, kid_required=kid_required)

    def chosen(self, header: Mapping[str, object]) -> Key:
        """The key that this header names.

        Raises:
            UnknownKey: the set lacks it.
            InvalidToken: it names none, where it has to.
        """
        kid = header.get("kid")
        if isinstance(kid, str):
            found = self._by_kid.get(kid)
        elif self._kid_required or "kid" in header:
            raise refused("kid")
        else:
            fitting = [key for key in self._keys if header["alg"] in key.algorithms]
            found = fitting[0] if len(fitting) == 1 else None
        if found is None:
            raise UnknownKey("The access token is not valid here.", cause="kid")
        return found

    def __contains__(self, kid: str) -> bool:
        return kid in self._by_kid

    def holds(self, public: object) -> bool:
        """Whether this very key is one of them, by whatever name."""
        return any(key.public == public for key in self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def open_jws(
    token: str,
    *,
    keys: KeySet,
    types: Sequence[str | None],
    algorithms: Sequence[str] = ALGORITHMS,
) -> tuple[dict[str, object], dict[str, object]]:
    """Header and claims of a token that a key of the set has signed.

    `types` are those of `typ`; None among them: it may be absent.

    Raises:
        UnknownKey: everything may be well, but the set lacks its key.
        InvalidToken: it is malformed, or not signed so; `cause` says why, for the log.
    """

    def choose(header: dict[str, object]) -> Key:
        _check_header(header, REFUSED_HEADERS, types, algorithms)
        return keys.chosen(header)

    return _opened(token, choose)


def open_self_signed(
    token: str, *, types: Sequence[str | None], algorithms: Sequence[str] = CLIENT_ALGORITHMS
) -> tuple[dict[str, object], dict[str, object]]:
    """Header and claims of a token signed by the key in its own header, `jwk` (RFC 7515 §4.1.3).

    That says only that whoever made it holds the key: who that is, the key must tell.

    Raises:
        InvalidToken: it is malformed, not signed so, or the key shows its private half.
    """

    def choose(header: dict[str, object]) -> Key:
        _check_header(header, REFUSED_HEADERS - {"jwk"}, types, algorithms)
        jwk = header.get("jwk")
        key = None
        if isinstance(jwk, dict) and PRIVATE_MEMBERS.isdisjoint(jwk):
            key = read_key(jwk, algorithms)
        if key is None:
            raise refused("jwk")
        return key

    return _opened(token, choose)


def unverified(token: str) -> tuple[dict[str, object], dict[str, object]]:
    """Header and claims of a token, nothing of them believed: who to ask, and for which key.

    Raises:
        InvalidToken: it is malformed.
    """
    head, body, _ = _parts(token)
    return _json_object(_decoded(head)), _json_object(_decoded(body))


def _opened(
    token: str, choose: Callable[[dict[str, object]], Key]
) -> tuple[dict[str, object], dict[str, object]]:
    head, body, signature = _parts(token)
    header = _json_object(_decoded(head))
    key, algorithm = choose(header), str(header["alg"])
    if algorithm not in key.algorithms:
        raise refused("alg of another key")
    try:
        key.check(algorithm, _decoded(signature), f"{head}.{body}".encode())
    except InvalidSignature:
        raise refused("signature") from None
    return header, _json_object(_decoded(body))


def _parts(token: str) -> tuple[str, str, str]:
    if len(token) > LARGEST_TOKEN or not token.isascii():
        raise refused("size or alphabet")
    parts = token.split(".")
    if len(parts) != 3:
        raise refused("parts")
    return parts[0], parts[1], parts[2]


def _decoded(part: str) -> bytes:
    try:
        return decoded(part)
    except ValueError:
        raise refused("base64url") from None


def _json_object(octets: bytes) -> dict[str, object]:
    try:
        value = _JSON.decode(octets.decode("utf-8"))
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


_JSON = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def _check_header(
    header: dict[str, object],
    refused_members: frozenset[str],
    types: Sequence[str | None],
    algorithms: Sequence[str],
) -> None:
    if header.get("typ") not in types or ("typ" in header and header["typ"] is None):
        raise refused("typ")
    if not refused_members.isdisjoint(header):
        raise refused("header")
    if header.get("alg") not in algorithms:
        raise refused("alg")
