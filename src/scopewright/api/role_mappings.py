"""Which role stands for an include that no catalogue resolves: handlers."""

from __future__ import annotations

from fastapi import Response
from pydantic import BaseModel

from scopewright.api.bodies import RoleMappingBody
from scopewright.api.entrance import AskHere, WindowHere
from scopewright.api.shapes import Listed
from scopewright.services.role_mappings import RoleMapping


class RoleMappingShape(BaseModel):
    """An include and the role that stands for it; null: it is missing."""

    include: str
    role: str | None

    @classmethod
    def of(cls, mapping: RoleMapping) -> RoleMappingShape:
        return cls(include=mapping.include, role=mapping.role)


def index(ask: AskHere, window: WindowHere) -> Listed[RoleMappingShape]:
    """The includes for which a role stands, and those that are missing."""
    page = ask.services.role_mappings.page(ask.caller, window=window)
    return ask.listed(page, RoleMappingShape.of)


def put(ask: AskHere, include: str, body: RoleMappingBody) -> RoleMappingShape:
    """Let a role stand for a missing include; what includes it follows that role from now on."""
    mapping = ask.services.role_mappings.put(ask.caller, include=include, role=body.role)
    return RoleMappingShape.of(mapping)


def delete(ask: AskHere, include: str) -> Response:
    """Let no role stand for an include: it is missing again."""
    ask.services.role_mappings.delete(ask.caller, include=include)
    return Response(status_code=204)
