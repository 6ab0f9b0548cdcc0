"""An outside issuer, such as a build system or a cluster: its keys, and what it signs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from scopewright.core.model import SigningKey
from scopewright.ids import new_id
from scopewright.keys import KeyRing, jwks
from tests.clock import FrozenClock

BUILDS = "https://builds.example"


@cache
def a_key(number: int = 0, algorithm: str = "ES256") -> SigningKey:
    """A key pair; the same for the same number."""
    key = KeyRing().make("", algorithm, now=FrozenClock()(), publish_before=timedelta(0))
    assert number >= 0
    return key


@dataclass
class Outside:
    """Signs assertions; `claims` are what it says of a job unless told otherwise."""

    issuer: str = BUILDS
    key: SigningKey = field(default_factory=a_key)
    claims: Mapping[str, Any] = field(
        default_factory=lambda: {"sub": "repo:acme/site:ref:main", "repository": "acme/site"}
    )

    @property
    def jwks(self) -> dict[str, Any]:
        return jwks([self.key])

    def assertion(self, audience: Any, now: datetime, *, type: str = "JWT", **replaced: Any) -> str:
        """An assertion of five minutes; None leaves a claim out."""
        at = int(now.timestamp())
        said = {
            "iss": self.issuer, "aud": audience, "iat": at, "nbf": at, "exp": at + 300,
            "jti": new_id("jti"), **self.claims, **replaced,
        }  # fmt: skip
        kept = {name: value for name, value in said.items() if value is not None}
        return KeyRing().sign(self.key, kept, type=type)
