"""Dangerous operations: a browser must have signed in lately, tokens and keys are not asked."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from scopewright.api.routes import ROUTES, WORKSPACE, Route
from scopewright.core.model import ClientType, PrincipalKind
from tests.api.browsers import signed_in
from tests.api.fuzz.world import OUTSIDE_KEYS, World
from tests.api.test_rehearsal import everything
from tests.inprocess import Running, Tenant

IN_USE = ("/scopes/", "/roles/", "/applications/")
FRESH_FOR = timedelta(days=30)  # as `tests/inprocess.py` sets it
LATELY, LONG_AGO = FRESH_FOR, FRESH_FOR + timedelta(seconds=1)
DANGEROUS = [route for route in ROUTES if route.dangerous]
BODIES: dict[str, Any] = {
    "PATCH ": {"policy": {"client_registration": "token"}},
    "POST /members": {"email": "new@example.com", "role": "admin"},
    "PATCH /members/{email}": {"role": "admin"},
    "POST /invitations": {"email": "other@example.com", "role": "admin"},
    "PUT /role-mappings/{include}": {"role": "iotman:editor"},
    "POST /clients": {"name": "Pump", "type": "client_credentials"},
    "PATCH /clients/{id}": {"name": "Other"},
    "POST /trusted-issuers": {
        "issuer": "https://elsewhere.example", "audience": "here", "jwks": OUTSIDE_KEYS,
    },
    "PATCH /trusted-issuers/{id}": {"audience": "there"},
}  # fmt: skip


def named(route: Route) -> str:
    return f"{route.method} {route.path.removeprefix(WORKSPACE)}"


[A_CLIENT] = [route for route in DANGEROUS if named(route) == "DELETE /clients/{id}"]


@pytest.fixture
def world(inside_sqlite: Running) -> World:
    return World(inside_sqlite)


def ask(world: World, route: Route, headers: dict[str, str], **query: str) -> httpx.Response:
    """The call with something behind its path, and a good body."""
    values, path = world.values(route.path)[0], route.path.removeprefix(WORKSPACE)
    body = BODIES.get(named(route), None if route.method == "DELETE" else {})
    if route.path.endswith("/trusted-issuers"):
        rules = [{"claims": {"repository": "acme/site"}, "client_id": world.machine}]
        body = {**body, "rules": rules}
    if path == "/datapoints":
        query["endpoint"] = world.endpoint_id
    if route.method == "DELETE" and any(noun in path for noun in IN_USE):
        query["force"] = "true"
    url = f"/api/workspaces/{world.tenant.id}{path.format(**values)}"
    sent = {} if body is None else {"json": body}
    http = world.tenant.running.http
    return http.request(route.method, url, params=query, headers=headers, **sent)


@pytest.mark.parametrize("route", DANGEROUS, ids=named)
def test_an_old_sign_in_is_refused_and_writes_nothing_where_one_of_lately_is_enough(
    world: World, route: Route
) -> None:
    tenant = world.tenant
    old = signed_in(tenant.running, tenant.admin.name, ago=LONG_AGO)
    ask(world, route, old)  # whatever it needs is there, and that the person was here is noted
    before = everything(tenant.running)
    refused = ask(world, route, old)
    assert refused.status_code == 401
    assert refused.json()["type"].endswith("/problems/sign-in-too-old")
    assert everything(tenant.running) == before
    fresh = signed_in(tenant.running, tenant.admin.name, ago=LATELY)
    done = ask(world, route, fresh)
    assert done.status_code in (route.status, route.also), done.text


def test_the_refusal_says_what_to_do_in_words_and_for_programs(world: World) -> None:
    old = signed_in(world.tenant.running, world.tenant.admin.name, ago=LONG_AGO)
    answer = ask(world, A_CLIENT, old)
    assert answer.json()["max_age"] == FRESH_FOR.total_seconds()
    assert "sign in again" in answer.json()["detail"]
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith('Bearer realm="scopewright", ')
    assert 'error="insufficient_user_authentication"' in challenge
    assert 'max_age="2592000"' in challenge


def test_a_key_is_not_asked(world: World) -> None:
    bearer = {"authorization": f"Bearer {world.tenant.admin_key}"}
    assert ask(world, A_CLIENT, bearer).status_code == 204


def test_a_token_is_not_asked(tenant: Tenant) -> None:
    machine = tenant.client(ClientType.CLIENT_CREDENTIALS, "iotman:clients:create")
    made = tenant.call(
        "POST", "/clients", BODIES["POST /clients"], bearer=tenant.access_token(*machine)
    )
    assert made.status_code == 201


def test_what_is_not_dangerous_is_open_to_an_old_sign_in(tenant: Tenant) -> None:
    old = signed_in(tenant.running, tenant.admin.name, ago=LONG_AGO)
    url = f"/api/workspaces/{tenant.id}/scopes"
    for method, sent in (("GET", {}), ("POST", {"json": {"name": "sensor:read"}})):
        assert tenant.running.http.request(method, url, headers=old, **sent).is_success


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/end-users/ann@example.com/scopes", {"scope": "SCOPE"}),
        ("POST", "/end-users", {"email": "new@example.com", "scopes": ["SCOPE"]}),
        ("POST", "/roles", {"name": "helper", "scopes": ["SCOPE"]}),
        ("PATCH", "/scopes/sensor:write", {"implies": ["SCOPE"]}),
    ],
)
def test_whatever_gives_a_guarded_scope_is_dangerous_and_any_other_is_given(
    tenant: Tenant, method: str, path: str, body: Any
) -> None:
    tenant.define("sensor:read", "sensor:write")
    tenant.person("ann@example.com")
    old = signed_in(tenant.running, tenant.admin.name, ago=LONG_AGO)

    def give(scope: str) -> httpx.Response:
        said = json.loads(json.dumps(body).replace("SCOPE", scope))
        if path == "/end-users" and scope.startswith("iotman:"):
            said["internal_scopes"] = said.pop("scopes")
        url = f"/api/workspaces/{tenant.id}{path}"
        return tenant.running.http.request(method, url, headers=old, json=said)

    refused = give("iotman:scopes:read")
    assert (refused.status_code, refused.json()["title"]) == (401, "Sign in again first")
    done = give("sensor:read")
    assert done.is_success, done.text


def test_whoever_may_not_do_it_is_told_that_first(tenant: Tenant) -> None:
    viewer = tenant.person("viewer@example.com", kind=PrincipalKind.MEMBER)
    tenant.assign(viewer, "iotman:viewer")
    old = signed_in(tenant.running, viewer.name, ago=LONG_AGO)
    url = f"/api/workspaces/{tenant.id}/members"
    answer = tenant.running.http.request("POST", url, headers=old, json={})
    assert answer.json()["missing"] == ["iotman:members:create"]


def test_a_rehearsal_tells_the_numbers_and_that_the_change_needs_a_new_sign_in(
    world: World,
) -> None:
    tenant = world.tenant
    told = {"clients": {"removed": 1}, "grants": {"removed": 1}, "metadata": {"removed": 1}}
    old = signed_in(tenant.running, tenant.admin.name, ago=LONG_AGO)
    fresh = signed_in(tenant.running, tenant.admin.name)
    answer = ask(world, A_CLIENT, old, dry_run="true")
    assert answer.status_code == 200
    assert answer.json() == {"changes": told, "sign_in_again": True}
    assert ask(world, A_CLIENT, fresh, dry_run="true").json() == {"changes": told}


def test_the_document_of_the_api_marks_them(tenant: Tenant) -> None:
    document = tenant.running.http.request("GET", "/openapi.json").json()
    marked = {
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation.get("x-fresh-sign-in")
    }
    assert marked == {(route.method, route.path) for route in DANGEROUS}
