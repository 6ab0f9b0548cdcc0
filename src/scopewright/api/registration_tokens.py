"""Initial access tokens: handlers. A token is in the answer that made it, and in no other."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import Response
from pydantic import BaseModel

from scopewright.api.bodies import NewRegistrationToken
from scopewright.api.entrance import AskHere, WindowHere
from scopewright.api.shapes import Listed
from scopewright.core.model import RegistrationToken


class RegistrationTokenShape(BaseModel):
    """A token that lets clients register themselves, without the token itself."""

    id: str
    note: str
    created_by: str
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, token: RegistrationToken) -> RegistrationTokenShape:
        return cls(
            id=token.id,
            note=token.note,
            created_by=token.created_by,
            created_at=token.created_at,
            expires_at=token.expires_at,
        )


class RegistrationTokenWithSecret(RegistrationTokenShape):
    """A token that was just made; `token` is shown this once."""

    token: str


def index(ask: AskHere, window: WindowHere) -> Listed[RegistrationTokenShape]:
    """The tokens by which clients may register themselves now."""
    page = ask.services.registration_tokens.page(ask.caller, window=window)
    return ask.listed(page, RegistrationTokenShape.of)


def create(ask: AskHere, body: NewRegistrationToken) -> RegistrationTokenWithSecret:
    """Make a token by which clients register themselves until it expires."""
    token, secret = ask.services.registration_tokens.create(
        ask.caller, note=body.note, lifetime=timedelta(seconds=body.expires_in)
    )
    shape = RegistrationTokenShape.of(token)
    return RegistrationTokenWithSecret(**shape.model_dump(), token=secret)


def revoke(ask: AskHere, id: str) -> Response:
    """Revoke a token; clients that have registered by it stay."""
    ask.services.registration_tokens.revoke(ask.caller, id=id)
    return Response(status_code=204)
