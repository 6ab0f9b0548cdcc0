"""Client metadata over HTTP: what members say about clients by the standards' names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scopewright.core.model import ChangeKind, ClientType
from scopewright.store import audit, clients, workspaces
from scopewright.store.pages import Window
from tests.inprocess import REDIRECT_URI, Tenant

KEY = {"kty": "EC", "crv": "P-256", "x": "x" * 43, "y": "y" * 43}
BY_KEYS = {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [KEY]}}
BY_URL = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://a.example/jwks"}


def machine(tenant: Tenant, **body: Any) -> dict[str, Any]:
    named = {"name": "Machine", "type": "client_credentials", **body}
    answer = tenant.call("POST", "/clients", named)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def change(tenant: Tenant, id: str, **registration: Any) -> dict[str, Any]:
    answer = tenant.call("PATCH", f"/clients/{id}", {"registration": registration})
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["registration"])


def test_a_plain_client_says_nothing(tenant: Tenant) -> None:
    made = machine(tenant)
    assert made["registration"] == {}
    assert made["document_url"] is None


def test_a_client_with_keys_has_no_secret(tenant: Tenant) -> None:
    made = machine(tenant, registration=BY_KEYS)
    assert made["registration"] == BY_KEYS
    assert "client_secret" not in made
    assert made["secrets"] == []


def test_members_that_are_named_change_and_null_takes_one_away(tenant: Tenant) -> None:
    id = machine(tenant, registration=BY_KEYS)["client_id"]
    more = {"dpop_bound_access_tokens": True, "contacts": ["ann@example.com"]}
    assert change(tenant, id, **more) == {**BY_KEYS, **more}
    assert change(tenant, id, contacts=None) == {**BY_KEYS, "dpop_bound_access_tokens": True}
    assert change(tenant, id, **BY_URL, jwks=None, dpop_bound_access_tokens=False) == BY_URL
    assert tenant.call("GET", f"/clients/{id}").json()["registration"] == BY_URL


@pytest.mark.parametrize(
    ("registration", "field"),
    [
        ({"client_name": "x"}, "registration.client_name"),
        ({"registration_access_token": "x"}, "registration.registration_access_token"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "jwks"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "none"}, "token_endpoint_auth_method"),
        ({"jwks": {"keys": [{**KEY, "d": "private"}]}}, "jwks"),
        ({"jwks_uri": "http://a.example/jwks"}, "jwks_uri"),
        ({"backchannel_logout_uri": "http://a.example/"}, "backchannel_logout_uri"),
        ({"require_auth_time": 1}, "require_auth_time"),
        ({"contacts": [["x"]]}, "contacts"),
        (["jwks"], "registration"),
    ],
    ids=str,
)
def test_what_cannot_be_kept_is_refused_by_name(
    tenant: Tenant, registration: Any, field: str
) -> None:
    id = machine(tenant)["client_id"]
    body = {"registration": registration}
    refused = [
        tenant.call("PATCH", f"/clients/{id}", body),
        tenant.call("POST", "/clients", {"name": "x", "type": "client_credentials", **body}),
    ]
    assert [(answer.status_code, answer.json()["field"]) for answer in refused] == [
        (422, field),
        (422, field),
    ]
    assert tenant.call("GET", f"/clients/{id}").json()["registration"] == {}


def test_a_public_client_does_not_prove_itself(tenant: Tenant) -> None:
    body = {"name": "App", "type": "pkce", "redirect_uris": [REDIRECT_URI]}
    answer = tenant.call("POST", "/clients", {**body, "registration": BY_KEYS})
    assert (answer.status_code, answer.json()["field"]) == (422, "token_endpoint_auth_method")


@pytest.mark.parametrize("registration", [BY_KEYS, BY_URL], ids=["keys", "url"])
def test_nobody_takes_control_by_other_keys_of_a_client_that_is_stronger(
    tenant: Tenant, registration: dict[str, Any]
) -> None:
    id, _ = tenant.client(ClientType.CLIENT_CREDENTIALS, "iotman:keys:rotate")
    path, body = f"/clients/{id}", {"registration": registration}
    weak = tenant.key_with("iotman:clients:update")
    refused = tenant.call("PATCH", path, body, bearer=weak)
    assert (refused.status_code, refused.json()["missing"]) == (403, ["iotman:keys:rotate"])
    harmless = {"registration": {"dpop_bound_access_tokens": True}}
    assert tenant.call("PATCH", path, harmless, bearer=weak).status_code == 200
    strong = tenant.key_with("iotman:clients:update", "iotman:keys:rotate")
    assert tenant.call("PATCH", path, body, bearer=strong).status_code == 200


def test_a_change_is_written_down_with_the_values_before_and_after(tenant: Tenant) -> None:
    id = machine(tenant)["client_id"]
    change(tenant, id, tos_uri="https://a.example/tos")
    with tenant.running.database.read() as tx:
        event = audit.page(tx, tenant.id, window=Window()).items[0]
    assert event.details == {
        "before": {"registration": {}},
        "after": {"registration": {"tos_uri": "https://a.example/tos"}},
    }


def test_what_a_document_says_of_its_client_is_not_said_here(tenant: Tenant) -> None:
    id, _ = tenant.client(ClientType.PKCE)
    url = "https://app.example/client.json"
    with tenant.running.database.write() as tx:
        workspaces.touch(tx, tenant.id, ChangeKind.CLIENT, id, at=tenant.running.clock())
        client = clients.get(tx, id)
        assert client is not None
        clients.change(tx, replace(client, document_url=url))
    path = f"/clients/{id}"
    assert tenant.call("GET", path).json()["document_url"] == url
    for said in ({"name": "Other"}, {"redirect_uris": [REDIRECT_URI]}, {"registration": {}}):
        assert tenant.call("PATCH", path, said).status_code == 409
    answer = tenant.call("PATCH", path, {"scope_default": "none", "tokens": {"live_scopes": True}})
    assert answer.status_code == 200
    assert tenant.call("DELETE", path).status_code == 204
