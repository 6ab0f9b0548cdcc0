"""Keep configurations of outside brokers. The connector that reads them comes later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from scopewright import ids
from scopewright.clock import Clock
from scopewright.core import mqtt, names
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue
from scopewright.core.errors import Invalid, NotFound
from scopewright.core.model import MqttConfig
from scopewright.store import audit, mqtt_configs, vocabulary
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """What a caller may choose about a configuration."""

    name: str
    broker_url: str
    topic_filter: str
    write_scope: str | None = None


@dataclass(frozen=True, slots=True)
class MqttConfigs:
    """What can be done with a workspace's MQTT configurations."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]

    @needs("mqtt-configs:read")
    def page(self, caller: Caller, *, window: Window) -> Page[MqttConfig]:
        """The configurations, oldest first."""
        with self.database.read() as tx:
            return mqtt_configs.page(tx, caller.workspace_id, window=window)

    @needs("mqtt-configs:read")
    def show(self, caller: Caller, *, id: str) -> MqttConfig:
        """One configuration.

        Raises:
            NotFound: there is no such configuration.
        """
        with self.database.read() as tx:
            return _here(tx, caller, id)

    @needs("mqtt-configs:create")
    def create(self, caller: Caller, *, settings: MqttSettings) -> MqttConfig:
        """A new configuration, not yet active.

        Raises:
            Invalid: a name, address or filter outside its grammar, or an unknown scope.
            Conflict: the name is taken.
        """
        now, chosen = self.clock(), asdict(settings)
        config = MqttConfig(
            id=ids.new_id("mqt"), workspace_id=caller.workspace_id,
            created_at=now, active_since=None, **chosen,
        )  # fmt: skip
        with self.database.write() as tx:
            config = self._checked(tx, config, chosen)
            mqtt_configs.add(tx, config)
            after = _facts(config)
            audit.record(tx, caller, "mqtt-configs:create", config.id, at=now, after=after)
        return config

    @needs("mqtt-configs:update")
    def change(self, caller: Caller, *, id: str, changed: Mapping[str, Any]) -> MqttConfig:
        """Change some of the `MqttSettings`, by name.

        Raises:
            NotFound: there is no such configuration.
            Invalid, Conflict: as `create`.
        """
        now = self.clock()
        with self.database.write() as tx:
            before = _here(tx, caller, id)
            after = self._checked(tx, replace(before, **changed), changed)
            mqtt_configs.change(tx, after)
            facts = {"before": _facts(before), "after": _facts(after)}
            audit.record(tx, caller, "mqtt-configs:update", id, at=now, **facts)
        return after

    @needs("mqtt-configs:activate")
    def activate(self, caller: Caller, *, id: str, active: bool) -> MqttConfig:
        """Wish for a broker to be read, or no longer.

        Raises:
            NotFound: there is no such configuration.
        """
        now = self.clock()
        with self.database.write() as tx:
            before = _here(tx, caller, id)
            after = replace(before, active_since=(before.active_since or now) if active else None)
            mqtt_configs.change(tx, after)
            facts = {"before": _facts(before), "after": _facts(after)}
            audit.record(tx, caller, "mqtt-configs:activate", id, at=now, **facts)
        return after

    @needs("mqtt-configs:delete")
    def delete(self, caller: Caller, *, id: str) -> None:
        """Delete a configuration.

        Raises:
            NotFound: there is no such configuration.
        """
        now = self.clock()
        with self.database.write() as tx:
            before = _here(tx, caller, id)
            mqtt_configs.remove(tx, caller.workspace_id, id=id)
            audit.record(tx, caller, "mqtt-configs:delete", id, at=now, before=_facts(before))

    def _checked(
        self, tx: Transaction, wanted: MqttConfig, changed: Mapping[str, Any]
    ) -> MqttConfig:
        mqtt.check_broker_url(wanted.broker_url)
        mqtt.check_topic_filter(wanted.topic_filter)
        if changed.get("write_scope") is not None:
            words = vocabulary.here(tx, wanted.workspace_id, self.catalogues)
            if wanted.write_scope not in words.by_name:
                raise Invalid("There is no such scope.", field="write_scope")
        return replace(wanted, name=names.check_title(wanted.name))


def _here(tx: Transaction, caller: Caller, id: str) -> MqttConfig:
    config = mqtt_configs.get(tx, caller.workspace_id, id=id)
    if config is None:
        raise NotFound("There is no such MQTT configuration.")
    return config


def _facts(config: MqttConfig) -> dict[str, Any]:
    """What the audit log keeps of it."""
    return {
        "name": config.name,
        "broker_url": config.broker_url,
        "topic_filter": config.topic_filter,
        "write_scope": config.write_scope,
        "active": config.active_since is not None,
    }
