"""How a request enters the API: which workspace, who asks, and whether the operation is open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, TypeVar, cast
from urllib.parse import urlencode

from fastapi import Depends, Path, Query, Request
from starlette.datastructures import URL

from scopewright.access import Access
from scopewright.api.shapes import Listed
from scopewright.authority import Authority, View
from scopewright.clock import Clock
from scopewright.core.caller import Caller, Presented
from scopewright.core.errors import Invalid, NotFound, Unauthenticated
from scopewright.core.model import SignIn
from scopewright.guard.verifier import TOO_OLD
from scopewright.metrics import Metrics
from scopewright.services import Services
from scopewright.services.providers.outside import OutsideTokens
from scopewright.settings import Settings
from scopewright.store.pages import DESCENDING, Page, Window
from scopewright.web.cookies import ANTI_FORGERY_HEADER, Cookies
from scopewright.web.credentials import (
    KNOWN_CALLER,
    SIGN_IN_COOKIE,
    cookie_of,
    is_presented,
    presented_of,
    refused,
)
from scopewright.web.http import PRINCIPAL, WORKSPACE, header

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
Noun = TypeVar("Noun")
Shape = TypeVar("Shape")
UUID_LENGTH = 36
LONGEST_CURSOR = 2048  # it may hold the longest name there is, in letters of four bytes
WorkspaceName = Annotated[str, Path(description="The workspace's id or slug.")]


@dataclass(frozen=True, slots=True)
class Entrance:
    """What the API's routes need to let somebody in."""

    authority: Authority
    access: Access
    outside: OutsideTokens
    cookies: Cookies
    services: Services
    settings: Settings
    public_url: str
    metrics: Metrics
    connections: Callable[[], Mapping[str, int]]
    clock: Clock


@dataclass(frozen=True, slots=True)
class Ask:
    """One request that was let in. `caller` and `view` are set on routes of a workspace."""

    entrance: Entrance
    request: Request
    view: View
    caller: Caller

    @property
    def services(self) -> Services:
        return self.entrance.services

    def next_page(self, cursor: str | None) -> str | None:
        """The URL of the page that begins at a cursor."""
        return page_url(self.entrance, self.request, cursor)

    def listed(self, page: Page[Noun], shape: Callable[[Noun], Shape]) -> Listed[Shape]:
        """A page as it is sent, each of its items in this shape."""
        shapes = [shape(one) for one in page.items]
        return Listed(data=shapes, next_page=self.next_page(page.cursor))


def entrance_of(request: Request) -> Entrance:
    """The entrance that `app.py` has put on the application."""
    return cast(Entrance, request.app.state.entrance)


def page_url(entrance: Entrance, request: Request, cursor: str | None) -> str | None:
    """The URL of the page of this list that begins at a cursor."""
    if cursor is None:
        return None
    kept = [(k, v) for k, v in request.query_params.multi_items() if k != "cursor"]
    path = URL(scope=request.scope).path
    return f"{entrance.public_url}{path}?{urlencode([*kept, ('cursor', cursor)])}"


def enter(operation: str | None, *, restricted: bool = False) -> Callable[..., Awaitable[None]]:
    """Let callers of a workspace's routes in; `operation` None is open to all of them.

    `restricted`: keys that tags restrict are let in too.

    Raises:
        Unauthenticated: no good credential of this workspace.
        NotFound: a credential that is good elsewhere asks for a workspace that does not exist.
        Forbidden: the operation is not open to the caller.
    """

    async def entering(request: Request, ws: WorkspaceName) -> None:
        entrance = entrance_of(request)
        view = await find_workspace(entrance, ws)
        if view is not None:
            request.scope[WORKSPACE] = view.workspace.id
        caller = await find_caller(entrance, request, view, restricted=restricted)
        if operation is not None:
            caller.check(operation)
        assert view is not None  # find_caller() refuses everybody where there is no workspace
        request.state.ask = Ask(entrance, request, view, caller)

    return entering


async def find_workspace(entrance: Entrance, name: str) -> View | None:
    """The workspace of this UUID or slug."""
    if len(name) == UUID_LENGTH:
        view = await entrance.authority.at(name.lower())
        if view is not None:
            return view
    workspace_id = await entrance.authority.workspace_of_slug(name)
    return await entrance.authority.at(workspace_id) if workspace_id else None


async def find_caller(
    entrance: Entrance, request: Request, view: View | None, *, restricted: bool = False
) -> Caller:
    """Who asks, for the log to tell: known already, by bearer, then by the browser's cookie."""
    caller = await _caller(entrance, request, view, restricted=restricted)
    request.scope[PRINCIPAL] = caller.principal.id
    return caller


