"""How a request enters that names no workspace: by a credential of one, or by a cookie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from scopewright.api.entrance import (
    Entrance,
    entrance_of,
    find_bearer,
    find_sign_in,
    find_view,
    page_url,
    refusal,
)
from scopewright.core.caller import Caller, Presented
from scopewright.core.model import SignIn
from scopewright.services import Services
from scopewright.web.credentials import is_presented, presented_of
from scopewright.web.http import PRINCIPAL, header


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: the caller that a token or key makes in its workspace, or a signed-in browser."""

    entrance: Entrance
    request: Request
    who: Caller | SignIn

    @property
    def services(self) -> Services:
        return self.entrance.services

    def next_page(self, cursor: str | None) -> str | None:
        """The URL of the page that begins at a cursor."""
        return page_url(self.entrance, self.request, cursor)


async def visit(request: Request) -> Visitor:
    """Find out who asks, as `find_visitor` does.

    Raises:
        Unauthenticated, Forbidden: as that.
    """
    return await find_visitor(request)


async def find_visitor(request: Request, *, restricted: bool = False) -> Visitor:
    """Find out who asks; a cookie that changes something needs its anti-forgery token.

    `restricted`: it may be by a key that tags restrict.

    Raises:
        Unauthenticated: nobody that is known here.
        Forbidden: by such a key, which may not be.
    """
    entrance = entrance_of(request)
    authorization = header(request.scope, b"authorization")
    presented = presented_of(authorization, request.scope)
    who: Caller | SignIn | None = None
    if presented is not None:
        who = await caller_of(entrance, presented, restricted=restricted)
    elif not is_presented(authorization, request.scope):
        who = await find_sign_in(entrance, request)
    if who is None:
        view = None if presented is None else await find_view(entrance, presented)
        raise refusal(entrance, request, view, presented)
    if isinstance(who, Caller):
        request.scope[PRINCIPAL] = who.principal.id
    return Visitor(entrance, request, who)


async def caller_of(
    entrance: Entrance, presented: Presented, *, restricted: bool = False
) -> Caller | None:
    """The caller that presents a token or key, in the workspace that it is of."""
    view = await find_view(entrance, presented)
    if view is None:
        return None
    return await find_bearer(entrance, view, presented, restricted=restricted)


VisitorHere = Annotated[Visitor, Depends(visit)]
