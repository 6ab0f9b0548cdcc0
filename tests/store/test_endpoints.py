"""Endpoints."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scopewright.core.errors import Conflict
from scopewright.core.model import EndpointAuthentication
from scopewright.store import endpoints
from scopewright.store.pages import Window
from tests.store.world import LATER, World


def test_an_endpoint_comes_back_equal_by_id_path_and_page(world: World) -> None:
    full = world.endpoint()
    bare = world.endpoint(
        authentication=EndpointAuthentication.NONE, write_scope=None, clients=frozenset(),
        read=True, active_since=None,
    )  # fmt: skip
    at = world.workspace_id
    with world.database.read() as tx:
        for endpoint in (full, bare):
            assert endpoints.get(tx, at, id=endpoint.id) == endpoint
            assert endpoints.by_path(tx, at, url_path=endpoint.url_path) == endpoint
            assert endpoints.get(tx, "another", id=endpoint.id) is None
            assert endpoints.by_path(tx, "another", url_path=endpoint.url_path) is None
        assert set(endpoints.page(tx, at, window=Window()).items) == {full, bare}
        assert endpoints.using_scope(tx, at, scope="sensor:write") == [full]


def test_settings_change_within_the_workspace_alone(world: World) -> None:
    endpoint = world.endpoint()
    changed = replace(
        endpoint, name="n", url_path="p", authentication=EndpointAuthentication.NONE,
        write_scope=None, clients=frozenset({"c3"}), read=True, active_since=LATER,
    )  # fmt: skip
    with world.database.write() as tx:
        endpoints.change(tx, replace(changed, workspace_id="another"))
        assert endpoints.get(tx, world.workspace_id, id=endpoint.id) == endpoint
        endpoints.change(tx, changed)
        assert endpoints.get(tx, world.workspace_id, id=endpoint.id) == changed


def test_a_path_is_taken_once_a_workspace(world: World) -> None:
    first, second = world.endpoint(), world.endpoint()
    World(world.database).endpoint(url_path=first.url_path)
    with pytest.raises(Conflict):
        world.endpoint(url_path=first.url_path)
    with pytest.raises(Conflict), world.database.write() as tx:
        endpoints.change(tx, replace(second, url_path=first.url_path))


def test_an_endpoint_is_removed_once_and_its_data_stay(world: World) -> None:
    endpoint = world.endpoint()
    world.datapoints(1, endpoint_id=endpoint.id)
    with world.database.write() as tx:
        assert not endpoints.remove(tx, "another", id=endpoint.id)
        assert endpoints.remove(tx, world.workspace_id, id=endpoint.id)
        assert not endpoints.remove(tx, world.workspace_id, id=endpoint.id)
