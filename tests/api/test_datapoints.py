"""Datapoints over HTTP, for managers: selected, paged, joined, deleted with a trace."""

from __future__ import annotations

import pytest

from scopewright.store import schema
from tests.api.plane import Plane, assert_refused
from tests.inprocess import Tenant


@pytest.fixture
def plane(tenant: Tenant) -> Plane:
    plane = Plane(tenant)
    plane.endpoint("in", auth="none")
    return plane


def test_datapoints_are_selected_by_endpoint_principal_and_time(plane: Plane) -> None:
    other = plane.endpoint("other")
    ann = plane.tenant.person("ann@example.com")
    clock = plane.tenant.running.clock
    plane.post("in", {"n": 0})
    plane.post("other", {"n": 1}, bearer=plane.machine())
    at = clock.advance(seconds=1)
    plane.post("other", {"n": 2}, bearer=plane.tenant.key(ann))

    def found(**query: str) -> list[int]:
        return [point["payload"]["n"] for point in plane.points(**query)]

    assert found() == [2, 1, 0]
    assert found(endpoint=other["id"]) == [2, 1]
    assert found(principal=ann.id) == [2]
    assert found(to=at.isoformat()) == [1, 0]
    assert found(endpoint=other["id"], to=at.isoformat()) == [1]
    assert found(endpoint="end_unknown") == []


def test_pages_are_walked_to_the_end_while_data_comes_in(plane: Plane) -> None:
    plane.post("in", [{"n": n} for n in range(10)])
    seen, path = [], "/datapoints?limit=3"
    while path:
        answer = plane.tenant.call("GET", path).json()
        seen += [point["payload"]["n"] for point in answer["data"]]
        path = (answer["next_page"] or "").rpartition(plane.tenant.id)[2]
        plane.post("in", {"n": 1000})
    assert seen == list(range(9, -1, -1))


def test_the_clients_metadata_are_joined_where_wanted(plane: Plane) -> None:
    client_id, secret = plane.tenant.client()
    plane.post("in", {}, bearer=plane.tenant.access_token(client_id, secret))
    assert "client_metadata" not in plane.points()[0]
    for site in ("old", "new"):
        plane.attach(client_id, "site", site)
        joined = plane.points(include="client_metadata")
        assert [point["client_metadata"] for point in joined] == [{"site": site}]


def test_another_workspaces_datapoints_are_not_seen(plane: Plane) -> None:
    theirs = Plane(Tenant(plane.tenant.running))
    endpoint = theirs.endpoint("in", auth="none")
    theirs.post("in", {})
    assert plane.points() == plane.points(endpoint=endpoint["id"]) == []
    with theirs.unchanged():
        refused = plane.tenant.call("DELETE", f"/datapoints?endpoint={endpoint['id']}")
        assert_refused(refused, 404)


def test_an_endpoints_datapoints_are_deleted_and_counted(plane: Plane) -> None:
    other = plane.endpoint("other", auth="none")
    plane.post("in", {"n": 1})
    plane.post("other", [{"n": 2}, {"n": 3}])
    path = f"/datapoints?endpoint={other['id']}"
    assert plane.tenant.call("DELETE", path).json() == {"deleted": 2}
    assert [point["payload"]["n"] for point in plane.points()] == [1]
    assert plane.audited()[-1] == ("data:delete", {"deleted": 2})
    assert plane.tenant.call("DELETE", path).json() == {"deleted": 0}
    assert_refused(plane.tenant.call("DELETE", "/datapoints"), 422, field="endpoint")


def test_what_a_deleted_endpoint_left_can_be_deleted_too(plane: Plane) -> None:
    other = plane.endpoint("other", auth="none")
    plane.post("other", {})
    plane.tenant.call("DELETE", f"/endpoints/{other['id']}")
    path = f"/datapoints?endpoint={other['id']}"
    assert plane.tenant.call("DELETE", path).json() == {"deleted": 1}
    assert plane.rows(schema.datapoints) == []
    assert_refused(plane.tenant.call("DELETE", path), 404)


@pytest.mark.parametrize(
    ("method", "scope", "others"),
    [
        ("GET", "iotman:data:read", "iotman:data:delete"),
        ("DELETE", "iotman:data:delete", "iotman:data:read"),
    ],
)
def test_each_call_is_opened_by_its_own_scope(
    plane: Plane, method: str, scope: str, others: str
) -> None:
    path = f"/datapoints?endpoint={plane.endpoint('other')['id']}"
    with plane.unchanged():
        refused = plane.tenant.call(method, path, bearer=plane.machine(others))
        assert_refused(refused, 403, missing=[scope])
    assert plane.tenant.call(method, path, bearer=plane.machine(scope)).status_code == 200
