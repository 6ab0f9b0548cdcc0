"""MQTT configurations over HTTP: kept, validated, listed; nothing reads them yet."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.plane import Plane, assert_refused
from tests.inprocess import Tenant

FARM = {"name": "Farm", "broker_url": "mqtts://broker.example:8883", "topic_filter": "farm/+/t/#"}


@pytest.fixture
def plane(tenant: Tenant) -> Plane:
    return Plane(tenant)


def _made(plane: Plane, **settings: Any) -> dict[str, Any]:
    answer = plane.tenant.call("POST", "/mqtt-configs", {**FARM, **settings})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_configuration_is_kept_as_it_was_sent(plane: Plane) -> None:
    plane.tenant.define("farm:write")
    made = _made(plane, write_scope="farm:write")
    assert made == FARM | {
        "id": made["id"],
        "write_scope": "farm:write",
        "active": False,
        "active_since": None,
        "state": "no connector",
        "created_at": made["created_at"],
    }
    assert plane.tenant.call("GET", f"/mqtt-configs/{made['id']}").json() == made
    assert plane.tenant.call("GET", "/mqtt-configs").json() == {"data": [made], "next_page": None}


def test_activating_says_that_there_is_no_connector(plane: Plane) -> None:
    made = _made(plane)
    path = f"/mqtt-configs/{made['id']}/activate"
    active = plane.tenant.call("POST", path, {"active": True}).json()
    assert active == made | {"active": True, "active_since": active["active_since"]}
    assert active["state"] == "no connector"
    assert plane.tenant.call("POST", path, {"active": False}).json() == made


@pytest.mark.parametrize(
    "topic_filter",
    ["#", "+", "/", "a", "a/+/b", "+/+/#", "/a//b", "$SYS/#", "é/𝄞 x", "a" * 65_535],
)
@pytest.mark.parametrize("broker_url", ["mqtt://localhost", "mqtt://[::1]:1883"])
def test_what_mqtt_allows_is_kept(plane: Plane, topic_filter: str, broker_url: str) -> None:
    made = _made(plane, topic_filter=topic_filter, broker_url=broker_url)
    assert (made["topic_filter"], made["broker_url"]) == (topic_filter, broker_url)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("topic_filter", text) for text in (
            "", "a+", "+a", "a/b+/c", "#/a", "a#", "a/#b", "##", "a\x00", "a" * 65_536,
            "é" * 40_000,
        )),
        *(("broker_url", text) for text in (
            "", "broker", "http://h", "mqtt://", "MQTT://h", "mqtt://h:0", "mqtt://h:65536",
            "mqtt://h:x", "mqtt://h:", "mqtt://u:p@h", "mqtt://u@h", "mqtt://h/path", "mqtt://h?q",
            "mqtt://h#f", "mqtt://h\n", "mqtt://h h", "mqtt://[::1", "mqtt://" + "h" * 300,
        )),
        ("name", ""),
        ("write_scope", "unknown"),
        ("topic_filter", None),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused(plane: Plane, field: str, value: Any) -> None:
    made = _made(plane, name="Other")
    with plane.unchanged():
        body = {**FARM, field: value}
        assert_refused(plane.tenant.call("POST", "/mqtt-configs", body), 422, field=field)
        if value is not None:
            path = f"/mqtt-configs/{made['id']}"
            assert_refused(plane.tenant.call("PATCH", path, {field: value}), 422, field=field)


def test_a_name_is_taken_once_in_a_workspace(plane: Plane) -> None:
    _made(plane)
    with plane.unchanged():
        assert_refused(plane.tenant.call("POST", "/mqtt-configs", FARM), 409)
    _made(Plane(Tenant(plane.tenant.running)))


def test_what_is_named_changes_and_nothing_else(plane: Plane) -> None:
    plane.tenant.define("farm:write")
    made = _made(plane, write_scope="farm:write")
    path = f"/mqtt-configs/{made['id']}"
    changed = plane.tenant.call("PATCH", path, {"topic_filter": "barn/#", "write_scope": None})
    assert changed.json() == made | {"topic_filter": "barn/#", "write_scope": None}
    assert plane.tenant.call("GET", path).json() == changed.json()
    assert [operation for operation, _ in plane.audited()] == [
        "mqtt-configs:create",
        "mqtt-configs:update",
    ]


def test_a_deleted_configuration_is_gone(plane: Plane) -> None:
    path = f"/mqtt-configs/{_made(plane)['id']}"
    assert plane.tenant.call("DELETE", path).status_code == 204
    assert_refused(plane.tenant.call("GET", path), 404)
    assert_refused(plane.tenant.call("DELETE", path), 404)
    assert_refused(plane.tenant.call("PATCH", path, {}), 404)


@pytest.mark.parametrize(
    ("method", "path", "body", "scope"),
    [
        ("GET", "", None, "iotman:mqtt-configs:read"),
        ("GET", "/{id}", None, "iotman:mqtt-configs:read"),
        ("POST", "", FARM | {"name": "New"}, "iotman:mqtt-configs:create"),
        ("PATCH", "/{id}", {"name": "x"}, "iotman:mqtt-configs:update"),
        ("POST", "/{id}/activate", {"active": True}, "iotman:mqtt-configs:activate"),
        ("DELETE", "/{id}", None, "iotman:mqtt-configs:delete"),
    ],
)
def test_each_call_is_opened_by_its_own_scope(
    plane: Plane, method: str, path: str, body: Any, scope: str
) -> None:
    path = "/mqtt-configs" + path.format(id=_made(plane)["id"])
    actions = ("read", "create", "update", "activate", "delete")
    every = [f"iotman:mqtt-configs:{action}" for action in actions]
    others = plane.machine(*(name for name in every if name != scope))
    with plane.unchanged():
        assert_refused(plane.tenant.call(method, path, body, bearer=others), 403, missing=[scope])
    assert plane.tenant.call(method, path, body, bearer=plane.machine(scope)).is_success
