"""Grants of end-users and clients: handlers."""

from __future__ import annotations

from datetime import datetime

from fastapi import Response
from pydantic import BaseModel, Field

from scopewright.api.bodies import Body, Names, NewGrant
from scopewright.api.entrance import Ask, AskHere, WindowHere
from scopewright.api.shapes import Listed
from scopewright.core.model import PrincipalKind
from scopewright.services.grants import Exchange, Granted

END_USER, CLIENT = PrincipalKind.END_USER, PrincipalKind.CLIENT


class GrantChange(Body):
    """Scopes to grant, and scopes to take back: all of them or none."""

    give: Names = Field([])
    take: Names = Field([])


class GrantShape(BaseModel):
    """A scope granted; `internal` ones open operations here. `granted_by` is a principal's id."""

    scope: str
    internal: bool
    granted_by: str
    granted_at: datetime

    @classmethod
    def of(cls, granted: Granted) -> GrantShape:
        grant = granted.grant
        return cls(
            scope=grant.scope,
            internal=granted.internal,
            granted_by=grant.granted_by,
            granted_at=grant.granted_at,
        )


class ExchangeShape(BaseModel):
    """What was given and taken; not what was granted before, or not granted anyway."""

    given: list[str]
    taken: list[str]


def of_end_user(ask: AskHere, email: str, window: WindowHere) -> Listed[GrantShape]:
    """The scopes granted to an end-user."""
    page = ask.services.grants.page(ask.caller, kind=END_USER, name=email, window=window)
    return ask.listed(page, GrantShape.of)


def of_client(ask: AskHere, id: str, window: WindowHere) -> Listed[GrantShape]:
    """The scopes granted to a client."""
    page = ask.services.grants.page(ask.caller, kind=CLIENT, name=id, window=window)
    return ask.listed(page, GrantShape.of)


def give_end_user(ask: AskHere, email: str, body: NewGrant, response: Response) -> GrantShape:
    """Grant a scope to an end-user, without a letter; 200 when it was granted already."""
    granted, is_new = ask.services.grants.give(
        ask.caller, kind=END_USER, name=email, scope=body.scope
    )
    response.status_code = 201 if is_new else 200
    return GrantShape.of(granted)


def give_client(ask: AskHere, id: str, body: NewGrant, response: Response) -> GrantShape:
    """Grant a scope to a client that acts for itself; 200 when it was granted already."""
    granted, is_new = ask.services.grants.give(ask.caller, kind=CLIENT, name=id, scope=body.scope)
    response.status_code = 201 if is_new else 200
    return GrantShape.of(granted)


def exchange_end_user(ask: AskHere, email: str, body: GrantChange) -> ExchangeShape:
    """Give and take scopes of an end-user, all or none; to take, it needs `grants:revoke` too."""
    return _exchanged(ask, END_USER, email, body)


def exchange_client(ask: AskHere, id: str, body: GrantChange) -> ExchangeShape:
    """Give and take scopes of a client, all or none; to take, it needs `grants:revoke` too."""
    return _exchanged(ask, CLIENT, id, body)


def revoke_end_user(ask: AskHere, email: str, scope: str) -> Response:
    """Take a scope back from an end-user; it shows at the next refresh."""
    ask.services.grants.revoke(ask.caller, kind=END_USER, name=email, scope=scope)
    return Response(status_code=204)


def revoke_client(ask: AskHere, id: str, scope: str) -> Response:
    """Take a scope back from a client; it shows in the next token."""
    ask.services.grants.revoke(ask.caller, kind=CLIENT, name=id, scope=scope)
    return Response(status_code=204)


def _exchanged(ask: Ask, kind: PrincipalKind, name: str, body: GrantChange) -> ExchangeShape:
    wanted = Exchange(frozenset(body.give), frozenset(body.take))
    done = ask.services.grants.exchange(ask.caller, kind=kind, name=name, wanted=wanted)
    return ExchangeShape(given=sorted(done.given), taken=sorted(done.taken))
