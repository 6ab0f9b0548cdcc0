"""Sessions: handlers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Response
from pydantic import BaseModel

from scopewright.api.entrance import AskHere, WindowHere, sought_by
from scopewright.api.shapes import Listed
from scopewright.services.sessions import SessionNow
from scopewright.store.pages import Window

SessionsWindow = Annotated[Window, Depends(sought_by("created_at"))]


class Holder(BaseModel):
    """Whose session it is."""

    kind: str
    label: str


class SessionShape(BaseModel):
    """An active session; `scopes` are those that its next token would hold."""

    id: str
    principal: Holder
    client: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime

    @classmethod
    def of(cls, now: SessionNow) -> SessionShape:
        return cls(
            id=now.session.id,
            principal=Holder(kind=now.principal.kind.value, label=now.principal.name),
            client=now.client.name,
            scopes=sorted(now.scopes),
            created_at=now.session.created_at,
            last_used_at=now.session.last_used_at,
        )


def index(ask: AskHere, window: SessionsWindow) -> Listed[SessionShape]:
    """The active sessions, oldest first."""
    page = ask.services.sessions.page(ask.caller, window)
    return ask.listed(page, SessionShape.of)


def show(ask: AskHere, id: str) -> SessionShape:
    """One active session."""
    return SessionShape.of(ask.services.sessions.show(ask.caller, id=id))


def revoke(ask: AskHere, id: str) -> Response:
    """End a session; its tokens are refused at once."""
    ask.services.sessions.revoke(ask.caller, id=id)
    return Response(status_code=204)


def own(ask: AskHere, window: WindowHere) -> Listed[SessionShape]:
    """The active sessions of whoever asks, oldest first."""
    page = ask.services.sessions.own(ask.caller, window)
    return ask.listed(page, SessionShape.of)


def revoke_own(ask: AskHere, id: str) -> Response:
    """End a session of whoever asks; its tokens are refused at once."""
    ask.services.sessions.revoke_own(ask.caller, id=id)
    return Response(status_code=204)
