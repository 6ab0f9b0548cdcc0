"""Endpoints over HTTP: created active, changed, switched, deleted; their own export."""

from __future__ import annotations

from typing import Any

import pytest

from scopewright.store import schema
from tests.api.plane import Plane, assert_refused
from tests.inprocess import Tenant


@pytest.fixture
def plane(tenant: Tenant) -> Plane:
    return Plane(tenant)


def test_an_endpoint_is_active_at_once(plane: Plane) -> None:
    endpoint = plane.endpoint("Field Sensors")
    assert endpoint == {
        "id": endpoint["id"],
        "name": "Field Sensors",
        "url_path": "field-sensors",
        "url": f"http://127.0.0.1:8080/data/{plane.slug}/field-sensors",
        "auth": "oauth2",
        "write_scope": None,
        "clients": [],
        "read": False,
        "active": True,
        "active_since": endpoint["created_at"],
        "created_at": endpoint["created_at"],
    }
    assert plane.tenant.call("GET", f"/endpoints/{endpoint['id']}").json() == endpoint
    assert plane.tenant.call("GET", "/endpoints").json() == {"data": [endpoint], "next_page": None}
    operation, details = plane.audited()[-1]
    assert operation == "endpoints:create"
    assert details["after"]["url_path"] == "field-sensors"


def test_the_list_is_walked_without_loss_while_it_grows(plane: Plane) -> None:
    made = [plane.endpoint(f"E {n}")["id"] for n in range(5)]
    seen, url = [], "/endpoints?limit=2"
    while url:
        page = plane.tenant.call("GET", url).json()
        seen += [endpoint["id"] for endpoint in page["data"]]
        url = (page["next_page"] or "").rpartition(plane.tenant.id)[2]
        if len(made) < 7:
            made.append(plane.endpoint(f"E {len(made)}")["id"])
    assert seen == made


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x\ny"}, "name"),
        ({"name": "日本"}, "url_path"),
        ({"name": "x", "url_path": "A"}, "url_path"),
        ({"name": "x", "url_path": ""}, "url_path"),
        ({"name": "x", "url_path": "a/b"}, "url_path"),
        ({"name": "x", "url_path": "a" * 65}, "url_path"),
        ({"name": "x", "auth": "basic"}, "auth"),
        ({"name": "x", "auth": "none", "write_scope": "sensor:write"}, "write_scope"),
        ({"name": "x", "write_scope": "unknown"}, "write_scope"),
        ({"name": "x", "write_scope": ""}, "write_scope"),
        ({"name": "x", "clients": ["unknown"]}, "clients"),
        ({"name": "x", "clients": "unknown"}, "clients"),
        ({"name": "x", "read": 1}, "read"),
        ({"name": "x", "schema": {}}, "schema"),
        ({}, "name"),
    ],
)
def test_what_cannot_be_kept_is_refused(plane: Plane, body: dict[str, Any], field: str) -> None:
    plane.tenant.define("sensor:write")
    with plane.unchanged():
        assert_refused(plane.tenant.call("POST", "/endpoints", body), 422, field=field)


def test_nothing_is_demanded_where_anybody_may_send(plane: Plane) -> None:
    client_id, _ = plane.tenant.client()
    with plane.unchanged():
        body = {"name": "x", "auth": "none", "clients": [client_id]}
        assert_refused(plane.tenant.call("POST", "/endpoints", body), 422, field="clients")


def test_clients_of_another_workspace_are_unknown(plane: Plane) -> None:
    client_id, _ = Tenant(plane.tenant.running).client()
    with plane.unchanged():
        body = {"name": "x", "clients": [client_id]}
        assert_refused(plane.tenant.call("POST", "/endpoints", body), 422, field="clients")


