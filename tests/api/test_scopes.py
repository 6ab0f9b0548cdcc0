"""Scopes over HTTP: what they imply, and what stands against deleting them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.inprocess import Tenant


def define(tenant: Tenant, name: str, *implies: str) -> Any:
    answer = tenant.call("POST", "/scopes", {"name": name, "implies": list(implies)})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_whoever_holds_a_scope_holds_what_it_implies_and_no_less(tenant: Tenant) -> None:
    tenant.define("a:r")
    assert define(tenant, "a:w", "a:r")["implies"] == ["a:r"]
    ann, bob = tenant.person("ann@example.com"), tenant.person("bob@example.com")
    tenant.grant(ann, "a:w")
    tenant.grant(bob, "a:r")
    assert (tenant.held_by(ann), tenant.held_by(bob)) == ({"a:w", "a:r"}, {"a:r"})


def test_a_change_leaves_what_it_does_not_name(tenant: Tenant) -> None:
    tenant.define("a:r")
    body = {"name": "a:w", "description": "Write.", "implies": ["a:r"]}
    assert tenant.call("POST", "/scopes", body).json()["description"] == "Write."
    assert tenant.call("PATCH", "/scopes/a:w", {}).json()["implies"] == ["a:r"]
    changed = tenant.call("PATCH", "/scopes/a:w", {"implies": []}).json()
    assert (changed["description"], changed["implies"]) == ("Write.", [])
    changed = tenant.call("PATCH", "/scopes/a:w", {"description": ""}).json()
    assert (changed["description"], changed["implies"]) == ("", [])
    assert tenant.call("GET", "/scopes/a:w").json() == changed


@pytest.mark.parametrize(
    ("implies", "status", "fact"),
    [
        (["gone"], 422, {"field": "implies"}),
        (["one"], 409, {"conflict": ["one", "one"]}),
        (["three"], 409, {"conflict": ["one", "three", "two", "one"]}),
        (["x"] * 1001, 422, {"field": "implies"}),
    ],
)
def test_what_a_scope_may_not_imply_is_refused(
    tenant: Tenant, implies: list[str], status: int, fact: dict[str, Any]
) -> None:
    tenant.define("one")
    define(tenant, "two", "one")
    define(tenant, "three", "two")
    answer = tenant.call("PATCH", "/scopes/one", {"implies": implies})
    assert answer.status_code == status
    assert fact.items() <= answer.json().items()
    assert tenant.call("GET", "/scopes/one").json()["implies"] == []


def test_nobody_makes_a_scope_imply_what_they_do_not_hold(tenant: Tenant) -> None:
    tenant.define("mine")
    narrow = tenant.key_with("iotman:scopes:create", "iotman:scopes:update")
    for method, path in (("POST", "/scopes"), ("PATCH", "/scopes/mine")):
        body: dict[str, Any] = {"implies": ["iotman:keys:rotate", "iotman:scopes:create"]}
        body |= {"name": "new"} if method == "POST" else {}
        answer = tenant.call(method, path, body, bearer=narrow)
        assert (answer.status_code, answer.json()["missing"]) == (403, ["iotman:keys:rotate"])
    assert tenant.call("PATCH", "/scopes/mine", body | {"name": None}).status_code == 422
    given = {"implies": ["iotman:keys:rotate"]}
    assert tenant.call("PATCH", "/scopes/mine", given).status_code == 200
    less = {"implies": ["iotman:keys:rotate"], "description": "Mine."}
    assert tenant.call("PATCH", "/scopes/mine", less, bearer=narrow).status_code == 200


def test_deleting_a_scope_in_use_names_roles_scopes_routes_and_all_that_demands_it(
    tenant: Tenant,
) -> None:
    tenant.define("a:r")
    define(tenant, "a:w", "a:r")
    tenant.role("reader", "a:r")
    tenant.call("POST", "/endpoints", {"name": "Field", "write_scope": "a:r"})
    tenant.call("POST", "/exports", {"name": "Readings", "required_scope": "a:r"})
    tenant.call("POST", "/applications", {"name": "viewer"})
    route = {"host": "viewer.example", "path": "/data/**", "scopes": ["a:r"]}
    assert tenant.call("POST", "/applications/viewer/routes", route).is_success
    ann = tenant.person("ann@example.com")
    tenant.grant(ann, "a:r")
    problem = tenant.call("DELETE", "/scopes/a:r")
    assert problem.status_code == 409
    assert problem.json()["conflict"] == [
        "endpoint Field",
        "export Readings",
        "role reader",
        "route viewer: viewer.example/data/**",
        "scope a:w",
        "end-user ann@example.com",
    ]
    assert tenant.call("DELETE", "/scopes/a:r?force=true").status_code == 204
    assert tenant.call("GET", "/roles/reader").json()["scopes"] == []
    assert tenant.call("GET", "/scopes/a:w").json()["implies"] == []
    assert tenant.held_by(ann) == frozenset()
    tenant.define("a:r")  # a new one of the name is in no role, and nobody's
    assert tenant.held_by(ann) == frozenset()
    assert tenant.call("GET", "/roles/reader").json()["effective"] == []


def test_grants_alone_go_with_their_scope(tenant: Tenant) -> None:
    tenant.define("a:r")
    ann = tenant.person("ann@example.com")
    tenant.grant(ann, "a:r")
    assert tenant.call("DELETE", "/scopes/a:r").status_code == 204
    assert tenant.call("GET", f"/end-users/{ann.name}/scopes").json()["data"] == []
