"""Everybody who can hold scopes, and what each holds: handlers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel

from scopewright.api.assignments import IncompleteShape
from scopewright.api.entrance import AskHere, WindowHere
from scopewright.api.shapes import Listed, NamedPrincipal, ReasonShape
from scopewright.core.groups import Relation
from scopewright.core.model import Principal, PrincipalKind
from scopewright.core.why import HeldGroup, HeldRole, Reasons
from scopewright.services.principals import Portrait


class ShortPrincipal(NamedPrincipal):
    """A principal, as a list shows it."""

    created_at: datetime
    disabled_at: datetime | None

    @classmethod
    def of(cls, principal: Principal) -> ShortPrincipal:
        return cls(
            id=principal.id,
            kind=principal.kind,
            name=principal.name,
            created_at=principal.created_at,
            disabled_at=principal.disabled_at,
        )


class HeldGroupShape(BaseModel):
    """A group that a principal is in: itself, or INDIRECT, because its group is."""

    id: str
    name: str
    type: Relation

    @classmethod
    def of(cls, group: HeldGroup) -> HeldGroupShape:
        return cls(id=group.id, name=group.name, type=group.relation)


class HeldRoleShape(BaseModel):
    """A role of a principal: its own, or INDIRECT, assigned to the `group` of this id."""

    role: str
    type: Relation
    group: str | None
    assigned_by: str
    assigned_at: datetime

    @classmethod
    def of(cls, held: HeldRole) -> HeldRoleShape:
        return cls(
            role=held.assignment.role,
            type=held.relation,
            group=held.group,
            assigned_by=held.assignment.assigned_by,
            assigned_at=held.assignment.assigned_at,
        )


class HeldScopeShape(BaseModel):
    """A scope that a principal holds, and by which paths; `more` if longer ones were left out."""

    scope: str
    paths: list[ReasonShape]
    more: bool

    @classmethod
    def of(cls, scope: str, reasons: Reasons) -> HeldScopeShape:
        return cls(scope=scope, paths=ReasonShape.all_of(reasons), more=reasons.more)


class PortraitShape(ShortPrincipal):
    """A principal with all that it holds and why.

    `missing` are roles that are to count for it, and are not there.
    """

    groups: list[HeldGroupShape]
    roles: list[HeldRoleShape]
    held: list[HeldScopeShape]
    incomplete: list[IncompleteShape]
    missing: list[str]
    warnings: list[str]

    @classmethod
    def of_portrait(cls, portrait: Portrait) -> PortraitShape:
        return cls(
            **ShortPrincipal.of(portrait.principal).model_dump(),
            groups=[HeldGroupShape.of(group) for group in portrait.groups],
            roles=[HeldRoleShape.of(role) for role in portrait.roles],
            held=[HeldScopeShape.of(scope, why) for scope, why in portrait.held.items()],
            incomplete=[IncompleteShape.of(one) for one in portrait.incomplete],
            missing=sorted(portrait.missing),
            warnings=list(portrait.warnings),
        )


def index(
    ask: AskHere, window: WindowHere, kind: Annotated[PrincipalKind | None, Query()] = None
) -> Listed[ShortPrincipal]:
    """The members, end-users, clients and groups of the workspace."""
    page = ask.services.principals.page(ask.caller, kind=kind, window=window)
    return Listed(
        data=[ShortPrincipal.of(one) for one in page.items], next_page=ask.next_page(page.cursor)
    )


def show(ask: AskHere, id: str) -> PortraitShape:
    """One principal and what it holds, by its id or an address."""
    return PortraitShape.of_portrait(ask.services.principals.show(ask.caller, name=id))


def me(ask: AskHere) -> PortraitShape:
    """Whoever asks, and what they hold: as much of it as their credential carries."""
    return PortraitShape.of_portrait(ask.services.principals.of_caller(ask.caller))
