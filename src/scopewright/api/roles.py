"""Roles: handlers."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Response

from scopewright.api.bodies import NewRole, RoleChange
from scopewright.api.entrance import AskHere, sought_by
from scopewright.api.shapes import Listed, RoleRow, RoleShape
from scopewright.core.proposals import RoleContents
from scopewright.store.pages import Window

RolesWindow = Annotated[Window, Depends(sought_by("name"))]


def index(ask: AskHere, window: RolesWindow) -> Listed[RoleRow]:
    """The roles of the workspace's own and its applications', by name; catalogues': vocabulary."""
    page = ask.services.roles.page(ask.caller, window=window)
    return ask.listed(page, RoleRow.told)


def show(ask: AskHere, name: str) -> RoleShape:
    """One role by any of its spellings, with each scope that it comes to and all ways to it."""
    return RoleShape.of(*ask.services.roles.show(ask.caller, name=name))


def define(ask: AskHere, body: NewRole) -> RoleShape:
    """Define a role of scopes and other roles."""
    contents = RoleContents(**body.model_dump(exclude={"name"}))
    return RoleShape.of(*ask.services.roles.define(ask.caller, name=body.name, contents=contents))


def change(ask: AskHere, name: str, body: RoleChange) -> RoleShape:
    """Change what is named; it counts at once for everybody who has the role."""
    contents = RoleContents(**body.model_dump())
    return RoleShape.of(*ask.services.roles.change(ask.caller, name=name, contents=contents))


def delete(ask: AskHere, name: str, force: Annotated[bool, Query()] = False) -> Response:
    """Delete a role; with `force` also where somebody has it or something includes it."""
    ask.services.roles.delete(ask.caller, name=name, force=force)
    return Response(status_code=204)
