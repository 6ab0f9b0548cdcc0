"""What the routes of a Starlette or FastAPI application declare."""

from __future__ import annotations

import sys
from collections.abc import Iterable, MutableMapping
from functools import reduce
from typing import Any

from starlette.routing import Host, Match, Mount, WebSocketRoute

from scopewright.guard.rules import PUBLIC, Declaration, Needs, both, declared_by, scope_names


def route_declaration(
    routes: Iterable[Any], scope: MutableMapping[str, Any], path: str
) -> Declaration | None:
    """What the route that will serve this request declares; None for nothing, or no route.

    Walks as Starlette's router does: the first full match serves.
    """
    for route in unfolded(routes):
        regex = getattr(route, "path_regex", None)
        if regex is None:  # a Host, or a kind of route unknown here: what it leads to must say
            if route.matches(scope)[0] is Match.NONE:
                continue
            return declared_by(getattr(route, "app", None))
        match = regex.match(path)
        if match is None or not _serves(route, scope):
            continue
        declared = declaration_of(route)
        if declared is None and isinstance(_original(route), Mount):
            return route_declaration(route.routes, scope, "/" + match["path"])
        return declared
    return None


def unfolded(routes: Iterable[Any]) -> Iterable[Any]:
    """Newer versions of FastAPI keep included routers folded; older ones have nothing to unfold."""
    unfold = getattr(sys.modules.get("fastapi.routing"), "iter_route_contexts", iter)
    contexts: Iterable[Any] = unfold(routes)
    return contexts


def leads_on(route: Any) -> bool:
    """Whether another application is behind it."""
    return isinstance(_original(route), Mount | Host)


def declaration_of(route: Any) -> Declaration | None:
    """What one route declares, by its endpoint and by all dependencies that stand over it."""
    own = declared_by(getattr(route, "endpoint", None) or getattr(route, "app", None))
    needed = list(_needed_below(getattr(route, "dependant", None)))
    if own is not None and own is not PUBLIC:
        needed.append(own)
    return reduce(both, needed) if needed else own


def methods_of(route: Any) -> list[str]:
    """HEAD is a GET; a WebSocket has no method, and an endpoint that names none takes any."""
    if isinstance(_original(route), WebSocketRoute):
        return ["WEBSOCKET"]
    methods = set(getattr(route, "methods", None) or "*")
    return sorted(methods - {"HEAD"} if "GET" in methods else methods)


def _original(route: Any) -> Any:
    """The route itself, of which `unfolded` may have made another view."""
    return getattr(route, "original_route", route)


def _serves(route: Any, scope: MutableMapping[str, Any]) -> bool:
    served = _original(route)
    if isinstance(served, Mount):
        return True
    if isinstance(served, WebSocketRoute) or scope["type"] == "websocket":
        return isinstance(served, WebSocketRoute) and scope["type"] == "websocket"
    return not route.methods or scope["method"] in route.methods


def _needed_below(dependant: Any) -> Iterable[Needs]:
    """What each dependency in FastAPI's tree asks for that is one of ours."""
    for inner in getattr(dependant, "dependencies", ()):
        declared = declared_by(inner.call)
        if declared is not None and declared is not PUBLIC:
            yield declared
        if declared is not None and inner.security_scopes_param_name:
            yield scope_names(_security_scopes(inner))
        yield from _needed_below(inner)


def _security_scopes(dependant: Any) -> list[str]:
    """What `Security(…, scopes=…)` says at a dependency and above it, in any version of FastAPI."""
    names = ("parent_oauth_scopes", "own_oauth_scopes", "security_scopes")
    return [scope for name in names for scope in getattr(dependant, name, None) or ()]
