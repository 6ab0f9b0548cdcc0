"""MQTT configurations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scopewright.core.errors import Conflict
from scopewright.core.model import MqttConfig
from scopewright.ids import new_id
from scopewright.store import mqtt_configs
from scopewright.store.pages import Window
from tests.store.world import LATER, NOW, World


def _config(world: World, **replaced: Any) -> MqttConfig:
    fields: dict[str, Any] = {
        "id": new_id("mqt"),
        "workspace_id": world.workspace_id,
        "name": new_id("broker"),
        "broker_url": "mqtts://broker.example:8883",
        "topic_filter": "plant/+/sensors/#",
        "write_scope": "sensor:write",
        "created_at": NOW,
        "active_since": NOW,
    }
    config = MqttConfig(**(fields | replaced))
    with world.database.write() as tx:
        mqtt_configs.add(tx, config)
    return config


def test_a_configuration_comes_back_equal(world: World) -> None:
    full, bare = _config(world), _config(world, write_scope=None, active_since=None)
    at = world.workspace_id
    with world.database.read() as tx:
        assert mqtt_configs.get(tx, at, id=full.id) == full
        assert mqtt_configs.get(tx, at, id=bare.id) == bare
        assert mqtt_configs.get(tx, "another", id=full.id) is None
        assert set(mqtt_configs.page(tx, at, window=Window()).items) == {full, bare}
        assert mqtt_configs.using_scope(tx, at, scope="sensor:write") == [full]


def test_settings_change_and_a_name_is_taken_once(world: World) -> None:
    config, other = _config(world), _config(world)
    changed = replace(
        config, name="n", broker_url="mqtt://b", topic_filter="#", write_scope=None,
        active_since=LATER,
    )  # fmt: skip
    with world.database.write() as tx:
        mqtt_configs.change(tx, changed)
        assert mqtt_configs.get(tx, world.workspace_id, id=config.id) == changed
    with pytest.raises(Conflict), world.database.write() as tx:
        mqtt_configs.change(tx, replace(other, name="n"))


def test_a_configuration_is_removed_once(world: World) -> None:
    config = _config(world)
    with world.database.write() as tx:
        assert not mqtt_configs.remove(tx, "another", id=config.id)
        assert mqtt_configs.remove(tx, world.workspace_id, id=config.id)
        assert not mqtt_configs.remove(tx, world.workspace_id, id=config.id)
