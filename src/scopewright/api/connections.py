"""Applications that act for whoever asks: handlers."""

from __future__ import annotations

from datetime import datetime

from fastapi import Response
from pydantic import BaseModel

from scopewright.api.entrance import AskHere, WindowHere
from scopewright.api.shapes import Listed
from scopewright.services.connections import Connection


class ConnectionShape(BaseModel):
    """An application; `scopes` are those that its next token for the person would hold.

    `approved`: the person has allowed it, and is not asked again.
    """

    client_id: str
    client: str
    scopes: list[str]
    since: datetime
    sessions: int
    approved: bool

    @classmethod
    def of(cls, connection: Connection) -> ConnectionShape:
        return cls(
            client_id=connection.client.id,
            client=connection.client.name,
            scopes=sorted(connection.scopes),
            since=connection.since,
            sessions=connection.sessions,
            approved=connection.is_approved,
        )


def own(ask: AskHere, window: WindowHere) -> Listed[ConnectionShape]:
    """The applications that act for whoever asks."""
    page = ask.services.connections.own(ask.caller, window)
    return ask.listed(page, ConnectionShape.of)


def end_own(ask: AskHere, id: str) -> Response:
    """Take back what one has allowed an application, and end one's sessions through it."""
    ask.services.connections.end_own(ask.caller, client_id=id)
    return Response(status_code=204)
