"""Every route of an application with what it declares, read without serving a request.

For FastAPI and Starlette, with what is mounted or included; for the tables of both middlewares.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from scopewright.core.scopes import NONE, Scopes
from scopewright.guard import asgi, wsgi
from scopewright.guard.rules import PUBLIC, Declaration, Rules, alternatives, both


@dataclass(frozen=True, slots=True)
class ListedRoute:
    """One method of one path; `is_guarded` says that without a declaration it is refused."""

    method: str
    path: str
    declaration: Declaration | None
    is_guarded: bool

    @property
    def any_of(self) -> tuple[Scopes, ...]:
        """The sets of scopes of which each is enough; none where none is asked for."""
        if self.declaration is None or self.declaration is PUBLIC:
            return ()
        return alternatives(self.declaration)

    @property
    def scopes(self) -> Scopes:
        """Every scope that it asks for, if perhaps as one of several."""
        return NONE.union(*self.any_of)


class Unreadable(ValueError):
    """This is no application whose routes can be read."""


def routes_of(application: Any) -> list[ListedRoute]:
    """The routes in the order in which they are tried.

    Raises:
        Unreadable: neither FastAPI nor Starlette, nor behind a `GuardMiddleware` with rules.
    """
    is_guarded, rules, within = _guarding(_unwrapped(application))
    if hasattr(within, "routes"):
        return [_under(rules, route) for route in _walked(within.routes, "", is_guarded)]
    if rules is None:
        raise Unreadable("neither a FastAPI or Starlette application nor behind rules of a guard")
    return [ListedRoute(method, path, says, True) for method, path, says in rules]


def _unwrapped(application: Any) -> Any:
    """Without other middleware around it; of a Flask application, what serves it."""
    application = getattr(application, "wsgi_app", application)
    is_guard = isinstance(application, asgi.GuardMiddleware | wsgi.GuardMiddleware)
    if is_guard or hasattr(application, "routes") or not hasattr(application, "app"):
        return application
    return _unwrapped(application.app)


def _guarding(application: Any) -> tuple[bool, Rules | None, Any]:
    """Whether a middleware refuses what is undeclared, by which rules; and what it is around."""
    if isinstance(application, asgi.GuardMiddleware | wsgi.GuardMiddleware):
        return True, application.rules, application.app
    for added in getattr(application, "user_middleware", ()):
        if added.cls is asgi.GuardMiddleware:
            given = inspect.signature(added.cls).bind(None, *added.args, **added.kwargs)
            return True, given.arguments.get("rules"), application
    return False, None, application


def _under(rules: Rules | None, route: ListedRoute) -> ListedRoute:
    """A route behind rules: they decide first, then what it declares itself."""
    if rules is None:
        return route
    method = "GET" if route.method in ("*", "WEBSOCKET") else route.method
    said = rules.find(method, route.path)
    own = route.declaration
    if said is None or own is None or own is PUBLIC:
        return replace(route, declaration=said)
    return route if said is PUBLIC else replace(route, declaration=both(said, own))


def _walked(routes: Iterable[Any], prefix: str, is_guarded: bool) -> Iterator[ListedRoute]:
    # Starlette is the application's own: needed only where it is used.
    from scopewright.guard.routing import declaration_of, leads_on, methods_of, unfolded  # noqa: PLC0415

    for route in unfolded(routes):
        declared = declaration_of(route)
        if leads_on(route):
            yield from _mounted(route, prefix, declared, is_guarded)
        else:
            for method in methods_of(route):
                yield ListedRoute(method, prefix + route.path, declared, is_guarded)


def _mounted(
    mount: Any, prefix: str, declared: Declaration | None, is_guarded: bool
) -> Iterator[ListedRoute]:
    """What is behind a `Mount` or `Host`: its routes, or one for all where they cannot be read."""
    at = prefix + (f"//{mount.host}" if _is_host(mount) else mount.path)
    for route in _within(mount, is_guarded) or [ListedRoute("*", "/*", None, is_guarded)]:
        says = declared if route.declaration is None else route.declaration
        yield replace(route, path=at + route.path, declaration=says)


def _within(mount: Any, is_guarded: bool) -> list[ListedRoute]:
    """A guard looks through a `Mount` at its routes; without one, what is mounted guards itself."""
    if is_guarded:
        return [] if _is_host(mount) else list(_walked(mount.routes, "", True))
    try:
        return routes_of(mount.app)
    except Unreadable:
        return []


def _is_host(mount: Any) -> bool:
    return getattr(mount, "path", None) is None
