"""Outside brokers that a workspace wants to be read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from scopewright.core.model import MqttConfig
from scopewright.store.database import Transaction
from scopewright.store.pages import Page, Window, rows_of
from scopewright.store.schema import mqtt_configs

_THIS = (
    mqtt_configs.c.workspace_id == bindparam("workspace"),
    mqtt_configs.c.id == bindparam("key"),
)
_ADD = insert(mqtt_configs)
_GET = select(mqtt_configs).where(*_THIS)
_USING_SCOPE = select(mqtt_configs).where(
    mqtt_configs.c.workspace_id == bindparam("workspace"),
    mqtt_configs.c.write_scope == bindparam("scope"),
)
_CHANGE = update(mqtt_configs).where(*_THIS)
_REMOVE = delete(mqtt_configs).where(*_THIS)


def add(tx: Transaction, config: MqttConfig) -> None:
    """Remember a new configuration."""
    tx.run(
        _ADD,
        id=config.id,
        workspace_id=config.workspace_id,
        created_at=config.created_at,
        **_changeable(config),
    )


def change(tx: Transaction, config: MqttConfig) -> None:
    """Keep the configuration's present settings."""
    tx.run(_CHANGE, workspace=config.workspace_id, key=config.id, **_changeable(config))


def get(tx: Transaction, workspace_id: str, *, id: str) -> MqttConfig | None:
    """The configuration of this id."""
    row = tx.one(_GET, workspace=workspace_id, key=id)
    return None if row is None else _mqtt_config(row)


def using_scope(tx: Transaction, workspace_id: str, *, scope: str) -> list[MqttConfig]:
    """The configurations that demand a scope."""
    return [_mqtt_config(row) for row in tx.all(_USING_SCOPE, workspace=workspace_id, scope=scope)]


def page(tx: Transaction, workspace_id: str, *, window: Window) -> Page[MqttConfig]:
    """The configurations of a workspace, oldest first."""
    statement = select(mqtt_configs).where(mqtt_configs.c.workspace_id == workspace_id)
    rows, cursor = rows_of(tx, statement, mqtt_configs.c.id, window)
    return Page(tuple(_mqtt_config(row) for row in rows), cursor)


def remove(tx: Transaction, workspace_id: str, *, id: str) -> bool:
    """Forget a configuration; whether it was there."""
    return tx.run(_REMOVE, workspace=workspace_id, key=id) == 1


def _changeable(config: MqttConfig) -> dict[str, Any]:
    return {
        "name": config.name,
        "broker_url": config.broker_url,
        "topic_filter": config.topic_filter,
        "write_scope": config.write_scope,
        "active_since": config.active_since,
    }


def _mqtt_config(row: Row[Any]) -> MqttConfig:
    return MqttConfig(
        id=row.id,
        workspace_id=row.workspace_id,
        name=row.name,
        broker_url=row.broker_url,
        topic_filter=row.topic_filter,
        write_scope=row.write_scope,
        created_at=row.created_at,
        active_since=row.active_since,
    )
