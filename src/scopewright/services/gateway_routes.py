"""Declare, change and delete the routes of applications: what requests to them need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from scopewright import ids
from scopewright.clock import Clock
from scopewright.core.applications import Application
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue, Vocabulary
from scopewright.core.errors import Conflict, Invalid, NotFound
from scopewright.core.gateway import (
    CREDENTIALS,
    GatewayRoute,
    check_host,
    check_place,
    check_route,
)
from scopewright.core.model import ChangeKind
from scopewright.core.openapi_security import DeclaredRule, LeftOut, read_security
from scopewright.core.scopes import NONE, Scopes
from scopewright.store import audit, gateway_routes, vocabulary, workspaces
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window, part_of


@dataclass(frozen=True, slots=True)
class RouteSettings:
    """What a caller may choose. No methods: all of them."""

    host: str
    path: str
    methods: frozenset[str] = frozenset()
    scopes: Scopes = NONE
    credentials: frozenset[str] = CREDENTIALS
    is_public: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """The routes that were made of a document, and what was left out."""

    made: tuple[GatewayRoute, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class GatewayRoutes:
    """What can be done with the routes of an application, which is named by `application`."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]

    @needs("gateway-routes:read")
    def page(self, caller: Caller, *, application: str, window: Window) -> Page[GatewayRoute]:
        """The routes of an application, oldest first.

        Raises:
            NotFound: there is no such application.
        """
        with self.database.read() as tx:
            here, _ = self._application(tx, caller, application)
            return part_of(gateway_routes.of_application(tx, here.id), lambda r: r.id, window)

    @needs("gateway-routes:read")
    def show(self, caller: Caller, *, application: str, id: str) -> GatewayRoute:
        """One route.

        Raises:
            NotFound: there is no such application or route.
        """
        with self.database.read() as tx:
            here, _ = self._application(tx, caller, application)
            return _found(gateway_routes.of_application(tx, here.id), id)

    @needs("gateway-routes:create")
    def declare(self, caller: Caller, *, application: str, settings: RouteSettings) -> GatewayRoute:
        """A new route; it counts from the next request on.

        Raises:
            NotFound: there is no such application.
            Invalid: a setting is refused, or a scope does not exist.
            Conflict: another route would decide about the same requests.
        """
        now = self.clock()
        with self.database.write() as tx:
            here, words = self._touched(tx, caller, application)
            route = GatewayRoute(ids.new_id("rte"), here.id, created_at=now, **asdict(settings))
            others = gateway_routes.of_application(tx, here.id)
            route = _checked(route, words, others)
            gateway_routes.add(tx, caller.workspace_id, route=route)
            after = _facts(route)
            audit.record(tx, caller, "gateway-routes:create", route.id, at=now, after=after)
        return route

    @needs("gateway-routes:update")
    def change(
        self, caller: Caller, *, application: str, id: str, changed: Mapping[str, Any]
    ) -> GatewayRoute:
        """Change some of the `RouteSettings`, by name.

        Raises:
            NotFound: there is no such application or route.
            Invalid, Conflict: as `declare`.
        """
        with self.database.write() as tx:
            here, words = self._touched(tx, caller, application)
            others = gateway_routes.of_application(tx, here.id)
            before = _found(others, id)
            others.remove(before)
            after = _checked(replace(before, **changed), words, others, kept=before.scopes)
            gateway_routes.change(tx, after)
            audit.record(
                tx, caller, "gateway-routes:update", id, at=self.clock(),
                before=_facts(before), after=_facts(after),
            )  # fmt: skip
        return after

    @needs("gateway-routes:delete")
    def delete(self, caller: Caller, *, application: str, id: str) -> None:
        """Take a route away: what it alone has let in is refused from now on.

        Raises:
            NotFound: there is no such application or route.
        """
        with self.database.write() as tx:
            here, _ = self._touched(tx, caller, application)
            before = _found(gateway_routes.of_application(tx, here.id), id)
            gateway_routes.remove(tx, application_id=here.id, id=id)
            now, facts = self.clock(), _facts(before)
            audit.record(tx, caller, "gateway-routes:delete", id, at=now, before=facts)

    @needs("gateway-routes:create")
    def import_document(
        self, caller: Caller, *, application: str, host: str, document: Mapping[str, Any]
    ) -> Imported:
        """Routes at a host as an OpenAPI document declares them. What is there stays as it is.

        Raises:
            NotFound: there is no such application.
            Invalid: the host is none, or the document cannot be read.
        """
        host, (rules, left_out) = check_host(host), read_security(document)
        made: list[GatewayRoute] = []
        with self.database.write() as tx:
            here, words = self._touched(tx, caller, application)
            others = gateway_routes.of_application(tx, here.id)
            for id, rule in zip(ids.new_ids("rte", len(rules)), rules, strict=True):
                route = self._declared(id, rule, here, host)
                try:
                    route = _checked(route, words, [*others, *made])
                except (Invalid, Conflict) as error:
                    left_out.append(LeftOut(rule.path, rule.methods, error.detail))
                else:
                    gateway_routes.add(tx, caller.workspace_id, route=route)
                    made.append(route)
            audit.record(
                tx, caller, "gateway-routes:create", here.name, at=self.clock(),
                after=[_facts(route) for route in made],
            )  # fmt: skip
        return Imported(tuple(made), tuple(left_out))

    def _declared(self, id: str, rule: DeclaredRule, here: Application, host: str) -> GatewayRoute:
        return GatewayRoute(
            id=id,
            application_id=here.id,
            host=host,
            path=rule.path,
            methods=rule.methods,
            scopes=rule.scopes,
            credentials=CREDENTIALS,
            is_public=not rule.scopes,
            created_at=self.clock(),
        )

    def _touched(
        self, tx: Transaction, caller: Caller, application: str
    ) -> tuple[Application, Vocabulary]:
        kind, now = ChangeKind.VOCABULARY, self.clock()
        workspaces.touch(tx, caller.workspace_id, kind, application, at=now)
        return self._application(tx, caller, application)

    def _application(
        self, tx: Transaction, caller: Caller, name: str
    ) -> tuple[Application, Vocabulary]:
        words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
        application = words.application_by_name.get(name)
        if application is None:
            raise NotFound("There is no such application.")
        return application, words


def _found(routes: Sequence[GatewayRoute], id: str) -> GatewayRoute:
    found = next((route for route in routes if route.id == id), None)
    if found is None:
        raise NotFound("The application has no such route.")
    return found


def _checked(
    route: GatewayRoute,
    words: Vocabulary,
    others: Sequence[GatewayRoute],
    *,
    kept: Scopes = NONE,
) -> GatewayRoute:
    """A route as it may be kept; what it has demanded before may have gone meanwhile."""
    route = check_route(route, known=kept | words.by_name.keys())
    check_place(route, others)
    return route


def _facts(route: GatewayRoute) -> dict[str, Any]:
    """What the audit log keeps of it."""
    return {
        "host": route.host,
        "path": route.path,
        "methods": sorted(route.methods),
        "scopes": sorted(route.scopes),
        "credentials": sorted(route.credentials),
        "public": route.is_public,
    }
