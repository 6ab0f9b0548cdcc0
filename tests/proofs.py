"""DPoP proofs as a client makes them, with joserfc: somebody else's hand than the server's."""

from __future__ import annotations

import hashlib
import json
import secrets
import warnings
from base64 import urlsafe_b64encode
from functools import cached_property
from typing import Any, cast

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

Claims = dict[str, Any]
ALGORITHMS = ["ES256", "PS256", "RS256", "EdDSA", "Ed25519"]


class ProofKey:
    """A client's key; `proof` makes any proof, a good one unless told otherwise."""

    def __init__(self, algorithm: str = "ES256") -> None:
        self.algorithm = algorithm

    @cached_property
    def key(self) -> ECKey | OKPKey | RSAKey:
        if self.algorithm == "ES256":
            return ECKey.generate_key("P-256")
        if self.algorithm in ("EdDSA", "Ed25519"):
            return OKPKey.generate_key("Ed25519")
        return RSAKey.generate_key(2048)

    @cached_property
    def jwk(self) -> dict[str, str]:
        return cast("dict[str, str]", dict(self.key.as_dict(private=False)))

    @cached_property
    def jkt(self) -> str:
        return self.key.thumbprint()

    def header(self, **members: Any) -> dict[str, Any]:
        """The header; `...` leaves a member out."""
        known = {"typ": "dpop+jwt", "alg": self.algorithm, "jwk": self.jwk, **members}
        return {name: value for name, value in known.items() if value is not ...}

    def claims(self, method: str, url: str, *, at: float, **claims: Any) -> Claims:
        """The claims; `...` leaves one out, `token` becomes the `ath` of an access token."""
        token = claims.pop("token", None)
        known = {"jti": secrets.token_hex(16), "htm": method, "htu": url, "iat": int(at)}
        if token is not None:
            known["ath"] = ath(token)
        return {name: value for name, value in {**known, **claims}.items() if value is not ...}

    def proof(self, method: str, url: str, *, at: float, **claims: Any) -> str:
        return self.signed(self.claims(method, url, at=at, **claims))

    def signed(self, claims: Claims, **header: Any) -> str:
        """Any claims under any header, signed with the key."""
        registry = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        head, body = self.header(**header), json.dumps(claims).encode()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `EdDSA` goes by another name since RFC 9864
            return jws.serialize_compact(head, body, self.key, registry=registry)


def ath(token: str) -> str:
    """RFC 9449 §4.2."""
    return urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
