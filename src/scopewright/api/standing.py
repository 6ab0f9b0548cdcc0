"""Whether principals may present themselves: handlers."""

from __future__ import annotations

from fastapi import Response
from pydantic import BaseModel

from scopewright.api.entrance import AskHere
from scopewright.api.principals import OverviewShape
from scopewright.services.standing import SignedOut


class SignedOutShape(BaseModel):
    """What was ended; `api_keys_kept` go on until they are revoked, or their owner disabled."""

    sessions_ended: int
    api_keys_kept: int

    @classmethod
    def of(cls, signed_out: SignedOut) -> SignedOutShape:
        return cls(sessions_ended=signed_out.sessions_ended, api_keys_kept=signed_out.api_keys_kept)


def disable(ask: AskHere, id: str) -> OverviewShape:
    """Refuse at once whatever a principal presents, and end its sessions."""
    return OverviewShape.of_overview(ask.services.standing.disable(ask.caller, name=id))


def enable(ask: AskHere, id: str) -> OverviewShape:
    """Accept again what a principal presents; what was ended stays ended."""
    return OverviewShape.of_overview(ask.services.standing.enable(ask.caller, name=id))


def sign_out(ask: AskHere, id: str) -> SignedOutShape:
    """End every session of a person here; their browsers must sign in anew, their keys stay."""
    return SignedOutShape.of(ask.services.standing.sign_out(ask.caller, name=id))


def sign_out_me(ask: AskHere) -> SignedOutShape:
    """End every session of whoever asks; their browsers must sign in anew, their keys stay."""
    return SignedOutShape.of(ask.services.standing.sign_out_oneself(ask.caller))


def remove(ask: AskHere, id: str) -> Response:
    """Remove a principal of whatever kind; it takes the operation of that kind as well."""
    ask.services.standing.remove(ask.caller, name=id)
    return Response(status_code=204)
