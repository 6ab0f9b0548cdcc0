"""Trusted outside issuers over HTTP: whoever trusts one gives control of its rules' clients."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scopewright.core.model import ClientType
from tests.api.plane import assert_refused
from tests.inprocess import Tenant
from tests.outside import BUILDS, Outside, a_key

CLAIMS = {"repository": "acme/site", "ref": "refs/heads/main"}
PATH = "/trusted-issuers"


@pytest.fixture
def machine(tenant: Tenant) -> str:
    """A client to speak for."""
    tenant.define("site:deploy")
    return tenant.client(ClientType.CLIENT_CREDENTIALS, "site:deploy")[0]


def body(machine: str, **replaced: Any) -> dict[str, Any]:
    said = {
        "issuer": BUILDS, "jwks": Outside().jwks,
        "rules": [{"claims": CLAIMS, "client_id": machine}], **replaced,
    }  # fmt: skip
    return {name: value for name, value in said.items() if value is not None}


def made(tenant: Tenant, machine: str, **replaced: Any) -> dict[str, Any]:
    answer = tenant.call("POST", PATH, body(machine, **replaced))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def audited(tenant: Tenant) -> list[dict[str, Any]]:
    """What happened to trusted issuers, newest first."""
    events = tenant.call("GET", "/audit").json()["data"]
    return [event for event in events if event["operation"].startswith("trusted-issuers:")]


def test_an_issuer_is_trusted_and_shown(tenant: Tenant, machine: str) -> None:
    trusted = made(tenant, machine)
    assert trusted == {
        "id": trusted["id"],
        "issuer": BUILDS,
        "audience": f"http://127.0.0.1:8080/w/{tenant.id}",
        "jwks_uri": None,
        "jwks": Outside().jwks,
        "rules": [{"claims": CLAIMS, "client_id": machine}],
        "single_use": True,
        "created_at": trusted["created_at"],
    }
    assert tenant.call("GET", f"{PATH}/{trusted['id']}").json() == trusted
    assert tenant.call("GET", PATH).json() == {"data": [trusted], "next_page": None}


def test_its_keys_may_stand_elsewhere_instead(tenant: Tenant, machine: str) -> None:
    uri = f"{BUILDS}/keys"
    trusted = made(tenant, machine, jwks=None, jwks_uri=uri, audience="acme", single_use=False)
    assert (trusted["jwks"], trusted["jwks_uri"]) == (None, uri)
    assert (trusted["audience"], trusted["single_use"]) == ("acme", False)


def test_what_is_named_changes_and_nothing_else(tenant: Tenant, machine: str) -> None:
    trusted, path = made(tenant, machine), PATH + "/"
    rules = [{"claims": {"sub": "pod", "protected": True, "attempt": 1}, "client_id": machine}]
    changed = tenant.call("PATCH", path + trusted["id"], {"rules": rules, "audience": None})
    assert changed.status_code == 200
    assert changed.json() == trusted | {"rules": rules}
    assert json.dumps(changed.json()["rules"]) == json.dumps(rules)  # where true is not 1
    moved = tenant.call("PATCH", path + trusted["id"], {"jwks_uri": f"{BUILDS}/keys"}).json()
    assert (moved["jwks"], moved["jwks_uri"]) == (None, f"{BUILDS}/keys")
    back = tenant.call("PATCH", path + trusted["id"], {"jwks": Outside().jwks}).json()
    assert (back["jwks"], back["jwks_uri"]) == (Outside().jwks, None)
    assert tenant.call("GET", path + trusted["id"]).json() == back


def test_an_issuer_is_trusted_no_more(tenant: Tenant, machine: str) -> None:
    path = f"{PATH}/{made(tenant, machine)['id']}"
    assert tenant.call("DELETE", path).status_code == 204
    for method, sent in (("GET", None), ("PATCH", {"audience": "x"}), ("DELETE", None)):
        assert_refused(tenant.call(method, path, sent), 404)


def test_an_issuer_is_trusted_once(tenant: Tenant, machine: str) -> None:
    made(tenant, machine)
    assert_refused(tenant.call("POST", PATH, body(machine)), 409, conflict="issuer")


@pytest.mark.parametrize(
    ("replaced", "field"),
    [
        ({"issuer": "http://builds.example"}, "issuer"),
        ({"issuer": "builds"}, "issuer"),
        ({"issuer": "https://builds.example#x"}, "issuer"),
        ({"issuer": "https://[::1"}, "issuer"),
        ({"jwks": None}, "jwks"),
        ({"jwks_uri": f"{BUILDS}/keys"}, "jwks"),
        ({"jwks": None, "jwks_uri": "http://builds.example/keys"}, "jwks_uri"),
        ({"jwks": {}}, "jwks"),
        ({"jwks": {"keys": []}}, "jwks"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}}, "jwks"),
        ({"audience": ""}, "audience"),
        ({"rules": None}, "rules"),
        ({"rules": []}, "rules"),
    ],
)
def test_what_cannot_be_trusted_is_refused(
    tenant: Tenant, machine: str, replaced: dict[str, Any], field: str
) -> None:
    answer = tenant.call("POST", PATH, body(machine, **replaced))
    assert_refused(answer, 422, field=field)
    assert tenant.call("GET", PATH).json()["data"] == []


def test_a_private_key_is_refused_before_anybody_sees_it(tenant: Tenant, machine: str) -> None:
    [public] = Outside().jwks["keys"]
    leaked = {"keys": [{**public, "d": "c2VjcmV0"}]}
    assert_refused(tenant.call("POST", PATH, body(machine, jwks=leaked)), 422, field="jwks")


@pytest.mark.parametrize(
    "claims",
    [{}, {"aud": "acme"}, {"repository": "acme/site", "iss": BUILDS}, {"exp": 1}, {"jti": "x"}],
)
def test_a_rule_that_fits_whoever_comes_is_refused(
    tenant: Tenant, machine: str, claims: dict[str, Any]
) -> None:
    rules = [{"claims": claims, "client_id": machine}]
    assert_refused(tenant.call("POST", PATH, body(machine, rules=rules)), 422, field="rules")


@pytest.mark.parametrize("value", [None, 1.5, ["a"], {"a": "b"}])
def test_a_rule_demands_plain_values(tenant: Tenant, machine: str, value: Any) -> None:
    rules = [{"claims": {"repository": value}, "client_id": machine}]
    assert_refused(tenant.call("POST", PATH, body(machine, rules=rules)), 422)


def test_a_rule_names_a_client_that_acts_for_itself_here(tenant: Tenant, machine: str) -> None:
    elsewhere = Tenant(tenant.running).client()[0]
    for client_id in ("nobody", elsewhere, tenant.client(ClientType.PKCE)[0], tenant.admin.id):
        rules = [{"claims": CLAIMS, "client_id": client_id}]
        assert_refused(tenant.call("POST", PATH, body(machine, rules=rules)), 422, field="rules")


def test_whoever_trusts_an_issuer_holds_what_its_clients_hold(tenant: Tenant, machine: str) -> None:
    tenant.grant(machine, "iotman:audit:read")
    lesser = tenant.client(ClientType.CLIENT_CREDENTIALS, "iotman:clients:update")
    token = tenant.access_token(*lesser)
    refused = tenant.call("POST", PATH, body(machine), bearer=token)
    assert_refused(refused, 403, missing=["iotman:audit:read"])
    id = made(tenant, machine)["id"]
    for change in ({"jwks": Outside(key=a_key(1)).jwks}, {"audience": "mine"}, {}):
        answer = tenant.call("PATCH", f"{PATH}/{id}", change, bearer=token)
        assert_refused(answer, 403, missing=["iotman:audit:read"])
    tenant.grant(lesser[0], "iotman:audit:read")
    stronger = tenant.access_token(*lesser)
    assert tenant.call("PATCH", f"{PATH}/{id}", {}, bearer=stronger).status_code == 200


def test_reading_is_open_to_who_may_see_clients_and_changing_is_not(
    tenant: Tenant, machine: str
) -> None:
    made(tenant, machine)
    reader = tenant.access_token(
        *tenant.client(ClientType.CLIENT_CREDENTIALS, "iotman:clients:read")
    )
    assert len(tenant.call("GET", PATH, bearer=reader).json()["data"]) == 1
    refused = tenant.call("POST", PATH, body(machine), bearer=reader)
    assert_refused(refused, 403, missing=["iotman:clients:update"])


def test_an_issuer_of_another_workspace_is_not_there(tenant: Tenant, machine: str) -> None:
    id = made(tenant, machine)["id"]
    other = Tenant(tenant.running)
    assert other.call("GET", PATH).json()["data"] == []
    assert_refused(other.call("GET", f"{PATH}/{id}"), 404)
    assert_refused(other.call("DELETE", f"{PATH}/{id}"), 404)


def test_each_change_is_written_down_with_what_it_was_before(tenant: Tenant, machine: str) -> None:
    id = made(tenant, machine)["id"]
    tenant.call("PATCH", f"{PATH}/{id}", {"audience": "acme"})
    tenant.call("DELETE", f"{PATH}/{id}")
    deleted, changed, trusted = audited(tenant)
    assert [event["operation"] for event in (trusted, changed, deleted)] == [
        "trusted-issuers:create", "trusted-issuers:update", "trusted-issuers:delete",
    ]  # fmt: skip
    assert trusted["target"] == id
    assert trusted["details"]["after"]["rules"] == [{"claims": CLAIMS, "client_id": machine}]
    assert changed["details"]["after"] == {"audience": "acme"}
    assert deleted["details"]["before"]["audience"] == "acme"
