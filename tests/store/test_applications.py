"""Applications: they come back equal, in their own workspace alone, and go with their routes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scopewright.core.applications import Application
from scopewright.core.errors import Conflict
from scopewright.core.gateway import GatewayRoute
from scopewright.ids import new_id
from scopewright.store import applications, gateway_routes
from tests.store.world import LATER, NOW, World


def _application(world: World, name: str = "viewer") -> Application:
    application = Application(
        new_id("app"), world.workspace_id, name, "Fjörður ✓", NOW,
        launch_url="https://viewer.example/", resource="urn:viewer",
    )  # fmt: skip
    with world.database.write() as tx:
        applications.add(tx, application)
    return application


def test_applications_come_back_equal_by_name_in_their_own_workspace(world: World) -> None:
    viewer, pumps = _application(world), _application(world, "pumps")
    elsewhere = World(world.database)
    theirs = _application(elsewhere)
    with world.database.read() as tx:
        assert applications.of_workspace(tx, world.workspace_id) == [pumps, viewer]
        assert applications.of_workspace(tx, elsewhere.workspace_id) == [theirs]


def test_a_workspace_has_a_name_once(world: World) -> None:
    _application(world)
    with pytest.raises(Conflict):
        _application(world)


def test_a_change_is_kept_and_the_name_stays(world: World) -> None:
    viewer, pumps = _application(world), _application(world, "pumps")
    changed = replace(viewer, title="New", launch_url=None, resource=None, registered_at=LATER)
    with world.database.write() as tx:
        assert applications.change(tx, replace(changed, name="other", created_at=LATER))
        assert not applications.change(tx, replace(changed, id="app_none"))
        assert applications.of_workspace(tx, world.workspace_id) == [pumps, changed]


def test_an_application_goes_once_with_its_routes_and_no_others(world: World) -> None:
    viewer, pumps = _application(world), _application(world, "pumps")
    with world.database.write() as tx:
        for one in (viewer, pumps):
            route = GatewayRoute(
                new_id("gwr"), one.id, "a.example", "/**", frozenset(), frozenset({"x"}),
                frozenset({"token"}), False, NOW,
            )  # fmt: skip
            gateway_routes.add(tx, world.workspace_id, route=route)
        assert applications.remove(tx, viewer.id)
        assert not applications.remove(tx, viewer.id)
        assert applications.of_workspace(tx, world.workspace_id) == [pumps]
        left = gateway_routes.of_workspace(tx, world.workspace_id)
        assert [one.application_id for one in left] == [pumps.id]
