"""MQTT configurations: handlers."""

from __future__ import annotations

from datetime import datetime

from fastapi import Response
from pydantic import BaseModel

from scopewright.api.bodies import Activation, MqttConfigChange, NewMqttConfig
from scopewright.api.entrance import AskHere, WindowHere
from scopewright.api.shapes import Listed
from scopewright.core.model import MqttConfig
from scopewright.services.mqtt_configs import MqttSettings

NO_CONNECTOR = "no connector"


class MqttConfigShape(BaseModel):
    """An outside broker. `active` is what is wished for, `state` what is so."""

    id: str
    name: str
    broker_url: str
    topic_filter: str
    write_scope: str | None
    active: bool
    active_since: datetime | None
    state: str
    created_at: datetime

    @classmethod
    def of(cls, config: MqttConfig) -> MqttConfigShape:
        return cls(
            id=config.id,
            name=config.name,
            broker_url=config.broker_url,
            topic_filter=config.topic_filter,
            write_scope=config.write_scope,
            active=config.active_since is not None,
            active_since=config.active_since,
            state=NO_CONNECTOR,
            created_at=config.created_at,
        )


def index(ask: AskHere, window: WindowHere) -> Listed[MqttConfigShape]:
    """The outside brokers that are to be read."""
    page = ask.services.mqtt_configs.page(ask.caller, window=window)
    return ask.listed(page, MqttConfigShape.of)


def show(ask: AskHere, id: str) -> MqttConfigShape:
    """One outside broker."""
    return MqttConfigShape.of(ask.services.mqtt_configs.show(ask.caller, id=id))


def create(ask: AskHere, body: NewMqttConfig) -> MqttConfigShape:
    """Add an outside broker; it is kept, and not active yet."""
    settings = MqttSettings(**body.model_dump())
    return MqttConfigShape.of(ask.services.mqtt_configs.create(ask.caller, settings=settings))


def change(ask: AskHere, id: str, body: MqttConfigChange) -> MqttConfigShape:
    """Change what is named."""
    said = body.model_dump(exclude_unset=True).items()
    changed = {k: v for k, v in said if v is not None or k == "write_scope"}
    return MqttConfigShape.of(ask.services.mqtt_configs.change(ask.caller, id=id, changed=changed))


def activate(ask: AskHere, id: str, body: Activation) -> MqttConfigShape:
    """Wish for a broker to be read; `state` says that nothing reads it yet."""
    return MqttConfigShape.of(
        ask.services.mqtt_configs.activate(ask.caller, id=id, active=body.active)
    )


def delete(ask: AskHere, id: str) -> Response:
    """Delete an outside broker."""
    ask.services.mqtt_configs.delete(ask.caller, id=id)
    return Response(status_code=204)
