"""Exports."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scopewright.core.errors import Conflict
from scopewright.core.model import Export
from scopewright.ids import new_id
from scopewright.store import endpoints, exports
from scopewright.store.pages import Window
from tests.store.world import NOW, World


def _export(world: World, **replaced: Any) -> Export:
    fields: dict[str, Any] = {
        "id": new_id("exp"),
        "workspace_id": world.workspace_id,
        "name": "All",
        "path": new_id("all"),
        "endpoint_id": None,
        "auth_methods": frozenset({"oauth2"}),
        "required_scope": "sensor:read",
        "created_at": NOW,
    }
    export = Export(**(fields | replaced))
    with world.database.write() as tx:
        exports.add(tx, export)
    return export


def test_an_export_comes_back_equal_by_id_path_and_page(world: World) -> None:
    full = _export(world, endpoint_id=world.endpoint().id)
    bare = _export(world, auth_methods=frozenset({"oauth2", "none"}), required_scope=None)
    at = world.workspace_id
    with world.database.read() as tx:
        for export in (full, bare):
            assert exports.get(tx, at, id=export.id) == export
            assert exports.by_path(tx, at, path=export.path) == export
            assert exports.get(tx, "another", id=export.id) is None
        assert set(exports.page(tx, at, window=Window()).items) == {full, bare}
        assert exports.using_scope(tx, at, scope="sensor:read") == [full]


def test_settings_change(world: World) -> None:
    export = _export(world)
    changed = replace(
        export, name="n", path="p", endpoint_id=world.endpoint().id,
        auth_methods=frozenset({"oauth2", "none"}), required_scope=None,
    )  # fmt: skip
    with world.database.write() as tx:
        exports.change(tx, changed)
        assert exports.get(tx, world.workspace_id, id=export.id) == changed


def test_a_path_is_taken_once_a_workspace(world: World) -> None:
    export = _export(world)
    _export(World(world.database), path=export.path)
    with pytest.raises(Conflict):
        _export(world, path=export.path)


def test_an_export_is_removed_once_or_with_its_endpoint(world: World) -> None:
    endpoint = world.endpoint()
    of_one, of_all = _export(world, endpoint_id=endpoint.id), _export(world)
    at = world.workspace_id
    with world.database.write() as tx:
        endpoints.remove(tx, at, id=endpoint.id)
        assert exports.get(tx, at, id=of_one.id) is None
        assert not exports.remove(tx, "another", id=of_all.id)
        assert exports.remove(tx, at, id=of_all.id)
        assert not exports.remove(tx, at, id=of_all.id)
