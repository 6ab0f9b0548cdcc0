"""What is presented, at every route alike: nothing, junk, what is another's, what is too old."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from scopewright.api.routes import ROUTES, Route
from scopewright.core.model import Principal
from scopewright.ids import new_id
from scopewright.store import schema
from tests.api.browsers import signed_in
from tests.inprocess import Tenant

PROTECTED = [
    route
    for route in ROUTES
    if "{ws}" in route.path or route.path in ("/api/whoami", "/api/launchpad", "/api/workspaces")
]
CHANGING = [route for route in PROTECTED if route.method != "GET"]
BAD_BODIES: list[tuple[dict[str, Any], str]] = [
    ({"scopes": []}, "scopes"),
    ({"scopes": ["no:such"]}, "scopes"),
    ({"scopes": ["inherit", "a"]}, "scopes"),
    ({"scopes": ["a"] * 1001}, "scopes"),
    ({"expires_in": 0}, "expires_in"),
    ({"expires_in": -1}, "expires_in"),
    ({"expires_in": 10**18}, "expires_in"),
    ({"note": "x" * 256}, "note"),
    ({"note": "x" * 100_000}, "note"),
    ({"tags": ["x"]}, "tags"),
]


@pytest.fixture
def ann(tenant: Tenant) -> Principal:
    """An end-user who holds a scope."""
    tenant.define("a")
    person = tenant.person(f"{new_id('ann')}@example.com")
    tenant.grant(person, "a")
    return person


def path_of(tenant: Tenant, route: Route) -> str:
    """The route's path in this workspace, with names that are there nowhere."""
    return re.sub(r"\{\w+(:path)?\}", "nothing", route.path.replace("{ws}", tenant.id))


def everything(tenant: Tenant) -> dict[str, int]:
    """How many rows each table has."""
    with tenant.running.database.read() as tx:
        return {
            table.name: int(tx.scalar(select(func.count()).select_from(table)))
            for table in schema.metadata.sorted_tables
        }


def test_every_route_refuses_whoever_presents_nothing_or_nothing_good(tenant: Tenant) -> None:
    stranger, good = Tenant(tenant.running).admin_key, tenant.admin_key
    before = everything(tenant)
    bad = [None, "Bearer junk", f"Bearer {good[:-1]}", f"Apikey {good[:30]}", f"Basic {good}", good]
    for route in PROTECTED:
        foreign = [f"Bearer {stranger}"] if "{ws}" in route.path else []
        told = set()
        for presented in [*bad, *foreign]:
            headers = {} if presented is None else {"authorization": presented}
            answer = tenant.running.http.request(
                route.method, path_of(tenant, route), headers=headers
            )
            assert answer.status_code == 401, (route.method, route.path, presented)
            assert answer.headers["www-authenticate"].startswith("Bearer ")
            told.add(answer.json()["detail"])
        assert len(told) == 3  # nothing; a scheme that is not taken; nothing good
    assert everything(tenant) == before


def test_every_changing_route_refuses_a_cookie_without_its_anti_forgery_token(
    tenant: Tenant,
) -> None:
    browser = signed_in(tenant.running, "admin@example.com")
    other = signed_in(tenant.running, "admin@example.com")["x-anti-forgery"]
    cookie = {"cookie": browser["cookie"]}
    forged = [
        cookie,
        cookie | {"x-anti-forgery": ""},
        cookie | {"x-anti-forgery": other},
        browser | {"origin": "https://evil.example"},
    ]
    before = everything(tenant)
    for route in CHANGING:
        for headers in forged:
            answer = tenant.running.http.request(
                route.method, path_of(tenant, route), headers=headers
            )
            assert answer.status_code == 403, (route.method, route.path)
    assert everything(tenant) == before
    assert len(CHANGING) > 50


@pytest.mark.parametrize(("body", "field"), BAD_BODIES)
def test_what_a_key_cannot_be_is_refused_for_others_too(
    tenant: Tenant, ann: Principal, body: dict[str, Any], field: str
) -> None:
    path = f"/principals/{ann.id}/api-keys"
    answer = tenant.call("POST", path, body)
    assert answer.status_code == 422
    assert answer.json()["field"].partition(".")[0] == field
    assert len(answer.text) < 1000
    assert tenant.call("GET", path).json()["data"] == []


def test_only_a_good_token_that_is_too_old_is_told_so(tenant: Tenant) -> None:
    id, secret = tenant.client()
    token, other = tenant.access_token(id, secret), Tenant(tenant.running)
    key = tenant.call("POST", "/api-keys", {"expires_in": 60}).json()["secret"]
    tenant.running.clock.advance(hours=1)
    asked = {"authorization": f"Bearer {token}"}
    for path in (f"/api/workspaces/{tenant.id}/scopes", "/api/whoami", "/api/launchpad"):
        answer = tenant.running.http.request("GET", path, headers=asked)
        assert (answer.status_code, answer.json()["expired"]) == (401, True)
        assert 'error_description="The access token' in answer.headers["www-authenticate"]
    elsewhere = other.call("GET", "/scopes", bearer=token)
    nowhere = tenant.running.http.request("GET", "/api/workspaces/none/scopes", headers=asked)
    assert (nowhere.status_code, nowhere.text) == (401, elsewhere.text)  # nor is a name given away
    forged = tenant.call("GET", "/scopes", bearer=f"{token[:-8]}{token[-8:].swapcase()}")
    for answer in (elsewhere, forged, tenant.call("GET", "/scopes", bearer=key)):
        assert answer.status_code == 401
        assert "expired" not in answer.text + answer.headers["www-authenticate"]
    tenant.running.clock.advance(seconds=timedelta(days=30).total_seconds())
    assert "expired" in tenant.call("GET", "/scopes", bearer=token).text


def test_nothing_that_the_api_answers_may_be_kept_by_a_cache(tenant: Tenant) -> None:
    """People's addresses, what they hold, and secrets that are shown once (RFC 9111 §5.2.2.5)."""
    key = tenant.call("POST", "/api-keys", {})
    client = {"name": "Pump", "type": "client_credentials"}
    answers = [
        key,
        tenant.call("POST", f"/api-keys/{key.json()['id']}/rotate", {"overlap": 0}),
        tenant.call("POST", "/clients", client),
        tenant.call("POST", "/clients?dry_run=true", client),
        tenant.call("DELETE", f"/principals/{tenant.person('ann@example.com').id}"),
        *(tenant.call("GET", path) for path in ("", "/members", "/principals/me", "/audit")),
    ]
    for answer in answers:
        assert answer.is_success, answer.text
        assert answer.headers["cache-control"] == "no-store"