def test_a_path_is_taken_once_in_a_workspace(plane: Plane) -> None:
    first = plane.endpoint()
    second = plane.endpoint("Other")
    with plane.unchanged():
        again = plane.tenant.call("POST", "/endpoints", {"name": "Field Sensors"})
        assert_refused(again, 409, conflict=["endpoint Field Sensors"])
        moved = plane.tenant.call(
            "PATCH", f"/endpoints/{second['id']}", {"url_path": "field-sensors"}
        )
        assert_refused(moved, 409)
    same = plane.tenant.call("PATCH", f"/endpoints/{first['id']}", {"url_path": "field-sensors"})
    assert same.status_code == 200
    assert Plane(Tenant(plane.tenant.running)).endpoint()["url_path"] == "field-sensors"


def test_what_is_named_changes_and_nothing_else(plane: Plane) -> None:
    plane.tenant.define("sensor:write")
    client_id, _ = plane.tenant.client()
    before = plane.endpoint(write_scope="sensor:write", clients=[client_id])
    path = f"/endpoints/{before['id']}"
    named = plane.tenant.call("PATCH", path, {"name": "Renamed"})
    assert named.json() == before | {"name": "Renamed"}
    freed = plane.tenant.call("PATCH", path, {"write_scope": None, "clients": []})
    assert freed.json() == named.json() | {"write_scope": None, "clients": []}
    opened = plane.tenant.call("PATCH", path, {"auth": "none", "name": None})
    assert opened.json() == freed.json() | {"auth": "none"}
    assert plane.tenant.call("GET", path).json() == opened.json()
    assert plane.audited()[-1][1]["before"]["auth"] == "oauth2"
    with plane.unchanged():
        refused = plane.tenant.call("PATCH", path, {"write_scope": "sensor:write"})
        assert_refused(refused, 422, field="write_scope")


def test_a_scope_that_is_gone_goes_on_being_demanded(plane: Plane) -> None:
    plane.tenant.define("sensor:write")
    endpoint = plane.endpoint(write_scope="sensor:write")
    in_use = plane.tenant.call("DELETE", "/scopes/sensor:write")
    assert_refused(in_use, 409, conflict=["endpoint Field Sensors"])
    assert plane.tenant.call("DELETE", "/scopes/sensor:write?force=true").status_code == 204
    path = f"/endpoints/{endpoint['id']}"
    assert plane.tenant.call("PATCH", path, {"name": "x"}).json()["write_scope"] == "sensor:write"
    refused = plane.post("field-sensors", {}, bearer=plane.machine())
    assert_refused(refused, 403, missing=["sensor:write"])


def test_switching_says_since_when(plane: Plane) -> None:
    endpoint = plane.endpoint()
    path = f"/endpoints/{endpoint['id']}/activate"
    plane.tenant.running.clock.advance(minutes=1)
    assert plane.tenant.call("POST", path, {"active": True}).json() == endpoint
    off = plane.tenant.call("POST", path, {"active": False}).json()
    assert off == endpoint | {"active": False, "active_since": None}
    on = plane.tenant.call("POST", path, {"active": True}).json()
    assert on["active_since"] > endpoint["active_since"]
    assert_refused(plane.tenant.call("POST", path, {}), 422, field="active")


def test_a_deleted_endpoint_takes_its_exports_along_and_leaves_the_data(plane: Plane) -> None:
    endpoint = plane.endpoint(auth="none", read=True)
    plane.export("All")
    plane.export("Mine", endpoint=endpoint["id"])
    plane.post("field-sensors", {"t": 1})
    path = f"/endpoints/{endpoint['id']}"
    assert plane.tenant.call("DELETE", path).status_code == 204
    assert_refused(plane.tenant.call("GET", path), 404)
    assert [row.name for row in plane.rows(schema.exports)] == ["All"]
    assert len(plane.points()) == 1
    for method, more in (("DELETE", {}), ("PATCH", {"json": {}})):
        with plane.unchanged():
            assert_refused(plane.tenant.call(method, path, **more), 404)


def test_another_workspace_is_not_reached(plane: Plane) -> None:
    theirs = Plane(Tenant(plane.tenant.running))
    path = f"/endpoints/{theirs.endpoint()['id']}"
    with theirs.unchanged():
        assert_refused(plane.tenant.call("GET", path), 404)
        assert_refused(plane.tenant.call("PATCH", path, {"name": "x"}), 404)
        assert_refused(plane.tenant.call("POST", f"{path}/activate", {"active": False}), 404)
        assert_refused(plane.tenant.call("DELETE", path), 404)
    assert plane.tenant.call("GET", "/endpoints").json()["data"] == []


