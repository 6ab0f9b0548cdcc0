"""Exports over HTTP: managed, and read page by page by whom they let in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.plane import Plane, assert_refused
from tests.inprocess import Tenant


@pytest.fixture
def plane(tenant: Tenant) -> Plane:
    return Plane(tenant)


@pytest.fixture
def fed(plane: Plane) -> Plane:
    """With an endpoint that anybody may post to, at `in`."""
    plane.endpoint("in", auth="none")
    return plane


def _walk(plane: Plane, url: str | None, **more: Any) -> list[list[Any]]:
    """The payloads page by page, to the end."""
    pages = []
    while url is not None:
        answer = plane.tenant.running.http.request("GET", url, **more)
        assert answer.status_code == 200, answer.text
        pages.append([point["payload"] for point in answer.json()["data"]])
        url = answer.json()["next_page"]
    return pages


# --- management -----------------------------------------------------------------------------------


def test_an_export_says_where_it_is(plane: Plane) -> None:
    plane.tenant.define("sensor:read")
    endpoint = plane.endpoint()
    export = plane.export("Cold Room", endpoint=endpoint["id"], required_scope="sensor:read")
    assert export == {
        "id": export["id"],
        "name": "Cold Room",
        "path": "cold-room",
        "url": f"http://127.0.0.1:8080/exports/{plane.slug}/cold-room",
        "endpoint": endpoint["id"],
        "auth_methods": ["oauth2"],
        "required_scope": "sensor:read",
        "created_at": export["created_at"],
    }
    assert plane.tenant.call("GET", f"/exports/{export['id']}").json() == export
    assert plane.tenant.call("GET", "/exports").json() == {"data": [export], "next_page": None}
    assert plane.audited()[-1][0] == "exports:create"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "日本"}, "path"),
        ({"name": "x", "path": "A b"}, "path"),
        ({"name": "x", "endpoint": "end_unknown"}, "endpoint"),
        ({"name": "x", "auth_methods": []}, "auth_methods"),
        ({"name": "x", "auth_methods": ["none"]}, "auth_methods"),
        ({"name": "x", "auth_methods": ["basic"]}, "auth_methods.0"),
        ({"name": "x", "required_scope": "unknown"}, "required_scope"),
        (
            {"name": "x", "auth_methods": ["oauth2", "none"], "required_scope": "sensor:read"},
            "required_scope",
        ),
        ({"name": "x", "webhook": ""}, "webhook"),
    ],
)
def test_what_cannot_be_kept_is_refused(plane: Plane, body: dict[str, Any], field: str) -> None:
    plane.tenant.define("sensor:read")
    with plane.unchanged():
        assert_refused(plane.tenant.call("POST", "/exports", body), 422, field=field)


def test_endpoints_and_exports_of_another_workspace_are_unknown(plane: Plane) -> None:
    theirs = Plane(Tenant(plane.tenant.running))
    body = {"name": "x", "endpoint": theirs.endpoint()["id"]}
    with plane.unchanged():
        assert_refused(plane.tenant.call("POST", "/exports", body), 422, field="endpoint")
    path = f"/exports/{theirs.export()['id']}"
    with theirs.unchanged():
        assert_refused(plane.tenant.call("GET", path), 404)
        assert_refused(plane.tenant.call("PATCH", path, {"name": "x"}), 404)
        assert_refused(plane.tenant.call("DELETE", path), 404)


def test_a_path_is_taken_once_in_a_workspace(plane: Plane) -> None:
    plane.export()
    with plane.unchanged():
        again = plane.tenant.call("POST", "/exports", {"name": "Field Sensors"})
        assert_refused(again, 409, conflict=["export Field Sensors"])
    assert Plane(Tenant(plane.tenant.running)).export()["path"] == "field-sensors"


def test_what_is_named_changes_and_nothing_else(plane: Plane) -> None:
    plane.tenant.define("sensor:read")
    before = plane.export(required_scope="sensor:read")
    path = f"/exports/{before['id']}"
    moved = plane.tenant.call("PATCH", path, {"path": "moved", "name": "Moved"}).json()
    assert moved == before | {"path": "moved", "name": "Moved", "url": moved["url"]}
    assert moved["url"].endswith("/moved")
    with plane.unchanged():
        public = plane.tenant.call("PATCH", path, {"auth_methods": ["oauth2", "none"]})
        assert_refused(public, 422, field="required_scope")
    opened = {"auth_methods": ["none", "oauth2"], "required_scope": None}
    shown = plane.tenant.call("PATCH", path, opened).json()
    assert shown["auth_methods"] == ["oauth2", "none"]
    assert plane.tenant.call("GET", path).json() == shown


@pytest.mark.parametrize(
    ("method", "path", "body", "scope"),
    [
        ("GET", "/exports", None, "iotman:exports:read"),
        ("GET", "/exports/{id}", None, "iotman:exports:read"),
        ("POST", "/exports", {"name": "x"}, "iotman:exports:create"),
        ("PATCH", "/exports/{id}", {"name": "x"}, "iotman:exports:update"),
        ("DELETE", "/exports/{id}", None, "iotman:exports:delete"),
    ],
)
def test_each_call_is_opened_by_its_own_scope(
    plane: Plane, method: str, path: str, body: Any, scope: str
) -> None:
    path = path.format(id=plane.export()["id"])
    every = [f"iotman:exports:{action}" for action in ("read", "create", "update", "delete")]
    others = plane.machine(*(name for name in every if name != scope))
    with plane.unchanged():
        assert_refused(plane.tenant.call(method, path, body, bearer=others), 403, missing=[scope])
    assert plane.tenant.call(method, path, body, bearer=plane.machine(scope)).is_success


# --- the gate -------------------------------------------------------------------------------------


def test_a_required_scope_is_demanded_and_named(plane: Plane) -> None:
    plane.tenant.define("sensor:read")
    plane.export("out", required_scope="sensor:read")
    anonymous = plane.read("out")
    assert_refused(anonymous, 401)
    assert anonymous.headers["www-authenticate"] == 'Bearer realm="scopewright"'
    without = plane.read("out", bearer=plane.machine())
    assert_refused(without, 403, missing=["sensor:read"])
    assert 'scope="sensor:read"' in without.headers["www-authenticate"]
    assert plane.read("out", bearer=plane.machine("sensor:read")).status_code == 200


def test_any_token_or_key_of_the_workspace_passes_and_none_of_another(plane: Plane) -> None:
    plane.tenant.define("sensor:read")
    plane.export("out")
    other = Plane(Tenant(plane.tenant.running))
    assert plane.read("out", bearer=plane.machine()).status_code == 200
    assert plane.read("out", bearer=plane.tenant.admin_key).status_code == 200
    for foreign in (other.machine(), other.tenant.admin_key):
        assert_refused(plane.read("out", bearer=foreign), 401)


def test_the_same_scope_name_of_another_workspace_opens_nothing(plane: Plane) -> None:
    other = Plane(Tenant(plane.tenant.running))
    for each in (plane, other):
        each.tenant.define("sensor:read")
    plane.export("out", required_scope="sensor:read")
    assert_refused(plane.read("out", bearer=other.machine("sensor:read")), 401)


def test_a_public_export_lets_anybody_in_but_no_bad_credential(fed: Plane) -> None:
    fed.export("out", auth_methods=["oauth2", "none"])
    fed.post("in", {"t": 1})
    assert len(fed.read("out").json()["data"]) == 1
    assert_refused(fed.read("out", bearer="stale"), 401)


def test_deleting_the_required_scope_makes_nothing_public(plane: Plane) -> None:
    plane.tenant.define("sensor:read")
    plane.export("out", required_scope="sensor:read")
    assert plane.tenant.call("DELETE", "/scopes/sensor:read?force=true").status_code == 204
    assert_refused(plane.read("out"), 401)
    assert_refused(plane.read("out", bearer=plane.machine()), 403, missing=["sensor:read"])
    assert_refused(plane.read("out", bearer=plane.tenant.admin_key), 403)


def test_a_deleted_export_ends_at_once_and_leaves_the_data(fed: Plane) -> None:
    export = fed.export("out")
    fed.post("in", {"t": 1})
    token = fed.machine()
    assert len(fed.read("out", bearer=token).json()["data"]) == 1
    assert fed.tenant.call("DELETE", f"/exports/{export['id']}").status_code == 204
    assert_refused(fed.read("out", bearer=token), 404)
    assert len(fed.points()) == 1
    assert_refused(fed.read("never", bearer=token), 404)


def test_a_deleted_client_reads_nothing_more(plane: Plane) -> None:
    plane.export("out")
    client_id, secret = plane.tenant.client()
    token = plane.tenant.access_token(client_id, secret)
    assert plane.read("out", bearer=token).status_code == 200
    plane.remove(client_id)
    assert_refused(plane.read("out", bearer=token), 401)


# --- pages ----------------------------------------------------------------------------------------


def test_pages_are_walked_to_the_end_while_data_comes_in(fed: Plane) -> None:
    fed.export("out", auth_methods=["oauth2", "none"])
    fed.post("in", [{"n": n} for n in range(25)])
    seen: list[Any] = []
    url: str | None = f"/exports/{fed.slug}/out?limit=4"
    while url is not None:
        answer = fed.tenant.running.http.request("GET", url).json()
        seen += [point["payload"]["n"] for point in answer["data"]]
        url = answer["next_page"]
        fed.post("in", {"n": 1000})
    assert seen == list(range(24, -1, -1))


def test_the_next_page_keeps_the_question(fed: Plane) -> None:
    fed.export("out", auth_methods=["oauth2", "none"])
    fed.post("in", [{"n": n} for n in range(3)])
    first = fed.read("out", limit=1, **{"from": "0", "to": "2030-01-01T00:00:00+01:00"}).json()
    assert first["next_page"].startswith(f"http://127.0.0.1:8080/exports/{fed.slug}/out?")
    assert _walk(fed, first["next_page"]) == [[{"n": 1}], [{"n": 0}]]


def test_a_page_has_a_hundred_unless_told_and_a_thousand_at_most(fed: Plane) -> None:
    fed.export("out", auth_methods=["oauth2", "none"])
    fed.post("in", [{"n": n} for n in range(1001)])
    assert len(fed.read("out").json()["data"]) == 100
    most = fed.read("out", limit=1000).json()
    assert len(most["data"]) == 1000
    assert most["next_page"] is not None
    for limit in ("0", "1001", "x", "-1"):
        assert_refused(fed.read("out", limit=limit), 422)
    assert_refused(fed.read("out", unknown="1"), 422, field="unknown")


def test_an_export_of_one_endpoint_has_its_data_alone(fed: Plane) -> None:
    other = fed.endpoint("other", auth="none")
    fed.export("all", auth_methods=["oauth2", "none"])
    fed.export("one", auth_methods=["oauth2", "none"], endpoint=other["id"])
    fed.post("in", {"n": 1})
    fed.post("other", {"n": 2})
    stranger = Plane(Tenant(fed.tenant.running))
    stranger.endpoint("in", auth="none")
    stranger.post("in", {"n": 3})
    assert _walk(fed, f"/exports/{fed.slug}/one") == [[{"n": 2}]]
    assert _walk(fed, f"/exports/{fed.slug}/all") == [[{"n": 2}, {"n": 1}]]


def test_a_time_range_has_its_start_and_not_its_end(fed: Plane) -> None:
    fed.export("out", auth_methods=["oauth2", "none"])
    clock = fed.tenant.running.clock
    times = []
    for n in range(3):
        times.append(clock.advance(seconds=1, microseconds=500_001))
        fed.post("in", {"n": n})

    def read(**query: str) -> list[int]:
        answer = fed.read("out", **query)
        assert answer.status_code == 200, answer.text
        return [point["payload"]["n"] for point in answer.json()["data"]]

    for spelled in (_unix, _rfc_3339, _elsewhere):
        assert read(**{"from": spelled(times[1])}) == [2, 1]
        assert read(to=spelled(times[1])) == [0]
        assert read(**{"from": spelled(times[0]), "to": spelled(times[2])}) == [1, 0]
        assert read(**{"from": spelled(times[1] + timedelta(microseconds=1))}) == [2]


def _unix(at: Any) -> str:
    return f"{int(at.timestamp())}.{at.microsecond:06}"


def _rfc_3339(at: Any) -> str:
    return str(at.isoformat()).replace("+00:00", "Z")


def _elsewhere(at: Any) -> str:
    return f"{(at + timedelta(hours=2)).replace(tzinfo=None).isoformat()}+02:00"


@pytest.mark.parametrize(
    "at",
    ["", "now", "2026-01-01", "2026-01-01T00:00:00", "1e9", "٣", "9" * 15, "2026-13-01T00:00:00Z"],
)
def test_other_times_are_refused(plane: Plane, at: str) -> None:
    plane.export("out", auth_methods=["oauth2", "none"])
    assert_refused(plane.read("out", **{"from": at}), 422, field="from")
    assert_refused(plane.read("out", to=at), 422, field="to")


# --- who sent it ----------------------------------------------------------------------------------


def test_the_clients_metadata_are_joined_as_they_are_now(plane: Plane) -> None:
    plane.endpoint("in")
    plane.export("out")
    known, secret = plane.tenant.client()
    bare, bare_secret = plane.tenant.client()
    gone, gone_secret = plane.tenant.client()
    for pair in ((known, secret), (bare, bare_secret), (gone, gone_secret)):
        plane.post("in", {}, bearer=plane.tenant.access_token(*pair))
    plane.post("in", {}, bearer=plane.tenant.admin_key)
    plane.attach(known, "site", "old")
    plane.attach(known, "site", {"name": "Húsavík"})
    plane.remove(gone)
    token = plane.machine()
    plain = plane.read("out", bearer=token).json()["data"]
    joined = plane.read("out", bearer=token, include="client_metadata").json()["data"]
    assert [point.pop("client_metadata") for point in joined] == [
        None, None, {}, {"site": {"name": "Húsavík"}},
    ]  # fmt: skip
    assert joined == plain
    assert {"client_metadata"}.isdisjoint(plain[0])
    assert_refused(plane.read("out", bearer=token, include="secrets"), 422)


def test_an_export_of_another_workspace_is_not_there(plane: Plane) -> None:
    Plane(Tenant(plane.tenant.running)).export("out", auth_methods=["oauth2", "none"])
    assert_refused(plane.read("out"), 404)
