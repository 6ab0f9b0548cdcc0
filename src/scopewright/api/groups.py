"""Groups and who is in them: handlers."""

from __future__ import annotations

from datetime import datetime

from fastapi import Response
from pydantic import BaseModel

from scopewright.api.bodies import NewGroup
from scopewright.api.entrance import AskHere, WindowHere
from scopewright.api.shapes import Listed, NamedPrincipal
from scopewright.core.groups import GroupMember, Relation
from scopewright.core.model import Principal


class GroupShape(BaseModel):
    """A group; roles are assigned to it by its id, as to any principal."""

    id: str
    name: str
    created_at: datetime

    @classmethod
    def of(cls, group: Principal) -> GroupShape:
        return cls(id=group.id, name=group.name, created_at=group.created_at)


class GroupMemberShape(BaseModel):
    """Somebody in a group: by themselves, or INDIRECT, through groups that are in it."""

    principal: NamedPrincipal
    type: Relation

    @classmethod
    def of(cls, member: GroupMember) -> GroupMemberShape:
        return cls(principal=NamedPrincipal.of(member.principal), type=member.relation)


def index(ask: AskHere, window: WindowHere) -> Listed[GroupShape]:
    """The groups of the workspace."""
    page = ask.services.groups.page(ask.caller, window=window)
    return ask.listed(page, GroupShape.of)


def show(ask: AskHere, id: str) -> GroupShape:
    """One group."""
    return GroupShape.of(ask.services.groups.show(ask.caller, id=id))


def create(ask: AskHere, body: NewGroup) -> GroupShape:
    """Make a group with nobody in it."""
    return GroupShape.of(ask.services.groups.create(ask.caller, name=body.name))


def delete(ask: AskHere, id: str) -> Response:
    """Delete a group: nobody holds anything through it any more."""
    ask.services.groups.delete(ask.caller, id=id)
    return Response(status_code=204)


def members(ask: AskHere, id: str, window: WindowHere) -> Listed[GroupMemberShape]:
    """Everybody in a group, by themselves or through groups in it."""
    page = ask.services.groups.members(ask.caller, id=id, window=window)
    return ask.listed(page, GroupMemberShape.of)


def put(ask: AskHere, id: str, principal: str, response: Response) -> GroupMemberShape:
    """Put a principal, perhaps a group, into a group; 200 when it was there already."""
    member, is_new = ask.services.groups.put(ask.caller, id=id, member=principal)
    response.status_code = 201 if is_new else 200
    return GroupMemberShape.of(member)


def take_out(ask: AskHere, id: str, principal: str) -> Response:
    """Take a principal out of a group."""
    ask.services.groups.take_out(ask.caller, id=id, member=principal)
    return Response(status_code=204)
