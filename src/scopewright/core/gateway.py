"""Route rules of the gateway: which scopes a request to an application needs.

The most specific rule decides; what no rule declares is refused.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from scopewright.core.applications import Application
from scopewright.core.catalogue import Vocabulary
from scopewright.core.errors import Conflict, Forbidden, Invalid
from scopewright.core.request_paths import Path, PathPattern, read_pattern
from scopewright.core.scopes import Scopes, spell

BROWSER, TOKEN, API_KEY = "browser", "token", "api_key"
CREDENTIALS = frozenset({BROWSER, TOKEN, API_KEY})
OWN_SEGMENT = ".scopewright"  # on an application's host: where its browsers sign in and out
MOST_ROUTES = 1000  # of an application; a request is held against each in turn
LONGEST_HOST = 255
_METHOD = re.compile(r"[A-Z]{1,32}")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]{{2,45}}\])(?::[1-9][0-9]{{0,4}})?")


@dataclass(frozen=True, slots=True)
class GatewayRoute:
    """One rule. `path` may end with `/*` (this level) or `/**` (all below).

    No `methods` means every method. `credentials` are the kinds that are let in: `browser`,
    `token`, `api_key`. A public route asks for nothing.
    """

    id: str
    application_id: str
    host: str
    path: str
    methods: frozenset[str]
    scopes: Scopes
    credentials: frozenset[str]
    is_public: bool
    created_at: datetime


# --- rules as they may be declared --------------------------------------------------------------


def check_route(route: GatewayRoute, *, known: Scopes) -> GatewayRoute:
    """A rule as it may be kept; `known` are the scopes of the workspace.

    Raises:
        Invalid: with the member that is refused.
    """
    _check_methods(route.methods)
    if not route.credentials or not route.credentials <= CREDENTIALS:
        raise Invalid(f"Name some of {', '.join(sorted(CREDENTIALS))}.", field="credentials")
    pattern = read_pattern(route.path)
    if pattern.segments[:1] == (OWN_SEGMENT,):
        raise Invalid(f"What is below /{OWN_SEGMENT} is the gateway's own.", field="path")
    _check_demand(route, known)
    return replace(route, host=check_host(route.host))


def check_host(text: str) -> str:
    """A host as browsers name it, in lower case; with its port, unless that is 80 or 443.

    Raises:
        Invalid: it is no host, or not in ASCII.
    """
    host = text.lower().removesuffix(":443").removesuffix(":80")
    if len(host) > LONGEST_HOST or _HOST.fullmatch(host) is None:
        raise Invalid(
            "Write a host as browsers do: app.example, or app.example:8443.", field="host"
        )
    return host


def _check_methods(methods: frozenset[str]) -> None:
    if not all(_METHOD.fullmatch(method) for method in methods):
        raise Invalid("Write methods as HTTP does: GET, POST, DELETE.", field="methods")


def _check_demand(route: GatewayRoute, known: Scopes) -> None:
    """A rule asks for something it names, or says that it asks for nothing."""
    if route.is_public:
        if route.scopes:
            raise Invalid("A public route asks for no scope.", field="scopes")
        if route.credentials != CREDENTIALS:
            raise Invalid("A public route asks for no credential.", field="credentials")
        return
    if not route.scopes:
        raise Invalid("Name at least one scope, or declare the route public.", field="scopes")
    missing = route.scopes - known
    if missing:
        raise Invalid(f"There is no scope {min(missing)}.", field="scopes")


def check_place(route: GatewayRoute, others: Sequence[GatewayRoute]) -> None:
    """Let a rule stand beside the others of its application: at each request one of them decides.

    Raises:
        Conflict: another could decide about the same request as well; or there are too many.
    """
    rival = rival_of(route, others)
    if rival is not None:
        raise Conflict(
            f"{rival.id} is declared for the same requests already. Change that one.",
            conflict=rival.id,
        )
    if len(others) >= MOST_ROUTES:
        raise Conflict(f"An application has at most {MOST_ROUTES} routes.", conflict="routes")


def rival_of(route: GatewayRoute, others: Iterable[GatewayRoute]) -> GatewayRoute | None:
    """The rule that is exactly as specific as this one, about a request that both are about."""
    for other in others:
        if (other.host, other.path) == (route.host, route.path) and (
            other.methods & route.methods or not (other.methods or route.methods)
        ):
            return other
    return None


# --- which rule decides -------------------------------------------------------------------------


class RouteTable:
    """The rules of one application, the most specific first."""

    def __init__(self, routes: Iterable[GatewayRoute]) -> None:
        self._by_host: dict[str, list[tuple[PathPattern, GatewayRoute]]] = defaultdict(list)
        for route in routes:
            self._by_host[route.host].append((read_pattern(route.path), route))
        for rules in self._by_host.values():
            rules.sort(key=lambda rule: (rule[0].precedence, not rule[1].methods))

    @property
    def hosts(self) -> frozenset[str]:
        """Where the application has declared anything."""
        return frozenset(self._by_host)

    def find(self, *, method: str, host: str, path: Path) -> GatewayRoute | None:
        """The rule that decides about a request; None where nothing is declared.

        An exact path goes before `/*`, that before `/**`; then the longer path; then the rule that
        names the method before one for all of them.
        """
        for pattern, route in self._by_host.get(host, ()):
            if (not route.methods or method in route.methods) and pattern.matches(path):
                return route
        return None


# --- who is let in ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gate:
    """An application as the gateway knows it.

    `own` are its own scopes: who holds none of them stays out, whatever a rule asks for. `about`
    are those and all that its roles come to: a token that is made for it carries no others.
    """

    application: Application
    routes: RouteTable
    own: Scopes
    about: Scopes

    def check(self, route: GatewayRoute, *, credential: str, held: Scopes) -> None:
        """Let somebody pass who presents this kind of credential and holds this.

        Raises:
            Forbidden: with the scopes that are missing, if it is that.
        """
        if credential not in route.credentials:
            raise Forbidden(f"Here only {' or '.join(sorted(route.credentials))} is let in.")
        missing = route.scopes - held
        if missing:
            raise Forbidden(f"This needs the scopes {spell(route.scopes)}.", missing=missing)
        if held.isdisjoint(self.own):
            raise Forbidden(f"This needs a scope of the application {self.application.name}.")


def gate_of(words: Vocabulary, routes: Iterable[GatewayRoute], name: str) -> Gate | None:
    """The application of this name; None where there is none."""
    application = words.application_by_name.get(name)
    if application is None:
        return None
    own = frozenset(s.name for s in words.scopes if s.application == name)
    roles = [role.name for role in words.roles if role.application == name]
    return Gate(
        application,
        RouteTable(route for route in routes if route.application_id == application.id),
        own,
        words.close(own | words.graph.expand(roles).scopes),
    )
