"""Grants over HTTP: given, listed, revoked; nobody gives a guarded scope without holding it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from scopewright.core.model import ClientType
from scopewright.store import audit
from scopewright.store.pages import Window
from tests.inprocess import Tenant


@pytest.fixture(params=["end-users", "clients"])
def holder(request: pytest.FixtureRequest, tenant: Tenant) -> str:
    """The path of somebody who takes grants: an end-user by address, a client by id."""
    if request.param == "end-users":
        tenant.person("ann@example.com")
        return "/end-users/ann@example.com"
    return f"/clients/{tenant.client()[0]}"


def scopes_of(tenant: Tenant, holder: str) -> list[str]:
    return [grant["scope"] for grant in tenant.call("GET", f"{holder}/scopes").json()["data"]]


def test_a_grant_is_made_once_and_says_who_gave_it(tenant: Tenant, holder: str) -> None:
    tenant.define("sensor:read")
    first = tenant.call("POST", f"{holder}/scopes", {"scope": "sensor:read"})
    again = tenant.call("POST", f"{holder}/scopes", {"scope": "sensor:read"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["scope"] == "sensor:read"
    assert first.json()["internal"] is False
    assert first.json()["granted_by"] == tenant.admin.id
    assert again.json() == first.json()
    listed = tenant.call("GET", f"{holder}/scopes").json()
    assert listed == {"data": [first.json()], "next_page": None}


def test_both_kinds_are_shown_apart_where_the_holder_is_shown(tenant: Tenant, holder: str) -> None:
    tenant.define("sensor:read")
    for scope in ("sensor:read", "iotman:audit:read"):
        tenant.call("POST", f"{holder}/scopes", {"scope": scope})
    listed = tenant.call("GET", f"{holder}/scopes").json()["data"]
    assert {grant["scope"]: grant["internal"] for grant in listed} == {
        "iotman:audit:read": True,
        "sensor:read": False,
    }
    shown = tenant.call("GET", holder).json()
    assert (shown["scopes"], shown["internal_scopes"]) == (["sensor:read"], ["iotman:audit:read"])


def test_revoking_takes_that_scope_and_leaves_the_others(tenant: Tenant, holder: str) -> None:
    tenant.define("sensor:read", "video:gold")
    for scope in ("sensor:read", "video:gold"):
        tenant.call("POST", f"{holder}/scopes", {"scope": scope})
    revoked = tenant.call("DELETE", f"{holder}/scopes/sensor:read")
    assert (revoked.status_code, revoked.content) == (204, b"")
    assert scopes_of(tenant, holder) == ["video:gold"]
    assert tenant.call("DELETE", f"{holder}/scopes/sensor:read").status_code == 404
    assert tenant.call("DELETE", f"{holder}/scopes/video:gold").status_code == 204
    assert tenant.call("GET", holder).json()["scopes"] == []  # the row stays


def test_a_scope_that_is_not_defined_here_cannot_be_granted(tenant: Tenant, holder: str) -> None:
    Tenant(tenant.running).define("elsewhere:read")
    for scope in ("elsewhere:read", "iotman:nothing:read", ""):
        answer = tenant.call("POST", f"{holder}/scopes", {"scope": scope})
        assert (answer.status_code, answer.json()["field"]) == (404, "scope"), scope
    assert scopes_of(tenant, holder) == []


def test_nobody_gives_a_guarded_scope_without_holding_it(tenant: Tenant, holder: str) -> None:
    giver = tenant.key_with("iotman:grants:create", "iotman:audit:read")
    refused = tenant.call(
        "POST", f"{holder}/scopes", {"scope": "iotman:members:remove"}, bearer=giver
    )
    assert refused.status_code == 403
    assert refused.json()["type"].endswith("/problems/escalation")
    assert refused.json()["missing"] == ["iotman:members:remove"]
    assert 'scope="iotman:members:remove"' in refused.headers["www-authenticate"]
    assert scopes_of(tenant, holder) == []
    given = tenant.call("POST", f"{holder}/scopes", {"scope": "iotman:audit:read"}, bearer=giver)
    assert given.status_code == 201


def test_the_workspaces_own_scopes_need_no_holding(tenant: Tenant, holder: str) -> None:
    tenant.define("sensor:read")
    giver = tenant.key_with("iotman:grants:create")
    answer = tenant.call("POST", f"{holder}/scopes", {"scope": "sensor:read"}, bearer=giver)
    assert answer.status_code == 201


def test_granting_to_oneself_is_bound_alike(tenant: Tenant) -> None:
    person, (client_id, secret) = tenant.person("ann@example.com"), tenant.client()
    for principal in (person.id, client_id):
        tenant.grant(principal, "iotman:grants:create")
    lifts = {
        f"/end-users/{person.id}": tenant.key(person),
        f"/clients/{client_id}": tenant.access_token(client_id, secret),
    }
    for path, credential in lifts.items():
        body = {"scope": "iotman:clients:delete"}
        refused = tenant.call("POST", f"{path}/scopes", body, bearer=credential)
        assert refused.json()["missing"] == ["iotman:clients:delete"]
    assert tenant.held_by(person) == tenant.held_by(client_id) == {"iotman:grants:create"}


def test_a_token_gives_no_more_than_it_carries_though_its_principal_holds_more(
    tenant: Tenant, holder: str
) -> None:
    id, secret = tenant.client(
        ClientType.CLIENT_CREDENTIALS, "iotman:grants:create", "iotman:audit:read"
    )
    narrow = tenant.access_token(id, secret, scope="iotman:grants:create")
    body = {"scope": "iotman:audit:read"}
    assert tenant.call("POST", f"{holder}/scopes", body, bearer=narrow).status_code == 403
    wide = tenant.access_token(id, secret)
    assert tenant.call("POST", f"{holder}/scopes", body, bearer=wide).status_code == 201


def test_to_use_the_token_suffices_but_to_give_you_must_still_have_it(
    tenant: Tenant, holder: str
) -> None:
    tenant.define("sensor:read")
    id, secret = tenant.client(
        ClientType.CLIENT_CREDENTIALS, "iotman:grants:create", "iotman:audit:read"
    )
    token = tenant.access_token(id, secret)
    tenant.revoke(id, "iotman:audit:read")
    tenant.revoke(id, "iotman:grants:create")
    used = tenant.call("POST", f"{holder}/scopes", {"scope": "sensor:read"}, bearer=token)
    given = tenant.call("POST", f"{holder}/scopes", {"scope": "iotman:audit:read"}, bearer=token)
    assert (used.status_code, given.status_code) == (201, 403)


def exchange(tenant: Tenant, holder: str, *, bearer: str = "", **wanted: list[str]) -> Any:
    return tenant.call("PATCH", f"{holder}/scopes", wanted, bearer=bearer)


def test_several_scopes_are_given_and_taken_in_one(tenant: Tenant, holder: str) -> None:
    tenant.define("sensor:read", "sensor:write", "video:gold")
    exchange(tenant, holder, give=["sensor:read", "video:gold"])
    wanted = {"give": ["iotman:audit:read", "sensor:read", "sensor:write"], "take": ["video:gold"]}
    done = exchange(tenant, holder, **wanted)
    assert done.status_code == 200
    assert done.json() == {
        "given": ["iotman:audit:read", "sensor:write"],  # the other was granted before
        "taken": ["video:gold"],
    }
    assert scopes_of(tenant, holder) == ["iotman:audit:read", "sensor:read", "sensor:write"]
    assert exchange(tenant, holder, **wanted).json() == {"given": [], "taken": []}
    events = tenant.call("GET", "/audit").json()["data"]
    written = sorted((event["operation"], event["details"]["scopes"]) for event in events)
    assert written == [  # one for all that a call gives, one for all that it takes
        ("grants:create", ["iotman:audit:read", "sensor:write"]),
        ("grants:create", ["sensor:read", "video:gold"]),
        ("grants:revoke", ["video:gold"]),
    ]


def test_one_scope_too_many_refuses_all_of_them(tenant: Tenant, holder: str) -> None:
    tenant.define("sensor:read", "video:gold")
    exchange(tenant, holder, give=["video:gold"])
    giver = tenant.key_with("iotman:grants:create", "iotman:grants:revoke", "iotman:audit:read")
    beyond = ["iotman:audit:read", "iotman:keys:rotate", "iotman:members:remove", "sensor:read"]
    refused = exchange(tenant, holder, give=beyond, take=["video:gold"], bearer=giver)
    assert refused.json()["type"].endswith("/problems/escalation")
    assert refused.json()["missing"] == ["iotman:keys:rotate", "iotman:members:remove"]
    unknown = exchange(tenant, holder, give=["sensor:read", "nothing"], take=["video:gold"])
    assert (unknown.status_code, unknown.json()["field"]) == (422, "give")
    both = exchange(tenant, holder, give=["sensor:read"], take=["sensor:read", "video:gold"])
    assert (both.status_code, both.json()["field"]) == (422, "take")
    nameless = exchange(tenant, holder, take=["video:gold", "p*"])
    assert (nameless.status_code, nameless.json()["field"]) == (422, "take")
    assert scopes_of(tenant, holder) == ["video:gold"]
    assert len(tenant.call("GET", "/audit").json()["data"]) == 1


def test_to_take_among_others_one_must_be_allowed_to_revoke(tenant: Tenant, holder: str) -> None:
    tenant.define("sensor:read", "video:gold")
    exchange(tenant, holder, give=["video:gold"])
    giver = tenant.key_with("iotman:grants:create")
    wanted = {"give": ["sensor:read"], "take": ["video:gold"]}
    refused = exchange(tenant, holder, **wanted, bearer=giver)
    assert (refused.status_code, refused.json()["missing"]) == (403, ["iotman:grants:revoke"])
    assert scopes_of(tenant, holder) == ["video:gold"]
    assert exchange(tenant, holder, give=["sensor:read"], bearer=giver).status_code == 200
    taker = tenant.key_with("iotman:grants:revoke")
    refused = exchange(tenant, holder, take=["video:gold"], bearer=taker)
    assert refused.json()["missing"] == ["iotman:grants:create"]


def test_a_client_through_which_people_act_is_given_nothing_among_others(tenant: Tenant) -> None:
    tenant.define("sensor:read")
    holder = f"/clients/{tenant.client(ClientType.PKCE)[0]}"
    assert exchange(tenant, holder, give=["sensor:read"]).status_code == 409
    assert exchange(tenant, "/clients/nobody", give=["sensor:read"]).status_code == 404


@pytest.mark.parametrize(
    "type", [ClientType.PKCE, ClientType.AUTHORIZATION_CODE, ClientType.DEVICE]
)
def test_clients_through_which_people_act_take_no_grants(tenant: Tenant, type: ClientType) -> None:
    tenant.define("sensor:read")
    client_id, _ = tenant.client(type)
    answer = tenant.call("POST", f"/clients/{client_id}/scopes", {"scope": "sensor:read"})
    assert answer.status_code == 409
    assert "client_credentials" in answer.json()["detail"]
    assert scopes_of(tenant, f"/clients/{client_id}") == []


def test_a_grant_shows_in_the_next_token_and_a_revoked_one_is_gone_from_it(tenant: Tenant) -> None:
    tenant.define("sensor:read")
    id, secret = tenant.client()
    assert tenant.token(id, secret).json()["scope"] == ""
    assert tenant.token(id, secret, scope="sensor:read").json()["error"] == "invalid_scope"
    tenant.call("POST", f"/clients/{id}/scopes", {"scope": "sensor:read"})
    assert tenant.token(id, secret).json()["scope"] == "sensor:read"
    tenant.call("DELETE", f"/clients/{id}/scopes/sensor:read")
    assert tenant.token(id, secret).json()["scope"] == ""


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_whoever_is_unknown_here_has_no_grants(tenant: Tenant, method: str) -> None:
    tenant.define("sensor:read")
    other = Tenant(tenant.running)
    other.person("ann@example.com")
    body = {"scope": "sensor:read"} if method == "POST" else None
    for path in (
        "/end-users/ann@example.com",
        f"/end-users/{tenant.admin.id}",
        f"/clients/{other.client()[0]}",
        f"/end-users/{tenant.client()[0]}",
        "/clients/nobody",
    ):
        assert tenant.call(method, f"{path}/scopes", body).status_code == 404, path


def test_giving_and_revoking_are_written_down_once_each(tenant: Tenant, holder: str) -> None:
    tenant.define("sensor:read")
    for _ in range(2):
        tenant.call("POST", f"{holder}/scopes", {"scope": "sensor:read"})
    tenant.call("DELETE", f"{holder}/scopes/sensor:read")
    with tenant.running.database.read() as tx:
        events = audit.page(tx, tenant.id, window=Window()).items
    assert [(event.operation, event.details["scope"]) for event in reversed(events)] == [
        ("grants:create", "sensor:read"),
        ("grants:revoke", "sensor:read"),
    ]
    assert {event.actor for event in events} == {tenant.admin.id}


def test_the_list_is_walked_page_by_page(tenant: Tenant, holder: str) -> None:
    names = [f"s{number}" for number in range(5)]
    tenant.define(*names)
    for name in names:
        tenant.call("POST", f"{holder}/scopes", {"scope": name})
    seen: list[str] = []
    query: str | None = "limit=2"
    while query is not None:
        page = tenant.call("GET", f"{holder}/scopes?{query}").json()
        seen += [grant["scope"] for grant in page["data"]]
        query = page["next_page"] and urlsplit(page["next_page"]).query
    assert seen == names
