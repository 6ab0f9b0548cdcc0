"""Everybody who can hold scopes, and what each holds: handlers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel

from scopewright.api.assignments import IncompleteShape
from scopewright.api.bodies import NewPrincipal, PrincipalChange
from scopewright.api.entrance import AskHere, sorted_by
from scopewright.api.identities import IdentityShape
from scopewright.api.shapes import GiverShape, Listed, NamedPrincipal, ReasonShape
from scopewright.core.groups import Relation
from scopewright.core.model import ApiKey, Principal, PrincipalKind, Session
from scopewright.core.principals import Overview
from scopewright.core.why import HeldGroup, HeldRole, Reasons
from scopewright.services.principals import Portrait
from scopewright.store.pages import Window
from scopewright.store.principals import Selection

PrincipalsWindow = Annotated[Window, Depends(sorted_by("name", "created_at"))]


def _selection(
    kind: Annotated[PrincipalKind | None, Query()] = None,
    q: Annotated[
        str | None, Query(description="How a name or identity begins.", max_length=320)
    ] = None,
    disabled: Annotated[bool | None, Query()] = None,
) -> Selection:
    return Selection(kind=kind, prefix=q, is_disabled=disabled)


class PrincipalShape(NamedPrincipal):
    """A principal, as it is shown alone and in a list.

    `latest_activity` is the last use of a key, or of a session for those who may see sessions.
    """

    created_at: datetime
    disabled_at: datetime | None
    owner: GiverShape | None
    identities: list[IdentityShape]
    latest_activity: datetime | None

    @classmethod
    def told(cls, overview: Overview) -> PrincipalShape:
        principal, owner = overview.principal, overview.owner
        named = None if owner is None else owner.name
        return PrincipalShape(
            id=principal.id,
            kind=principal.kind,
            name=principal.name,
            created_at=principal.created_at,
            disabled_at=principal.disabled_at,
            owner=GiverShape(id=principal.owner_id, name=named) if principal.owner_id else None,
            identities=[IdentityShape.of(one) for one in overview.identities],
            latest_activity=overview.activity.latest,
        )


class OverviewShape(PrincipalShape):
    """A principal, as a list shows it: its own roles, and how many keys and sessions are live.

    `live_sessions` is null for those who may not see sessions.
    """

    roles: list[str]
    live_api_keys: int
    live_sessions: int | None

    @classmethod
    def of_overview(cls, overview: Overview) -> OverviewShape:
        return cls(
            **dict(PrincipalShape.told(overview)),
            roles=list(overview.roles),
            live_api_keys=overview.activity.api_keys,
            live_sessions=overview.activity.sessions,
        )


class KeyShape(BaseModel):
    """A live API key, never its secret; `scopes` are `inherit`, or those that it gives now."""

    id: str
    note: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey, held: frozenset[str]) -> KeyShape:
        return cls(
            id=key.id,
            note=key.note,
            scopes=["inherit"] if key.inherits else sorted(key.requested.within(held)),
            created_at=key.created_at,
            expires_at=key.expires_at,
            last_used_at=key.last_used_at,
        )


class SignedInShape(BaseModel):
    """A session of a principal, ended ones too as long as they are remembered."""

    id: str
    client: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ended: bool
    ended_at: datetime | None

    @classmethod
    def of(cls, session: Session, client: Principal) -> SignedInShape:
        return cls(
            id=session.id,
            client=client.name,
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            expires_at=session.expires_at,
            ended=session.ended_at is not None,
            ended_at=session.ended_at,
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


class PortraitShape(PrincipalShape):
    """A principal with all that it holds and why.

    `missing` are roles that are to count for it, and are not there. `api_keys` and `sessions`, the
    latest hundred of each, are null for those who may not see them.
    """

    groups: list[HeldGroupShape]
    roles: list[HeldRoleShape]
    held: list[HeldScopeShape]
    incomplete: list[IncompleteShape]
    missing: list[str]
    warnings: list[str]
    api_keys: list[KeyShape] | None
    sessions: list[SignedInShape] | None

    @classmethod
    def of_portrait(cls, portrait: Portrait) -> PortraitShape:
        return cls(
            **dict(PrincipalShape.told(portrait.overview)),
            groups=[HeldGroupShape.of(group) for group in portrait.groups],
            roles=[HeldRoleShape.of(role) for role in portrait.roles],
            held=[HeldScopeShape.of(scope, why) for scope, why in portrait.held.items()],
            incomplete=[IncompleteShape.of(one) for one in portrait.incomplete],
            missing=sorted(portrait.missing),
            warnings=list(portrait.warnings),
            api_keys=_keys(portrait),
            sessions=_sessions(portrait),
        )


def _keys(portrait: Portrait) -> list[KeyShape] | None:
    if portrait.api_keys is None:
        return None
    return [KeyShape.of(key, frozenset(portrait.held)) for key in portrait.api_keys]


def _sessions(portrait: Portrait) -> list[SignedInShape] | None:
    if portrait.sessions is None:
        return None
    return [
        SignedInShape.of(session, portrait.clients[session.client_id])
        for session in portrait.sessions
    ]


def index(
    ask: AskHere,
    window: PrincipalsWindow,
    wanted: Annotated[Selection, Depends(_selection)],
    owner: Annotated[str | None, Query(description="An id or address.", max_length=320)] = None,
) -> Listed[OverviewShape]:
    """The members, end-users, clients and groups of the workspace."""
    page = ask.services.principals.page(ask.caller, selection=wanted, owner=owner, window=window)
    return ask.listed(page, OverviewShape.of_overview)


def show(ask: AskHere, id: str) -> PortraitShape:
    """One principal and what it holds, by its id or an address."""
    return PortraitShape.of_portrait(ask.services.principals.show(ask.caller, name=id))


def me(ask: AskHere) -> PortraitShape:
    """Whoever asks, and what they hold: as much of it as their credential carries."""
    return PortraitShape.of_portrait(ask.services.principals.of_caller(ask.caller))


def create(ask: AskHere, body: NewPrincipal) -> OverviewShape:
    """Make a service principal; it acts by API keys, or by a secret once one was made."""
    made = ask.services.principals.create(
        ask.caller, name=body.name, roles=body.roles, owner=body.owner
    )
    return OverviewShape.of_overview(made)


def update(ask: AskHere, id: str, body: PrincipalChange) -> OverviewShape:
    """Change a service principal's name or owner; null takes the owner away."""
    said = body.model_dump(exclude_unset=True).items()
    changed = {k: v for k, v in said if v is not None or k == "owner"}
    return OverviewShape.of_overview(
        ask.services.principals.update(ask.caller, id=id, changed=changed)
    )