# --- reading where data comes in ------------------------------------------------------------------


def test_read_makes_an_export_at_the_same_path(plane: Plane) -> None:
    endpoint = plane.endpoint(read=True)
    (export,) = plane.tenant.call("GET", "/exports").json()["data"]
    assert export["path"] == endpoint["url_path"]
    assert export["endpoint"] == endpoint["id"]
    assert export["auth_methods"] == ["oauth2"]
    assert export["required_scope"] is None
    plane.post("field-sensors", {"t": 1}, bearer=plane.machine())
    read = plane.read("field-sensors", bearer=plane.machine())
    assert [point["payload"] for point in read.json()["data"]] == [{"t": 1}]
    assert_refused(plane.read("field-sensors"), 401)


def test_read_follows_the_endpoint(plane: Plane) -> None:
    endpoint = plane.endpoint()
    path = f"/endpoints/{endpoint['id']}"
    plane.tenant.call("PATCH", path, {"read": True})
    (made,) = plane.tenant.call("GET", "/exports").json()["data"]
    plane.tenant.call("PATCH", path, {"url_path": "moved"})
    (moved,) = plane.tenant.call("GET", "/exports").json()["data"]
    assert (moved["id"], moved["path"]) == (made["id"], "moved")
    other = plane.export("Other", endpoint=endpoint["id"])
    assert plane.tenant.call("PATCH", path, {"read": False}).json()["read"] is False
    assert plane.tenant.call("GET", "/exports").json()["data"] == [other]


def test_read_needs_a_free_path(plane: Plane) -> None:
    plane.export("Field Sensors")
    body = {"name": "Field Sensors", "read": True}
    with plane.unchanged():
        assert_refused(plane.tenant.call("POST", "/endpoints", body), 409)
    endpoint = plane.endpoint()
    with plane.unchanged():
        path = f"/endpoints/{endpoint['id']}"
        assert_refused(plane.tenant.call("PATCH", path, {"read": True}), 409)


def test_the_endpoints_own_export_goes_with_it(plane: Plane) -> None:
    endpoint = plane.endpoint(read=True)
    (export,) = plane.tenant.call("GET", "/exports").json()["data"]
    path = f"/exports/{export['id']}"
    with plane.unchanged():
        refused = plane.tenant.call("PATCH", path, {"path": "elsewhere"})
        assert_refused(refused, 409, conflict=["endpoint Field Sensors"])
        assert_refused(plane.tenant.call("PATCH", path, {"endpoint": None}), 409)
    assert plane.tenant.call("DELETE", path).status_code == 204
    shown = plane.tenant.call("GET", f"/endpoints/{endpoint['id']}").json()
    assert shown["read"] is False


@pytest.mark.parametrize(
    ("method", "path", "body", "scope"),
    [
        ("GET", "/endpoints", None, "iotman:endpoints:read"),
        ("GET", "/endpoints/{id}", None, "iotman:endpoints:read"),
        ("POST", "/endpoints", {"name": "x"}, "iotman:endpoints:create"),
        ("PATCH", "/endpoints/{id}", {"name": "x"}, "iotman:endpoints:update"),
        ("POST", "/endpoints/{id}/activate", {"active": False}, "iotman:endpoints:activate"),
        ("DELETE", "/endpoints/{id}", None, "iotman:endpoints:delete"),
    ],
)
def test_each_call_is_opened_by_its_own_scope(
    plane: Plane, method: str, path: str, body: Any, scope: str
) -> None:
    path = path.format(id=plane.endpoint()["id"])
    every = [f"iotman:endpoints:{a}" for a in ("read", "create", "update", "activate", "delete")]
    others = plane.machine(*(name for name in every if name != scope))
    with plane.unchanged():
        assert_refused(plane.tenant.call(method, path, body, bearer=others), 403, missing=[scope])
    answer = plane.tenant.call(method, path, body, bearer=plane.machine(scope))
    assert answer.is_success
