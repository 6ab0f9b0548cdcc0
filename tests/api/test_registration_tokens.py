"""Initial access tokens over HTTP: made, listed, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from scopewright.core.oauth import hash_secret
from scopewright.store import audit, registration_tokens
from scopewright.store.pages import Window
from tests.inprocess import REDIRECT_URI, Tenant

PATH = "/registration-tokens"
APP = {"redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "none"}


def made(tenant: Tenant, **body: Any) -> dict[str, Any]:
    answer = tenant.call("POST", PATH, body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def register(tenant: Tenant, token: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"}
    return tenant.running.http.request(
        "POST", f"/w/{tenant.id}/register", json=APP, headers=headers
    )


def test_a_token_is_shown_once_and_kept_as_its_hash(tenant: Tenant) -> None:
    token = made(tenant, note="for the gateway")
    secret = token.pop("token")
    assert token["note"] == "for the gateway"
    assert token["created_by"] == tenant.admin.id
    assert tenant.call("GET", PATH).json() == {"data": [token], "next_page": None}
    now = tenant.running.clock()
    with tenant.running.database.read() as tx:
        kept = registration_tokens.by_hash(tx, hash_secret(secret), now=now)
        logged = str(audit.page(tx, tenant.id, window=Window()).items)
    assert kept is not None
    assert kept.id == token["id"]
    assert kept.expires_at - now == timedelta(days=1)
    assert secret not in logged
    assert "registration-tokens:create" in logged


def test_a_token_lets_clients_register_until_it_expires_or_is_revoked(tenant: Tenant) -> None:
    short, long = made(tenant, expires_in=60), made(tenant, expires_in=90 * 86_400)
    assert register(tenant, short["token"]).status_code == 201
    tenant.running.clock.advance(seconds=60)
    assert register(tenant, short["token"]).status_code == 401
    assert register(tenant, long["token"]).status_code == 201
    [listed] = tenant.call("GET", PATH).json()["data"]
    assert listed["id"] == long["id"]
    assert tenant.call("DELETE", f"{PATH}/{long['id']}").status_code == 204
    assert register(tenant, long["token"]).status_code == 401
    assert tenant.call("DELETE", f"{PATH}/{long['id']}").status_code == 404


def test_what_registered_stays_and_is_a_client_like_others(tenant: Tenant) -> None:
    token = made(tenant)
    client_id = register(tenant, token["token"]).json()["client_id"]
    tenant.call("DELETE", f"{PATH}/{token['id']}")
    shown = tenant.call("GET", f"/clients/{client_id}").json()
    assert shown["registration"] == {"token_endpoint_auth_method": "none"}
    assert shown["scope_default"] == "none"
    assert tenant.call("PATCH", f"/clients/{client_id}", {"name": "Editor"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"expires_in": 0}, "expires_in"),
        ({"expires_in": 90 * 86_400 + 1}, "expires_in"),
        ({"expires_in": "60"}, "expires_in"),
        ({"note": "x" * 1001}, "note"),
        ({"note": 1}, "note"),
        ({"scope": "x"}, "scope"),
    ],
)
def test_a_body_out_of_bounds_is_refused(tenant: Tenant, body: dict[str, Any], field: str) -> None:
    answer = tenant.call("POST", PATH, body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert tenant.call("GET", PATH).json()["data"] == []


@pytest.mark.parametrize(
    ("method", "suffix", "scope"),
    [
        ("GET", "", "iotman:clients:read"),
        ("POST", "", "iotman:clients:create"),
        ("DELETE", "/{id}", "iotman:clients:delete"),
    ],
)
def test_the_scopes_about_clients_open_it(
    tenant: Tenant, method: str, suffix: str, scope: str
) -> None:
    path = PATH + suffix.format(id=made(tenant)["id"])
    body = {} if method == "POST" else None
    others = [f"iotman:clients:{action}" for action in ("read", "create", "update", "delete")]
    others.remove(scope)
    refused = tenant.call(method, path, body, bearer=tenant.key_with(*others))
    assert (refused.status_code, refused.json()["missing"]) == (403, [scope])
    assert tenant.call(method, path, body, bearer=tenant.key_with(scope)).is_success


def test_tokens_of_another_workspace_are_not_there(tenant: Tenant) -> None:
    other = Tenant(tenant.running)
    token = made(other)
    assert tenant.call("DELETE", f"{PATH}/{token['id']}").status_code == 404
    assert tenant.call("GET", PATH).json()["data"] == []
    assert register(tenant, token["token"]).status_code == 401
    assert register(other, token["token"]).status_code == 201