async def _caller(
    entrance: Entrance, request: Request, view: View | None, *, restricted: bool
) -> Caller:
    known = request.scope.get(KNOWN_CALLER)  # no request from outside can put one there
    if isinstance(known, Caller) and view is not None and known.workspace_id == view.workspace.id:
        return known
    authorization = header(request.scope, b"authorization")
    presented = presented_of(authorization, request.scope)
    if presented is not None and view is not None:
        caller = await find_bearer(entrance, view, presented, restricted=restricted)
        if caller is not None:
            return caller
    if not is_presented(authorization, request.scope):
        sign_in = await find_sign_in(entrance, request)
        if sign_in is not None:
            return await _browser(entrance, view, sign_in)
    raise refusal(entrance, request, view, presented)


def refusal(
    entrance: Entrance, request: Request, view: View | None, presented: Presented | None
) -> Unauthenticated:
    """What is said to whoever is not let in: the same of all but a token that has just expired."""
    if view is not None and presented is not None and entrance.access.has_expired(view, presented):
        return Unauthenticated(TOO_OLD, presented=True, expired=True)
    return refused(header(request.scope, b"authorization"), request.scope)


async def find_bearer(
    entrance: Entrance,
    view: View,
    presented: Presented,
    *,
    restricted: bool = False,
    again: bool = False,
) -> Caller | None:
    """Who presents a token or key of ours, or else a token that a provider has made.

    `again`: later in the same request, which has shown its keys already.

    Raises:
        Forbidden, Unproven: as `Access.bearer`.
    """
    if again:
        caller = await entrance.access.bearer_again(view, presented)
    else:
        caller = await entrance.access.bearer(view, presented, restricted=restricted)
    if caller is None and not (presented.is_api_key or presented.is_under_dpop):
        return await entrance.outside.caller(view, presented.secret)
    return caller


async def find_view(entrance: Entrance, presented: Presented) -> View | None:
    """The workspace in which a credential could be good, for requests that name none."""
    workspace_id = await entrance.access.workspace_of(presented.secret)
    view = None if workspace_id is None else await entrance.authority.at(workspace_id)
    if view is None and not presented.is_api_key:
        workspace_id = await entrance.outside.workspace_of(presented.secret)
        view = None if workspace_id is None else await entrance.authority.at(workspace_id)
    return view


async def _browser(entrance: Entrance, view: View | None, sign_in: SignIn) -> Caller:
    caller = await entrance.access.browser(view, sign_in) if view is not None else None
    if caller is None:
        raise NotFound("There is no such workspace among yours.")
    return caller


async def find_sign_in(entrance: Entrance, request: Request) -> SignIn | None:
    """The browser's sign-in; a changing request must carry the anti-forgery token."""
    cookies = entrance.cookies
    cookie = cookie_of(header(request.scope, b"cookie"), cookies.name(SIGN_IN_COOKIE))
    sign_in = await entrance.access.sign_in(cookie)
    if sign_in is not None and cookie is not None and request.method not in SAFE_METHODS:
        cookies.check_anti_forgery(
            cookie,
            header(request.scope, ANTI_FORGERY_HEADER),
            origin=header(request.scope, b"origin"),
        )
    return sign_in


def _ask(request: Request) -> Ask:
    return cast(Ask, request.state.ask)


Limit = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[str | None, Query(min_length=1, max_length=LONGEST_CURSOR)]
Prefix = Annotated[str | None, Query(description="How what it is called begins.", max_length=320)]


def _window(limit: Limit = 100, cursor: Cursor = None) -> Window:
    return Window(limit, cursor)


def sorted_by(*columns: str) -> Callable[..., Window]:
    """The window of a list that may be sorted by one of these columns, either way."""
    known = [f"{way}{column}" for column in columns for way in ("", DESCENDING)]
    asked = Query(
        None,
        description=f"A column, with {DESCENDING} before it from the last to the first.",
        json_schema_extra={"enum": known},
    )

    def window(limit: Limit = 100, cursor: Cursor = None, sort: str | None = asked) -> Window:
        if sort is not None and sort not in known:
            raise Invalid(f"This list is sorted by one of: {', '.join(known)}.", field="sort")
        return Window(limit, cursor, sort)

    return window


def sought_by(*columns: str) -> Callable[..., Window]:
    """The same of a list whose rows may be sought by how they are called."""
    sorting = sorted_by(*columns)
    asked = sorting.__defaults__[-1] if sorting.__defaults__ else None

    def window(
        limit: Limit = 100, cursor: Cursor = None, sort: str | None = asked, q: Prefix = None
    ) -> Window:
        return replace(sorting(limit, cursor, sort), prefix=q)

    return window


AskHere = Annotated[Ask, Depends(_ask)]
WindowHere = Annotated[Window, Depends(_window)]
