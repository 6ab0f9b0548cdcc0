"""Signing keys: handlers."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from scopewright.api.bodies import Body
from scopewright.api.entrance import AskHere, WindowHere
from scopewright.api.shapes import Listed
from scopewright.services.keys import KeyNow, KeyState
from scopewright.store.pages import part_of


class Rotation(Body):
    """Which key shall be followed by a new one; without an algorithm, all of them."""

    algorithm: Literal["ES256", "RS256"] | None = None


class SigningKeyShape(BaseModel):
    """A published key, its public half only. `state` is next, signing or verifying.

    It is forgotten at `forget_at`, when the last token that it signed has expired.
    """

    id: str
    algorithm: str
    state: KeyState
    public_jwk: dict[str, str]
    published_at: datetime
    signs_from: datetime
    retired_at: datetime | None
    forget_at: datetime | None

    @classmethod
    def of(cls, now: KeyNow) -> SigningKeyShape:
        key = now.key
        return cls(
            id=key.id,
            algorithm=key.algorithm,
            state=now.state,
            public_jwk=key.public_jwk,
            published_at=key.published_at,
            signs_from=key.signs_from,
            retired_at=key.retired_at,
            forget_at=key.forget_at,
        )


def index(ask: AskHere, window: WindowHere) -> Listed[SigningKeyShape]:
    """The published keys, oldest first."""
    keys = sorted(ask.services.keys.list_all(ask.caller), key=_id)
    page = part_of(keys, _id, window)
    return ask.listed(page, SigningKeyShape.of)


def rotate(ask: AskHere, body: Rotation | None = None) -> Listed[SigningKeyShape]:
    """Publish the next key; it signs as soon as everybody can know it. Answers with all keys."""
    algorithm = None if body is None else body.algorithm
    keys = ask.services.keys.rotate(ask.caller, algorithm=algorithm)
    return Listed(data=[SigningKeyShape.of(key) for key in sorted(keys, key=_id)])


def _id(now: KeyNow) -> str:
    return now.key.id
