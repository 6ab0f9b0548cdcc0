"""For Starlette and FastAPI: the dependency, the decorator, and what each route declares."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from functools import partial, wraps
from typing import Any, Protocol

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.routing import Match, Mount, WebSocketRoute

from scopewright.core.errors import ScopewrightError
from scopewright.core.scopes import Scopes
from scopewright.guard.binding import Binding
from scopewright.guard.possession import Shows
from scopewright.guard.refusals import CLAIMS_KEY, Refusal
from scopewright.guard.rules import Declaration, declare, declared_by, scope_names
from scopewright.guard.shown import shown_in_asgi
from scopewright.guard.step_up import StepUp, step_up_of
from scopewright.guard.verifier import Claims


class Checks(Protocol):
    """The part of a `Guard` that is needed here."""

    @property
    def binding(self) -> Binding: ...

    def check(
        self, authorization: str | None, scopes: Scopes, *, step_up: StepUp | None, shows: Shows
    ) -> Claims: ...
    async def check_async(
        self, authorization: str | None, scopes: Scopes, *, step_up: StepUp | None, shows: Shows
    ) -> Claims: ...
    def refusal(self, error: ScopewrightError, authorization: str | None) -> Refusal: ...


def dependency(
    guard: Checks, scopes: Scopes, step_up: StepUp | None = None
) -> Callable[[HTTPConnection], Awaitable[Claims]]:
    """Asks for these scopes; raises HTTPException 401, 403 or 503."""

    async def checked(connection: HTTPConnection) -> Claims:
        header = authorization(connection)
        shows = partial(shown_in_asgi, connection.scope, guard.binding)
        try:
            claims = await guard.check_async(header, scopes, step_up=step_up, shows=shows)
        except ScopewrightError as error:
            raise http_exception(guard.refusal(error, header)) from None
        connection.scope[CLAIMS_KEY] = claims
        return claims

    return declare(checked, scopes)


def protected(
    guard: Checks, *names: str, max_age: int | None = None, acr_values: Sequence[str] = ()
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorates a Starlette endpoint: `@protected(guard, "sensor:read")`.

    The claims are in `request.scope["scopewright.claims"]`. `max_age` and `acr_values` are those of
    `Guard.requires`.
    """
    scopes, step_up = scope_names(names), step_up_of(max_age, acr_values)
    checked = dependency(guard, scopes, step_up)

    def decorate(endpoint: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(endpoint):

            @wraps(endpoint)
            async def guarded_async(connection: HTTPConnection) -> Any:
                await checked(connection)
                return await endpoint(connection)

            return declare(guarded_async, scopes)

        @wraps(endpoint)
        def guarded(connection: HTTPConnection) -> Any:
            header = authorization(connection)
            shows = partial(shown_in_asgi, connection.scope, guard.binding)
            try:
                claims = guard.check(header, scopes, step_up=step_up, shows=shows)
            except ScopewrightError as error:
                raise http_exception(guard.refusal(error, header)) from None
            connection.scope[CLAIMS_KEY] = claims
            return endpoint(connection)

        return declare(guarded, scopes)

    return decorate


def authorization(connection: HTTPConnection) -> str | None:
    """The header; two of them become one that nobody accepts."""
    return ", ".join(connection.headers.getlist("authorization")) or None


def http_exception(said: Refusal) -> HTTPException:
    """The refusal as Starlette's and FastAPI's handlers expect it."""
    headers = {name: value for name, value in said.headers.items() if name != "Content-Type"}
    return HTTPException(said.status, said.detail, headers)


def route_declaration(
    routes: Iterable[Any], scope: MutableMapping[str, Any], path: str
) -> Declaration | None:
    """What the route that will serve this request declares; None for nothing, or no route.

    Walks as Starlette's router does: the first full match serves.
    """
    for route in _unfolded(routes):
        regex = getattr(route, "path_regex", None)
        if regex is None:  # a Host, or a kind of route unknown here: what it leads to must say
            if route.matches(scope)[0] is Match.NONE:
                continue
            return declared_by(getattr(route, "app", None))
        match = regex.match(path)
        if match is None or not _serves(route, scope):
            continue
        declared = _declared(route)
        if declared is None and isinstance(_original(route), Mount):
            return route_declaration(route.routes, scope, "/" + match["path"])
        return declared
    return None


def _unfolded(routes: Iterable[Any]) -> Iterable[Any]:
    """Newer versions of FastAPI keep included routers folded; older ones have nothing to unfold."""
    unfold = getattr(sys.modules.get("fastapi.routing"), "iter_route_contexts", iter)
    unfolded: Iterable[Any] = unfold(routes)
    return unfolded


def _original(route: Any) -> Any:
    return getattr(route, "original_route", route)


def _serves(route: Any, scope: MutableMapping[str, Any]) -> bool:
    original = _original(route)
    if isinstance(original, Mount):
        return True
    if isinstance(original, WebSocketRoute) or scope["type"] == "websocket":
        return isinstance(original, WebSocketRoute) and scope["type"] == "websocket"
    return not route.methods or scope["method"] in route.methods


def _declared(route: Any) -> Declaration | None:
    own = declared_by(getattr(route, "endpoint", None) or getattr(route, "app", None))
    if own is not None:
        return own
    found = list(_declared_below(getattr(route, "dependant", None)))
    return frozenset().union(*found) if found else None


def _declared_below(dependant: Any) -> Iterable[Scopes]:
    """The scopes of every dependency in FastAPI's tree that is one of ours."""
    for inner in getattr(dependant, "dependencies", ()):
        declared = declared_by(inner.call)
        if isinstance(declared, frozenset):
            yield declared
        yield from _declared_below(inner)
