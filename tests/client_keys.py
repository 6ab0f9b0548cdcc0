"""A client's own key, and what it signs with it beside proofs: requests and assertions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import uuid4

from tests.proofs import ProofKey

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class ClientKey:
    """`now` is the clock of the client; everything that it signs lives a minute."""

    now: datetime
    algorithm: str = "ES256"
    kid: str = field(default_factory=lambda: uuid4().hex)

    @cached_property
    def key(self) -> ProofKey:
        return ProofKey(self.algorithm)

    @property
    def public(self) -> dict[str, Any]:
        return {**self.key.jwk, "kid": self.kid, "use": "sig"}

    @property
    def jwks(self) -> dict[str, Any]:
        return {"keys": [self.public]}

    @property
    def jkt(self) -> str:
        return self.key.jkt

    @property
    def moment(self) -> int:
        return int(self.now.timestamp())

    def later(self, now: datetime) -> ClientKey:
        """The same key, whose client has looked at its clock again."""
        later = ClientKey(now, self.algorithm, self.kid)
        later.__dict__["key"] = self.key
        return later

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """A compact JWS; a header of None is left out."""
        said = {"typ": None, "jwk": None, "kid": self.kid, **header}
        return self.key.signed(claims, **{k: ... if v is None else v for k, v in said.items()})

    def request_object(self, client_id: str, issuer: str, /, **said: Any) -> str:
        """RFC 9101 §4; a claim of None is left out."""
        claims = {
            "iss": client_id,
            "aud": issuer,
            "client_id": client_id,
            "iat": self.moment,
            "nbf": self.moment,
            "exp": self.moment + 60,
            "jti": uuid4().hex,
            **said,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        return self.sign(kept, typ="oauth-authz-req+jwt")

    def assertion(self, client_id: str, issuer: str, **said: Any) -> dict[str, str]:
        """The form fields of `private_key_jwt` (RFC 7523 §2.2)."""
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": issuer,
            "iat": self.moment,
            "exp": self.moment + 60,
            "jti": uuid4().hex,
            **said,
        }
        return {
            "client_id": client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.sign(claims),
        }

    def proof(self, method: str, url: str, **claims: Any) -> str:
        """A DPoP proof (RFC 9449 §4.2)."""
        return self.key.proof(method, url, at=self.moment, **claims)
