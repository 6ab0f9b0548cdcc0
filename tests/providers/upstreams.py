"""An OpenID provider elsewhere that says what a test wants, good or bad."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from scopewright.core.id_tokens import half_hash
from tests.client_keys import ClientKey
from tests.clock import FrozenClock
from tests.tls import HttpsSite, Reply

WELL_KNOWN = "/.well-known/openid-configuration"
NOW = FrozenClock()()
ACCESS = "an-access-token"
AUDIENCE = "https://data.example"


@dataclass
class Upstream:
    """An OpenID provider that says what a test wants."""

    site: HttpsSite
    key: ClientKey = field(default_factory=lambda: ClientKey(NOW, kid="one"))
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return self.site.url("/idp")

    def publish(self, *keys: ClientKey, **document: Any) -> None:
        self.site.answers.clear()
        self.site.received.clear()
        described = {
            "issuer": self.issuer,
            "authorization_endpoint": self.site.url("/idp/authorize"),
            "token_endpoint": self.site.url("/idp/token"),
            "jwks_uri": self.site.url("/idp/jwks"),
        } | document
        self.answer(f"/idp{WELL_KNOWN}", described)
        self.answer("/idp/jwks", {"keys": [key.public for key in keys or (self.key,)]})

    def answer(self, path: str, value: Any, status: int = 200) -> None:
        self.site.answers[path] = Reply(json.dumps(value).encode(), status)

    def grant(self, nonce: str, *, key: ClientKey | None = None, **said: Any) -> None:
        """What the token endpoint answers; a claim of None is left out."""
        claims = {
            "iss": self.issuer,
            "sub": "u-1",
            "aud": "us",
            "exp": int(NOW.timestamp()) + 300,
            "iat": int(NOW.timestamp()),
            "nonce": nonce,
            "at_hash": half_hash(ACCESS),
            "name": "Ann",
            "groups": ["staff"],
        } | said
        kept = {name: value for name, value in claims.items() if value is not None}
        token = (key or self.key).sign(kept)
        self.answer("/idp/token", {"id_token": token, "access_token": ACCESS})

    def access_token(
        self, *, key: ClientKey | None = None, typ: Any = "at+jwt", **said: Any
    ) -> str:
        """An access token for `AUDIENCE`; a claim of None is left out."""
        claims = {
            "iss": self.issuer,
            "sub": "u-1",
            "aud": AUDIENCE,
            "client_id": "a-program",
            "exp": int(NOW.timestamp()) + 3600,
            "iat": int(NOW.timestamp()),
            "jti": "t-1",
            "scope": "openid sensor:read",
        } | said
        kept = {name: value for name, value in claims.items() if value is not None}
        return (key or self.key).sign(kept, typ=typ)
