"""Members and invitations to become one: handlers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Depends, Response
from pydantic import BaseModel

from scopewright.api.bodies import Body, Email
from scopewright.api.entrance import AskHere, WindowHere, sought_by
from scopewright.api.shapes import Listed
from scopewright.services.invitations import InvitationNow
from scopewright.services.members import Member
from scopewright.store.pages import Window

RoleName = Literal["viewer", "editor", "admin"]

MembersWindow = Annotated[Window, Depends(sought_by("email", "created_at"))]


class NewMember(Body):
    """Somebody to invite."""

    email: Email
    role: RoleName


class RoleChange(Body):
    """The role that a member shall have."""

    role: RoleName


class MemberShape(BaseModel):
    """A member; `role` is viewer, editor or admin; null: none, so nothing is open to them.

    `last_sign_in_at` is when they were last here in a browser, to the minute.
    """

    id: str
    email: str
    role: str | None
    created_at: datetime
    last_sign_in_at: datetime | None

    @classmethod
    def of(cls, member: Member) -> MemberShape:
        person = member.principal
        address = person.identity.subject if person.identity else person.name
        return cls(
            id=person.id,
            email=address,
            role=member.role,
            created_at=person.created_at,
            last_sign_in_at=member.last_sign_in_at,
        )


class InvitationShape(BaseModel):
    """An invitation that nobody has accepted; its link stands in the letter only.

    Where its `state` is `expired`, inviting the same address again sends a fresh link. It is
    forgotten a week after.
    """

    id: str
    email: str
    role: str
    invited_by: str
    created_at: datetime
    expires_at: datetime
    state: Literal["pending", "expired"]

    @classmethod
    def of(cls, shown: InvitationNow) -> InvitationShape:
        invitation = shown.invitation
        return cls(
            id=invitation.id,
            email=invitation.email,
            role=invitation.role.rpartition(":")[2],
            invited_by=invitation.invited_by,
            created_at=invitation.created_at,
            expires_at=invitation.expires_at,
            state="pending" if shown.is_pending else "expired",
        )


def index(ask: AskHere, window: MembersWindow) -> Listed[MemberShape]:
    """The members, oldest first."""
    page = ask.services.members.page(ask.caller, window)
    return ask.listed(page, MemberShape.of)


def show(ask: AskHere, email: str) -> MemberShape:
    """One member, by email address or id."""
    return MemberShape.of(ask.services.members.show(ask.caller, name=email))


def invite(ask: AskHere, body: NewMember) -> InvitationShape:
    """Mail an invitation, in place of an earlier one to the same address."""
    sent = ask.services.invitations.send(ask.caller, email=body.email, role=body.role)
    return InvitationShape.of(sent)


def change(ask: AskHere, email: str, body: RoleChange) -> MemberShape:
    """Give a member another role; the last administrator stays one."""
    changed = ask.services.members.change_role(ask.caller, name=email, role=body.role)
    return MemberShape.of(changed)


def remove(ask: AskHere, email: str) -> Response:
    """Remove a member, and cancel the invitations that they sent."""
    ask.services.members.remove(ask.caller, name=email)
    return Response(status_code=204)


def invitations(ask: AskHere, window: WindowHere) -> Listed[InvitationShape]:
    """The invitations that nobody has accepted, oldest first."""
    page = ask.services.invitations.page(ask.caller, window)
    return ask.listed(page, InvitationShape.of)


def show_invitation(ask: AskHere, id: str) -> InvitationShape:
    """One invitation that nobody has accepted."""
    return InvitationShape.of(ask.services.invitations.show(ask.caller, id=id))


def send_invitation(ask: AskHere, body: NewMember) -> InvitationShape:
    """The same as inviting under `members`."""
    return invite(ask, body)


def revoke_invitation(ask: AskHere, id: str) -> Response:
    """Cancel an invitation; its link is dead at once."""
    ask.services.invitations.revoke(ask.caller, id=id)
    return Response(status_code=204)
