"""The signing keys of the tests' workspaces: an RSA key takes long to make and long to read.

All workspaces of a process therefore have the same one, under an id of their own, and it is read
and checked once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from scopewright import ids, keys
from scopewright.core.model import SigningKey
from scopewright.keys import KeyRing
from tests.clock import FrozenClock

keys._load = cache(keys._load)


def first_keys(workspace_id: str, now: datetime) -> list[SigningKey]:
    """What a workspace is born with, both signing at once."""
    fresh = KeyRing().make(workspace_id, "ES256", now=now, publish_before=timedelta(0))
    return [fresh, _renamed(rsa_key(), workspace_id, now)]


@cache
def rsa_key() -> SigningKey:
    """The one RSA key; it belongs to no workspace."""
    return KeyRing().make("", "RS256", now=FrozenClock()(), publish_before=timedelta(0))


def _renamed(key: SigningKey, workspace_id: str, now: datetime) -> SigningKey:
    id = ids.new_id("key")
    jwk = {**key.public_jwk, "kid": id}
    return replace(
        key, id=id, workspace_id=workspace_id, public_jwk=jwk, published_at=now, signs_from=now
    )
