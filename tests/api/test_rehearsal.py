"""`?dry_run=true`: the numbers that it tells are what then happens, and nothing happens by it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, select

from scopewright.api.rehearsal import can_be_rehearsed
from scopewright.api.routes import ROUTES, WORKSPACE, Route
from scopewright.core.model import ClientType, PrincipalKind
from scopewright.store import schema
from tests import tallied
from tests.api.fuzz.world import SCOPE, World
from tests.api.plane import Plane
from tests.inprocess import Running, Tenant
from tests.tallied import Seen, difference

DESTROYING = [
    route
    for route in ROUTES
    if can_be_rehearsed(route)
    and (route.method == "DELETE" or route.path.endswith(("/disable", "/sign-out")))
    and not route.path.endswith("/api-keys/current")  # the administrator's own, below
]


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def everything(running: Running) -> dict[str, list[Any]]:
    """Every row of every table."""
    with running.database.read() as tx:
        return {
            name: sorted(map(repr, tx.all(select(table))))
            for name, table in schema.metadata.tables.items()
        }


def seen(tenant: Tenant) -> Seen:
    """What people see in a workspace."""
    return tallied.seen(tenant.running.database, tenant.id, now=tenant.running.clock())


def fill(tenant: Tenant, principal: str) -> None:
    """Let somebody have some of everything."""
    phone, key = tenant.client(ClientType.PKCE)[0], tenant.key(principal)
    tenant.grant(principal, SCOPE, "iotman:scopes:read", "iotman:own-api-keys:create")
    tenant.session(principal, phone)
    tenant.session(principal, phone)
    tenant.consent(principal, phone)
    tenant.group("Everybody", principal)
    tenant.call("POST", "/api-keys", {}, bearer=key)  # made by a key, so it goes with it
    Plane(tenant).attach(principal, "site", 1)


@contextmanager
def statements_of(running: Running) -> Iterator[list[str]]:
    """What the database is asked within."""
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        said.append(statement)

    event.listen(running.database.engine, "before_cursor_execute", note)
    yield said
    event.remove(running.database.engine, "before_cursor_execute", note)


@pytest.fixture
def world(inside: Running) -> World:
    return World(inside)


@pytest.mark.parametrize("route", DESTROYING, ids=named)
def test_the_numbers_that_are_told_first_are_what_then_happens(route: Route, world: World) -> None:
    tenant, (values, *_) = world.tenant, world.values(route.path)
    query = {"force": "true"} if route.path.endswith(("/scopes/{name}", "/roles/{name}")) else {}
    if "/applications/{name}" in route.path and "/routes/" not in route.path:
        query = {"force": "true"}
    if route.path.endswith("/datapoints"):
        endpoint = Plane(tenant).endpoint()
        Plane(tenant).post(endpoint["url_path"], [{}] * 7, bearer=tenant.admin_key)
        query = {"endpoint": endpoint["id"]}
    if route.path.endswith("/principals/me/sign-out"):
        tenant.session(tenant.admin, world.machine)
    if any(part in route.path for part in ("/principals/{id}", "/members/", "/end-users/")):
        person = values.get("id") or values["email"]
        fill(tenant, tenant.call("GET", f"/principals/{person}").json()["id"])
    if "/clients/{id}" in route.path:
        for _ in range(3):
            tenant.session(tenant.person(f"p-{_}@example.com"), values["id"])
    path = route.path.removeprefix(WORKSPACE).format(**values)
    before = everything(tenant.running)
    rehearsed = tenant.call(route.method, path, params={**query, "dry_run": "true"})
    assert rehearsed.status_code == 200, rehearsed.text
    assert everything(tenant.running) == before
    there = seen(tenant)
    done = tenant.call(route.method, path, params=query)
    assert done.status_code == route.status, done.text
    assert rehearsed.json()["changes"] == difference(there, seen(tenant))


def test_what_comes_in_the_place_of_another_is_told_as_both(tenant: Tenant) -> None:
    member = tenant.person("ann@example.com", kind=PrincipalKind.MEMBER)
    tenant.assign(member, "iotman:viewer")
    path, body = f"/members/{member.name}", {"role": "editor"}
    told = tenant.call("PATCH", path, body, params={"dry_run": "true"}).json()["changes"]
    assert told == {"assignments": {"added": 1, "removed": 1}}
    tenant.call("POST", "/members", {"email": "new@example.com", "role": "viewer"})
    again = {"email": "new@example.com", "role": "editor"}
    told = tenant.call("POST", "/members", again, params={"dry_run": "true"}).json()["changes"]
    assert told == {"invitations": {"added": 1, "removed": 1}}


def test_a_whole_workspace_goes_with_its_numbers(inside: Running) -> None:
    tenant = Tenant(inside)
    Tenant(inside)  # or it would be the administrator's only one
    fill(tenant, tenant.person("ann@example.com").id)
    endpoint = Plane(tenant).endpoint()
    Plane(tenant).post(endpoint["url_path"], [{}] * 7, bearer=tenant.admin_key)
    before, there = everything(inside), seen(tenant)
    told = tenant.call("DELETE", "", params={"dry_run": "true"}).json()["changes"]
    assert everything(inside) == before
    assert tenant.call("DELETE", "").status_code == 204
    assert told == difference(there, seen(tenant))
    assert told["datapoints"] == {"removed": 7}
    assert told["sessions"] == {"ended": 2}


def test_what_many_may_have_is_counted_and_not_moved(tenant: Tenant) -> None:
    tenant.define(SCOPE)
    tenant.role("crew", SCOPE)
    for number in range(3):
        person = tenant.person(f"p-{number}@example.com")
        tenant.grant(person, SCOPE)
        tenant.assign(person, "crew")
    for path, noun in ((f"/scopes/{SCOPE}", "grants"), ("/roles/crew", "assignments")):
        with statements_of(tenant.running) as said:
            query = {"force": "true", "dry_run": "true"}
            told = tenant.call("DELETE", path, params=query).json()["changes"]
        assert told == {noun: {"removed": 3}, path.split("/")[1]: {"removed": 1}}
        assert not [
            one for one in said if one.startswith(("INSERT INTO taken_", f"DELETE FROM {noun}"))
        ]


def test_only_what_may_change_is_counted(tenant: Tenant) -> None:
    with statements_of(tenant.running) as said:
        tenant.call("POST", "/groups", {"name": "Everybody"}, params={"dry_run": "true"})
    counting = [one for one in said if "count(*)" in one]
    assert counting
    assert not [one for one in counting if "sessions" in one or "api_keys" in one]


def test_what_is_made_is_told_and_not_made(tenant: Tenant) -> None:
    before = everything(tenant.running)
    for path, body, told in (
        ("/scopes", {"name": "sensor:read"}, {"scopes": {"added": 1}}),
        ("/groups", {"name": "Everybody"}, {"groups": {"added": 1}}),
        ("/api-keys", {}, {"api-keys": {"added": 1}}),
        ("/clients", {"name": "Pump", "type": "client_credentials"}, {"clients": {"added": 1}}),
    ):
        answer = tenant.call("POST", path, body, params={"dry_run": "true"})
        assert answer.json() == {"changes": told}
        assert "secret" not in answer.text
    assert everything(tenant.running) == before


def test_no_letter_is_sent(tenant: Tenant) -> None:
    tenant.define("sensor:read")
    for path, body in (
        ("/members", {"email": "rehearsed@example.com", "role": "viewer"}),
        ("/end-users", {"email": "rehearsed@example.com", "scopes": ["sensor:read"]}),
    ):
        assert tenant.call("POST", path, body, params={"dry_run": "true"}).status_code == 200
        assert tenant.call("GET", f"{path}/rehearsed@example.com").status_code == 404
    tenant.call("POST", "/members", {"email": "real@example.com", "role": "viewer"})
    tenant.running.letters_to("real@example.com")
    time.sleep(0)  # letters go out in the order in which they were handed over
    with pytest.raises(AssertionError):
        tenant.running.letters_to("rehearsed@example.com", seconds=0)


def test_a_rehearsal_is_refused_as_the_call_would_be(tenant: Tenant) -> None:
    tenant.define("sensor:read")
    tenant.grant(tenant.person("ann@example.com"), "sensor:read")
    viewer = tenant.key_with("iotman:scopes:read")
    for method, path, body, bearer in (
        ("POST", "/scopes", {"name": "sensor:read"}, ""),
        ("POST", "/scopes", {"name": "two words"}, ""),
        ("DELETE", "/scopes/nothing", None, ""),
        ("DELETE", "/scopes/sensor:read", None, viewer),
        ("DELETE", f"/members/{tenant.admin.name}", None, ""),
        ("DELETE", "/scopes/sensor:read", None, None),
    ):
        rehearsed = tenant.call(method, path, body, bearer=bearer, params={"dry_run": "true"})
        real = tenant.call(method, path, body, bearer=bearer)
        assert rehearsed.status_code >= 400
        assert (rehearsed.status_code, rehearsed.json()) == (real.status_code, real.json())


def test_what_comes_after_a_rehearsal_is_kept_again(tenant: Tenant) -> None:
    tenant.call("POST", "/scopes", {"name": "sensor:read"}, params={"dry_run": "true"})
    assert tenant.call("POST", "/scopes", {"name": "sensor:read"}).status_code == 201
    said = tenant.call("POST", "/scopes", {"name": "b"}, params={"dry_run": "false"})
    assert said.status_code == 201
    assert len(tenant.call("GET", "/scopes").json()["data"]) == 2


def test_what_changes_nothing_has_no_rehearsal(tenant: Tenant) -> None:
    for method, path, body in (("GET", "/scopes", None), ("POST", "/preview", {})):
        answer = tenant.call(method, path, body, params={"dry_run": "true"})
        assert (answer.status_code, answer.json()["field"]) == (422, "dry_run")


def test_what_would_change_nothing_says_so(tenant: Tenant) -> None:
    person = tenant.person("ann@example.com", kind=PrincipalKind.END_USER)
    path, body = f"/end-users/{person.name}/scopes", {"scope": "iotman:scopes:read"}
    tenant.call("POST", path, body)
    assert tenant.call("POST", path, body, params={"dry_run": "true"}).json() == {"changes": {}}


def test_making_a_workspace_can_be_rehearsed(tenant: Tenant) -> None:
    running = tenant.running
    headers = {"authorization": f"Bearer {tenant.admin_key}"}
    before = everything(running)
    answer = running.http.request(
        "POST", "/api/workspaces", json={"name": "Another"}, headers=headers,
        params={"dry_run": "true"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert answer.json()["changes"]["workspaces"] == {"added": 1}
    assert everything(running) == before
