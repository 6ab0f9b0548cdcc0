"""Identities of principals: handlers."""

from __future__ import annotations

from datetime import datetime

from fastapi import Response
from pydantic import BaseModel

from scopewright.api.entrance import AskHere, WindowHere
from scopewright.api.shapes import Listed
from scopewright.core.identities import LinkedIdentity


class IdentityShape(BaseModel):
    """A way by which somebody proves who they are. `linked_by` is a principal's id."""

    provider: str
    subject: str
    linked_by: str
    linked_at: datetime
    last_used_at: datetime | None

    @classmethod
    def of(cls, linked: LinkedIdentity) -> IdentityShape:
        return cls(
            provider=linked.identity.provider,
            subject=linked.identity.subject,
            linked_by=linked.linked_by,
            linked_at=linked.linked_at,
            last_used_at=linked.last_used_at,
        )


def index(ask: AskHere, id: str, window: WindowHere) -> Listed[IdentityShape]:
    """The identities of a principal, the one it is called by among them."""
    page = ask.services.identities.page(ask.caller, name=id, window=window)
    return ask.listed(page, IdentityShape.of)


def link(ask: AskHere, id: str, provider: str, subject: str, response: Response) -> IdentityShape:
    """Let a person sign in by one more identity; 200 when it was linked already."""
    linked, is_new = ask.services.identities.link(
        ask.caller, name=id, provider=provider, subject=subject
    )
    response.status_code = 201 if is_new else 200
    return IdentityShape.of(linked)


def unlink(ask: AskHere, id: str, provider: str, subject: str) -> Response:
    """Take an identity from a person, whose sessions end."""
    ask.services.identities.unlink(ask.caller, name=id, provider=provider, subject=subject)
    return Response(status_code=204)
