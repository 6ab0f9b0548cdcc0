"""End-users: handlers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Response
from pydantic import BaseModel

from scopewright.api.bodies import NewEndUser
from scopewright.api.entrance import AskHere, sought_by
from scopewright.api.shapes import Listed
from scopewright.core.model import EMAIL_PROVIDER, Principal
from scopewright.services.end_users import EndUser, Invited
from scopewright.store.pages import Window

EndUsersWindow = Annotated[Window, Depends(sought_by("email", "created_at"))]


class EndUserShape(BaseModel):
    """An end-user with its scopes and roles; `internal_scopes` open operations here.

    `last_sign_in_at` is when they last signed in to something here, to the minute. Until they have,
    `invited_until` is when the link of their latest invitation ends or has ended; a day after that
    it is null.
    """

    email: str | None
    id: str
    name: str
    scopes: list[str]
    internal_scopes: list[str]
    roles: list[str]
    created_at: datetime
    disabled_at: datetime | None
    last_sign_in_at: datetime | None
    invited_until: datetime | None

    @classmethod
    def of(cls, end_user: EndUser) -> EndUserShape:
        person = end_user.principal
        return cls(
            email=_email(person),
            id=person.id,
            name=person.name,
            scopes=sorted(end_user.scopes),
            internal_scopes=sorted(end_user.internal_scopes),
            roles=list(end_user.roles),
            created_at=person.created_at,
            disabled_at=person.disabled_at,
            last_sign_in_at=end_user.last_sign_in_at,
            invited_until=end_user.invited_until,
        )


def index(ask: AskHere, window: EndUsersWindow) -> Listed[EndUserShape]:
    """The end-users of the workspace."""
    page = ask.services.end_users.page(ask.caller, window=window)
    return ask.listed(page, EndUserShape.of)


def show(ask: AskHere, email: str) -> EndUserShape:
    """One end-user, by email address or id."""
    return EndUserShape.of(ask.services.end_users.show(ask.caller, name=email))


def invite(ask: AskHere, body: NewEndUser, response: Response) -> EndUserShape:
    """Give an address scopes and roles and send it a link; 200 when it was an end-user already."""
    given = Invited(frozenset(body.scopes), frozenset(body.internal_scopes), frozenset(body.roles))
    end_user, is_new = ask.services.end_users.invite(ask.caller, email=body.email, given=given)
    response.status_code = 201 if is_new else 200
    return EndUserShape.of(end_user)


def invite_again(ask: AskHere, email: str) -> EndUserShape:
    """Send an end-user a letter with a fresh link; what they hold stays as it is."""
    return EndUserShape.of(ask.services.end_users.invite_again(ask.caller, name=email))


def remove(ask: AskHere, email: str) -> Response:
    """Remove an end-user; sessions end and tokens are refused at once."""
    ask.services.end_users.remove(ask.caller, name=email)
    return Response(status_code=204)


def _email(person: Principal) -> str | None:
    identity = person.identity
    return identity.subject if identity and identity.provider == EMAIL_PROVIDER else None
