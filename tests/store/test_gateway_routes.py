"""What is remembered of the gateway: route rules, and browsers by the hash of their cookie."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scopewright.core.applications import Application
from scopewright.core.builtin_clients import application_client_id
from scopewright.core.gateway import CREDENTIALS, GatewayRoute
from scopewright.core.gateway_sessions import GatewaySession
from scopewright.core.model import ChangeKind
from scopewright.ids import new_id
from scopewright.store import (
    applications,
    builtin_clients,
    changes,
    clients,
    gateway_routes,
    gateway_sessions,
    principals,
    sessions,
    workspaces,
)
from tests.store.world import LATER, NOW, World


@pytest.fixture
def application(world: World) -> Application:
    made = Application(new_id("app"), world.workspace_id, "viewer", "Viewer", NOW)
    with world.database.write() as tx:
        applications.add(tx, made)
    return made


@pytest.fixture
def route(world: World, application: Application) -> GatewayRoute:
    made = GatewayRoute(
        id=new_id("rte"),
        application_id=application.id,
        host="viewer.example",
        path="/größe/{}/**",
        methods=frozenset({"PUT", "GET"}),
        scopes=frozenset({"viewer.read", "a"}),
        credentials=frozenset({"token"}),
        is_public=False,
        created_at=NOW,
    )
    with world.database.write() as tx:
        gateway_routes.add(tx, world.workspace_id, route=made)
    return made


def test_a_rule_comes_back_as_it_was_kept(
    world: World, application: Application, route: GatewayRoute
) -> None:
    with world.database.read() as tx:
        assert gateway_routes.of_application(tx, application.id) == [route]
        assert gateway_routes.of_workspace(tx, world.workspace_id) == [route]
        assert gateway_routes.of_application(tx, "app_other") == []


def test_a_rule_changes_and_goes(
    world: World, application: Application, route: GatewayRoute
) -> None:
    changed = replace(
        route,
        host="other.example",
        path="/",
        methods=frozenset(),
        scopes=frozenset(),
        credentials=CREDENTIALS,
        is_public=True,
    )
    with world.database.write() as tx:
        gateway_routes.change(tx, changed)
        assert gateway_routes.of_application(tx, application.id) == [changed]
        assert not gateway_routes.remove(tx, application_id="app_other", id=route.id)
        assert gateway_routes.remove(tx, application_id=application.id, id=route.id)
        assert not gateway_routes.remove(tx, application_id=application.id, id=route.id)


def test_rules_go_with_their_application(
    world: World, application: Application, route: GatewayRoute
) -> None:
    with world.database.write() as tx:
        applications.remove(tx, application.id)
        assert gateway_routes.of_workspace(tx, world.workspace_id) == []


# --- browsers -----------------------------------------------------------------------------------


@pytest.fixture
def browser(world: World, application: Application) -> GatewaySession:
    made = GatewaySession(world.session(), application.id, "viewer.example")
    with world.database.write() as tx:
        gateway_sessions.add(tx, made, cookie_hash=f"hash of {made.session.id}", at=NOW)
    return made


def test_a_browser_is_known_by_the_hash_of_its_cookie(
    world: World, browser: GatewaySession
) -> None:
    with world.database.read() as tx:
        assert gateway_sessions.get(tx, f"hash of {browser.session.id}") == browser
        assert gateway_sessions.get(tx, "another") is None


@pytest.mark.parametrize("gone", ["session", "application"])
def test_a_browser_is_forgotten_with_its_session_and_its_application(
    world: World, application: Application, browser: GatewaySession, gone: str
) -> None:
    with world.database.write() as tx:
        if gone == "application":
            applications.remove(tx, application.id)
        else:
            sessions.end(tx, browser.session.id, at=NOW, why="over")
            sessions.purge(tx, before=LATER)
        assert gateway_sessions.get(tx, f"hash of {browser.session.id}") is None


# --- applications' clients ----------------------------------------------------------------------


def test_an_applications_client_is_made_once_and_follows_its_hosts_and_title(
    world: World, application: Application
) -> None:
    with world.database.write() as tx:
        first = builtin_clients.application_client_of(tx, application, {"a.example"}, now=NOW)
        version = workspaces.version(tx, world.workspace_id)
        again = builtin_clients.application_client_of(tx, application, {"a.example"}, now=LATER)
        assert first == again == clients.get(tx, first.id)
        assert workspaces.version(tx, world.workspace_id) == version  # nothing to be told
        titled = replace(application, title="Viewer 2")
        hosts = {"a.example", "b.example"}
        moved = builtin_clients.application_client_of(tx, titled, hosts, now=LATER)
        assert moved == clients.get(tx, first.id)
        assert (moved.name, len(moved.redirect_uris), moved.created_at) == ("Viewer 2", 2, NOW)
        itself = principals.get(tx, first.id)
        assert itself is not None
        assert itself.name == "Viewer 2"
        assert workspaces.version(tx, world.workspace_id) == (version or 0) + 1


def test_an_application_that_goes_takes_its_client_and_tells_of_it(
    world: World, application: Application
) -> None:
    id = application_client_id(application)
    with world.database.write() as tx:
        builtin_clients.application_client_of(tx, application, {"a.example"}, now=NOW)
        builtin_clients.forget_application(tx, application, now=NOW)
        assert clients.get(tx, id) is None
        here = world.workspace_id
        assert changes.is_revoked(tx, here, kind=ChangeKind.CLIENT, subject_id=id)
