"""Lists over HTTP that are sought through and sorted: by named columns only, page after page."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from scopewright.core.model import ClientType, PrincipalKind
from tests.inprocess import Tenant

SORTS = {
    "/end-users": ["email", "created_at"],
    "/clients": ["name", "created_at"],
    "/members": ["email", "created_at"],
    "/principals": ["name", "created_at"],
    "/sessions": ["created_at"],
    "/api-keys": ["note", "created_at"],
    "/scopes": ["name"],
    "/roles": ["name"],
}
NAMES = ["bea", "Ann", "zoe", "dan", "eve"]


@pytest.fixture
def filled(tenant: Tenant) -> Tenant:
    phone = tenant.client(ClientType.PKCE)[0]
    for name in NAMES:
        person = tenant.person(f"{name}@example.com")
        member = tenant.person(f"{name}@work.example", kind=PrincipalKind.MEMBER)
        tenant.assign(member, "iotman:viewer")
        tenant.session(person, phone)
        tenant.define(f"{name}:read")
        tenant.role(name)
        tenant.call("POST", "/api-keys", {"note": name})
        tenant.call("POST", "/clients", {"name": name, "type": "client_credentials"})
    return tenant


def walked(tenant: Tenant, path: str, **query: Any) -> list[dict[str, Any]]:
    """Every row, page after page."""
    rows: list[dict[str, Any]] = []
    while True:
        answer = tenant.call("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        rows += answer.json()["data"]
        if answer.json()["next_page"] is None:
            return rows
        query = dict(httpx.URL(answer.json()["next_page"]).params)


@pytest.mark.parametrize("path", SORTS)
def test_every_sort_of_every_list_gives_each_once_in_order(filled: Tenant, path: str) -> None:
    whole = walked(filled, path)
    for column in SORTS[path]:
        for way, limit in (("", 2), ("-", 3)):
            rows = walked(filled, path, sort=f"{way}{column}", limit=limit)
            values = [row[column] for row in rows]
            assert values == sorted(values, reverse=bool(way))
            assert sorted(map(repr, rows)) == sorted(map(repr, whole))


@pytest.mark.parametrize("path", SORTS)
def test_what_no_list_is_sorted_by_is_refused_with_what_it_is(filled: Tenant, path: str) -> None:
    for sort in ("id", "secret_hash", "--name", "-", "name,created_at"):
        answer = filled.call("GET", path, params={"sort": sort})
        assert (answer.status_code, answer.json()["field"]) == (422, "sort")
        assert all(column in answer.json()["detail"] for column in SORTS[path])


@pytest.mark.parametrize("path", SORTS)
def test_a_list_is_sought_through_by_how_names_begin(filled: Tenant, path: str) -> None:
    whole = walked(filled, path)
    for q in ("An", "d", "zoe", "nobody", "%", "_"):
        found = walked(filled, path, q=q, limit=1)
        wanted = [row for row in whole if _called(row, path).startswith((q, q.lower()))]
        assert [_called(row, path) for row in found] == [_called(row, path) for row in wanted]
    both = walked(filled, path, q="", sort=SORTS[path][0])
    assert len(both) == len(whole)


def _called(row: dict[str, Any], path: str) -> str:
    if path == "/sessions":
        return str(row["principal"]["label"])
    return str(row.get("email") or row.get("note") or row.get("name") or "")


def test_the_audit_log_is_sought_through_by_what_was_done_and_by_whom(tenant: Tenant) -> None:
    other = tenant.person("other@example.com", kind=PrincipalKind.MEMBER)
    tenant.assign(other, "iotman:admin")
    tenant.call("POST", "/scopes", {"name": "a"})
    tenant.running.clock.advance(minutes=1)
    between = tenant.running.clock()
    tenant.call("POST", "/scopes", {"name": "b"}, bearer=tenant.key(other))
    tenant.call("DELETE", "/scopes/b")
    seen = {
        name: [(row["operation"], row["actor"]) for row in walked(tenant, "/audit", **query)]
        for name, query in {
            "made": {"operation": "scopes:create"},
            "by address": {"actor": "other@example.com"},
            "by id": {"actor": other.id, "operation": "scopes:create", "limit": 1},
            "since": {"from": between.isoformat()},
            "before": {"to": between.isoformat()},
            "nobody": {"actor": "nothing"},
        }.items()
    }
    by_other, by_admin = ("scopes:create", other.id), ("scopes:create", tenant.admin.id)
    assert seen == {
        "made": [by_other, by_admin],
        "by address": [by_other],
        "by id": [by_other],
        "since": [("scopes:delete", tenant.admin.id), by_other],
        "before": [by_admin],
        "nobody": [],
    }
    answer = tenant.call("GET", "/audit", params={"actor": "nobody@example.com"})
    assert answer.status_code == 404


def test_a_cursor_of_another_list_is_refused(filled: Tenant) -> None:
    for path in ("/end-users", "/clients", "/scopes"):
        answer = filled.call("GET", path, params={"sort": "-" + SORTS[path][0], "cursor": "zoe"})
        assert (answer.status_code, answer.json()["field"]) == (422, "cursor")
