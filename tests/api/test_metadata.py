"""Metadata over HTTP: JSON values by key on end-users and clients."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scopewright.core.model import ClientType
from scopewright.store import audit, principals
from scopewright.store.pages import Window
from tests.inprocess import Tenant

VALUES: list[Any] = [
    None,
    False,
    0,
    -1.5e-9,
    2**70,
    "",
    "Fjörður ✓ 𝄞",
    [],
    {},
    {"channels": ["temperature"], "tier": "gold", "": {"": [None, {"é": [[]]}]}},
]


@pytest.fixture(params=["end-users", "clients"])
def holder(request: pytest.FixtureRequest, tenant: Tenant) -> str:
    if request.param == "end-users":
        tenant.person("ann@example.com")
        return "/end-users/ann@example.com"
    return f"/clients/{tenant.client()[0]}"


@pytest.mark.parametrize("value", VALUES, ids=lambda value: json.dumps(value)[:20])
def test_a_value_of_every_kind_comes_back_equal(tenant: Tenant, holder: str, value: Any) -> None:
    put = tenant.call("PUT", f"{holder}/metadata/ingest_context", {"value": value})
    assert put.status_code == 200
    assert put.json()["key"] == "ingest_context"
    got = tenant.call("GET", f"{holder}/metadata/ingest_context").json()
    assert got == put.json()
    assert got["value"] == value
    assert type(got["value"]) is type(value)


def test_a_second_value_replaces_the_first(tenant: Tenant, holder: str) -> None:
    for value in ({"tier": "gold"}, {"tier": "lead"}):
        tenant.call("PUT", f"{holder}/metadata/tier", {"value": value})
    listed = tenant.call("GET", f"{holder}/metadata").json()
    assert [entry["value"] for entry in listed["data"]] == [{"tier": "lead"}]
    assert listed["next_page"] is None


def test_the_list_is_by_key_and_paged(tenant: Tenant, holder: str) -> None:
    for key in ("c", "a", "b"):
        tenant.call("PUT", f"{holder}/metadata/{key}", {"value": key})
    page = tenant.call("GET", f"{holder}/metadata?limit=2").json()
    assert [entry["key"] for entry in page["data"]] == ["a", "b"]
    assert page["next_page"].endswith("limit=2&cursor=b")


def test_the_list_says_how_long_a_value_may_be(tenant: Tenant, holder: str) -> None:
    longest = tenant.call("GET", f"{holder}/metadata").json()["longest_value"]
    fits, too_long = "x" * (longest - len('""')), "x" * (longest - 1)
    assert tenant.call("PUT", f"{holder}/metadata/tier", {"value": fits}).status_code == 200
    assert tenant.call("PUT", f"{holder}/metadata/tier", {"value": too_long}).status_code == 422


def test_what_is_taken_off_is_gone(tenant: Tenant, holder: str) -> None:
    tenant.call("PUT", f"{holder}/metadata/tier", {"value": 1})
    assert tenant.call("DELETE", f"{holder}/metadata/tier").status_code == 204
    assert tenant.call("DELETE", f"{holder}/metadata/tier").status_code == 404
    assert tenant.call("GET", f"{holder}/metadata/tier").status_code == 404


@pytest.mark.parametrize("body", [{}, {"Value": 1}, {"value": 1, "more": 2}, [], "text"])
def test_a_body_without_exactly_a_value_is_refused(tenant: Tenant, holder: str, body: Any) -> None:
    assert tenant.call("PUT", f"{holder}/metadata/tier", body).status_code == 422
    assert tenant.call("GET", f"{holder}/metadata").json()["data"] == []


@pytest.mark.parametrize("text", ["", "{", '{"value": NaN}', '{"value": 1, "value": 2}'])
def test_a_body_that_is_not_json_is_refused(tenant: Tenant, holder: str, text: str) -> None:
    path = f"/api/workspaces/{tenant.id}{holder}/metadata/tier"
    headers = {
        "authorization": f"Bearer {tenant.admin_key}",
        "content-type": "application/json",
    }
    answer = tenant.running.http.request("PUT", path, content=text.encode(), headers=headers)
    assert answer.status_code in (400, 422)
    assert tenant.call("GET", f"{holder}/metadata").json()["data"] == []


def nested(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


def test_a_value_is_bounded_in_length_and_depth_when_it_is_put(tenant: Tenant, holder: str) -> None:
    longest = tenant.running.application.services.metadata.longest_value
    path = f"{holder}/metadata/ingest_context"
    for fits in ("é" * ((longest - 2) // 2), nested(32), [{}] * (longest // 3 - 1)):
        assert tenant.call("PUT", path, {"value": fits}).status_code == 200
    tenant.call("PUT", path, {"value": "kept"})
    for too_much in ("é" * (longest // 2), nested(33)):
        answer = tenant.call("PUT", path, {"value": too_much})
        assert (answer.status_code, answer.json()["field"]) == (422, "value")
    assert tenant.call("PUT", path, {"value": nested(500)}).status_code in (400, 422)
    assert tenant.call("GET", path).json()["value"] == "kept"


@pytest.mark.parametrize("key", ["two words", "-first", "ünder", "a" * 129])
def test_a_key_is_a_name(tenant: Tenant, holder: str, key: str) -> None:
    answer = tenant.call("PUT", f"{holder}/metadata/{key}", {"value": 1})
    assert (answer.status_code, answer.json()["field"]) == (422, "key")


def test_nothing_is_created_for_whoever_is_unknown_here(tenant: Tenant) -> None:
    other = Tenant(tenant.running)
    other.person("bob@example.com")
    for path in (
        "/end-users/nobody@example.com",
        "/end-users/bob@example.com",
        f"/end-users/{tenant.admin.id}",
        "/clients/nobody",
        f"/clients/{other.client()[0]}",
    ):
        for method, body in (("GET", None), ("PUT", {"value": 1}), ("DELETE", None)):
            answer = tenant.call(method, f"{path}/metadata/tier", body)
            assert answer.status_code == 404, (method, path)
    with tenant.running.database.read() as tx:
        assert principals.get(tx, "nobody") is None


def test_a_machine_with_the_scope_writes_as_well_as_an_administrator(
    tenant: Tenant, holder: str
) -> None:
    id, secret = tenant.client(ClientType.CLIENT_CREDENTIALS, "iotman:metadata:update")
    worker = tenant.access_token(id, secret)
    path = f"{holder}/metadata/ingest_context"
    assert tenant.call("PUT", path, {"value": 7}, bearer=worker).status_code == 200
    assert tenant.call("GET", path, bearer=worker).json()["missing"] == ["iotman:metadata:read"]
    assert tenant.call("GET", path).json()["value"] == 7


def test_the_audit_log_has_the_values_before_and_after(tenant: Tenant, holder: str) -> None:
    path = f"{holder}/metadata/tier"
    for value in (None, "gold"):
        tenant.call("PUT", path, {"value": value})
    tenant.call("DELETE", path)
    with tenant.running.database.read() as tx:
        events = audit.page(tx, tenant.id, window=Window()).items
    assert [(e.operation, e.details) for e in reversed(events)] == [
        ("metadata:update", {"key": "tier", "before": {}, "after": {"value": None}}),
        ("metadata:update", {"key": "tier", "before": {"value": None}, "after": {"value": "gold"}}),
        ("metadata:delete", {"key": "tier", "before": {"value": "gold"}}),
    ]
