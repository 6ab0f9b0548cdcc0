"""Workspaces over HTTP: created, listed, shown, changed, deleted."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from scopewright.core.model import ClientType, PrincipalKind
from scopewright.core.scopes import Requested
from scopewright.ids import new_id
from tests.api.browsers import signed_in
from tests.inprocess import Running, Tenant

WORKSPACES = "/api/workspaces"


def a_name() -> str:
    return f"Plant {new_id('p')[-12:]}"


def ask(
    running: Running, method: str, path: str, headers: dict[str, str], json: Any = None
) -> httpx.Response:
    return running.http.request(method, path, headers=headers, json=json)


def bearing(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def somebody() -> str:
    return f"{new_id('ann')}@example.com"


def test_a_member_with_a_key_gets_a_workspace_and_one_key_that_may_do_everything_there(
    tenant: Tenant,
) -> None:
    name = a_name()
    answer = ask(tenant.running, "POST", WORKSPACES, bearing(tenant.admin_key), {"name": name})
    assert answer.status_code == 201
    made = answer.json()
    assert made["name"] == name
    assert made["slug"] == name.lower().replace(" ", "-")
    assert made["issuer"] == f"http://127.0.0.1:8080/w/{made['id']}"
    assert made["catalogues"] == ["internal", "plain"]
    there = f"{WORKSPACES}/{made['slug']}"
    shown = ask(tenant.running, "GET", there, bearing(made["api_key"]))
    assert shown.json() == {k: v for k, v in made.items() if k != "api_key"}
    [member] = ask(tenant.running, "GET", f"{there}/members", bearing(made["api_key"])).json()[
        "data"
    ]
    assert (member["email"], member["role"]) == ("admin@example.com", "admin")
    body = {"name": "a:b"}
    defined = ask(tenant.running, "POST", f"{there}/scopes", bearing(made["api_key"]), body)
    assert defined.status_code == 201


def test_what_was_used_to_create_a_workspace_does_not_work_there(tenant: Tenant) -> None:
    key = bearing(tenant.admin_key)
    made = ask(tenant.running, "POST", WORKSPACES, key, {"name": a_name()}).json()
    assert ask(tenant.running, "GET", f"{WORKSPACES}/{made['id']}", key).status_code == 401
    new = bearing(made["api_key"])
    assert ask(tenant.running, "GET", f"{WORKSPACES}/{tenant.id}", new).status_code == 401


def test_a_new_workspace_has_signing_keys_of_its_own(tenant: Tenant) -> None:
    made = ask(
        tenant.running, "POST", WORKSPACES, bearing(tenant.admin_key), {"name": a_name()}
    ).json()
    published = tenant.running.http.request("GET", f"/w/{made['id']}/jwks").json()["keys"]
    others = tenant.running.http.request("GET", f"/w/{tenant.id}/jwks").json()["keys"]
    assert {key["alg"] for key in published} == {"ES256", "RS256"}
    assert not {key["kid"] for key in published} & {key["kid"] for key in others}


def test_a_signed_in_member_creates_a_workspace_and_gets_no_key(tenant: Tenant) -> None:
    address = somebody()
    tenant.person(address, kind=PrincipalKind.MEMBER)
    browser = signed_in(tenant.running, address)
    answer = ask(tenant.running, "POST", WORKSPACES, browser, {"name": a_name()})
    assert answer.status_code == 201
    assert answer.json()["api_key"] is None
    members = ask(
        tenant.running, "GET", f"{WORKSPACES}/{answer.json()['id']}/members", browser
    ).json()
    assert [(m["email"], m["role"]) for m in members["data"]] == [(address, "admin")]


def test_a_browser_without_the_anti_forgery_token_creates_nothing(tenant: Tenant) -> None:
    address = somebody()
    tenant.person(address, kind=PrincipalKind.MEMBER)
    browser = signed_in(tenant.running, address)
    del browser["x-anti-forgery"]
    answer = ask(tenant.running, "POST", WORKSPACES, browser, {"name": a_name()})
    assert answer.status_code == 403


def test_somebody_signed_in_who_is_no_member_anywhere_creates_nothing(tenant: Tenant) -> None:
    address = somebody()
    tenant.person(address)  # an end-user
    browser = signed_in(tenant.running, address)
    assert ask(tenant.running, "POST", WORKSPACES, browser, {"name": a_name()}).status_code == 403


def test_only_an_inheriting_key_of_a_member_creates_a_workspace(tenant: Tenant) -> None:
    id, secret = tenant.client(ClientType.CLIENT_CREDENTIALS, "iotman:workspace:read")
    end_user = tenant.person(somebody())
    everything = Requested(tenant.held_by(tenant.admin))
    for credential in (
        tenant.access_token(id, secret),
        tenant.key(id),
        tenant.key(end_user),
        tenant.key(tenant.admin, everything),
    ):
        answer = ask(tenant.running, "POST", WORKSPACES, bearing(credential), {"name": a_name()})
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"


def test_nobody_creates_and_lists_nothing(tenant: Tenant) -> None:
    for method, body in (("POST", {"name": a_name()}), ("GET", None)):
        for headers in ({}, bearing("nonsense"), bearing("swk_nonsense"), bearing("a.b.c")):
            answer = ask(tenant.running, method, WORKSPACES, headers, body)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_token_with_half_a_character_in_its_audience_is_just_not_valid(tenant: Tenant) -> None:
    claims = "eyJhdWQiOiAiXHVkODAwIn0"  # {"aud": "\ud800"}
    answer = ask(tenant.running, "GET", WORKSPACES, bearing(f"e30.{claims}.x"))
    assert answer.status_code == 401


def test_a_slug_that_is_taken_is_numbered_when_derived_and_refused_when_given(
    tenant: Tenant,
) -> None:
    key, name = bearing(tenant.admin_key), a_name()
    slugs = [
        ask(tenant.running, "POST", WORKSPACES, key, {"name": name}).json()["slug"]
        for _ in range(3)
    ]
    assert slugs == [slugs[0], f"{slugs[0]}-2", f"{slugs[0]}-3"]
    taken = ask(tenant.running, "POST", WORKSPACES, key, {"name": name, "slug": slugs[0]})
    assert taken.status_code == 409
    assert taken.json()["conflict"] == slugs[0]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "Plant", "slug": "Plant"}, "slug"),
        ({"name": "Plant", "slug": "0192f3a0-0000-7000-8000-000000000000"}, "slug"),
        ({"name": " "}, "name"),
        ({"name": "Plant", "catalogues": ["nowhere"]}, "catalogues"),
        ({"name": "Plant", "colour": "red"}, "colour"),
    ],
)
def test_a_wrong_workspace_names_the_field(
    tenant: Tenant, body: dict[str, Any], field: str
) -> None:
    answer = ask(tenant.running, "POST", WORKSPACES, bearing(tenant.admin_key), body)
    assert answer.status_code == 422
    assert answer.json()["field"] == field


def test_an_unknown_catalogue_is_answered_with_those_that_exist(tenant: Tenant) -> None:
    body = {"name": "Plant", "catalogues": ["nowhere"]}
    answer = ask(tenant.running, "POST", WORKSPACES, bearing(tenant.admin_key), body)
    assert "internal" in answer.json()["detail"]
    assert "plain" in answer.json()["detail"]


def test_a_browser_lists_all_workspaces_of_the_person_page_by_page(tenant: Tenant) -> None:
    address = somebody()
    tenant.person(address, kind=PrincipalKind.MEMBER)
    other = Tenant(tenant.running)
    other.person(address, kind=PrincipalKind.MEMBER)
    Tenant(tenant.running).person(address)  # only an end-user there
    browser = signed_in(tenant.running, address)
    first = ask(tenant.running, "GET", f"{WORKSPACES}?limit=1", browser).json()
    second = ask(tenant.running, "GET", first["next_page"], browser).json()
    ids = [workspace["id"] for page in (first, second) for workspace in page["data"]]
    assert ids == [tenant.id, other.id]
    assert second["next_page"] is None


def test_a_key_lists_the_one_workspace_it_is_of_if_it_may_read_it(tenant: Tenant) -> None:
    listed = ask(tenant.running, "GET", WORKSPACES, bearing(tenant.admin_key)).json()
    assert [workspace["id"] for workspace in listed["data"]] == [tenant.id]
    narrow = tenant.key_with("iotman:scopes:read")
    refused = ask(tenant.running, "GET", WORKSPACES, bearing(narrow))
    assert refused.status_code == 403
    assert refused.json()["missing"] == ["iotman:workspace:read"]


def test_renaming_changes_neither_slug_nor_id_nor_the_audience(tenant: Tenant) -> None:
    before = tenant.call("GET", "").json()
    answer = tenant.call("PATCH", "", {"name": "Other"})
    assert answer.status_code == 200
    assert answer.json() == {**before, "name": "Other"}
    assert tenant.call("PATCH", "", {"slug": "other"}).status_code == 422
    assert tenant.call("GET", "").json()["slug"] == before["slug"]


def test_token_settings_change_one_by_one_and_null_takes_one_back(tenant: Tenant) -> None:
    id, secret = tenant.client()
    tenant.call("PATCH", "", {"tokens": {"access_lifetime": 300, "live_scopes": True}})
    assert tenant.token(id, secret).json()["expires_in"] == 300
    changed = tenant.call("PATCH", "", {"tokens": {"access_lifetime": None}}).json()
    assert changed["tokens"]["live_scopes"] is True
    assert changed["tokens"]["access_lifetime"] is None
    assert tenant.token(id, secret).json()["expires_in"] == 3600


@pytest.mark.parametrize(
    "tokens",
    [
        {"access_lifetime": 0},
        {"access_lifetime": 86401},
        {"refresh_lifetime": 0},
        {"session_lifetime": 0},
        {"session_lifetime": 3650 * 86400 + 1},
        {"refresh_grace": 301},
        {"signing_algorithm": "HS256"},
        {"access_lifetime": True},
        {"live_scopes": 1},
        {"lifetime": 5},
    ],
)
def test_token_settings_outside_their_bounds_are_refused(
    tenant: Tenant, tokens: dict[str, Any]
) -> None:
    before = tenant.call("GET", "").json()
    assert tenant.call("PATCH", "", {"tokens": tokens}).status_code == 422
    assert tenant.call("GET", "").json() == before


POLICY = {
    "security_profile": "default",
    "client_registration": "token",
    "client_id_metadata_documents": False,
    "resources": {},
    "api_keys": {"maximum_lifetime": None, "must_expire": False, "scopes": None},
}


def test_a_policy_changes_member_by_member_and_every_change_is_written_down(
    tenant: Tenant,
) -> None:
    tenant.define("pumps:read")
    assert tenant.call("GET", "").json()["policy"] == POLICY
    resources = {"https://pumps.example": ["pumps:read", "iotman:scopes:read"]}
    answer = tenant.call("PATCH", "", {"policy": {"resources": resources}})
    assert answer.status_code == 200
    assert answer.json()["policy"] == {**POLICY, "resources": resources}
    said = {"security_profile": "fapi2", "client_registration": "open", "resources": None}
    changed = tenant.call("PATCH", "", {"policy": said, "name": "Bank"}).json()
    known = {**POLICY, "resources": resources, **{k: v for k, v in said.items() if v is not None}}
    assert changed["policy"] == tenant.call("GET", "").json()["policy"] == known
    written = tenant.call("GET", "/audit").json()["data"][0]["details"]
    assert written["before"]["policy"]["security_profile"] == "default"
    assert written["after"]["policy"] == known
    emptied = tenant.call("PATCH", "", {"policy": {"resources": {}}}).json()
    assert emptied["policy"]["resources"] == {}


@pytest.mark.parametrize(
    "policy",
    [
        {"security_profile": "fapi"},
        {"client_registration": "always"},
        {"client_id_metadata_documents": 1},
        {"resources": {"pumps": []}},
        {"resources": {"https://pumps.example#x": []}},
        {"resources": {"https://pumps.example": ["no:such"]}},
        {"resources": {"https://pumps.example": "pumps:read"}},
        {"resources": []},
        {"api_keys": {"maximum_lifetime": 0}},
        {"api_keys": {"maximum_lifetime": 3650 * 86_400 + 1}},
        {"api_keys": {"scopes": []}},
        {"api_keys": {"scopes": ["no:such"]}},
        {"api_keys": {"must_expire": 1}},
        {"api_keys": {"colour": "red"}},
        {"resources": {f"urn:x:{n}": [] for n in range(101)}},
        {"colour": "red"},
    ],
)
def test_a_policy_that_cannot_be_is_refused(tenant: Tenant, policy: dict[str, Any]) -> None:
    before = tenant.call("GET", "").json()
    assert tenant.call("PATCH", "", {"policy": policy}).status_code == 422
    assert tenant.call("GET", "").json() == before


def test_a_deleted_scope_may_go_on_standing_in_a_policy(tenant: Tenant) -> None:
    tenant.define("pumps:read")
    resources = {"urn:pumps": ["pumps:read"]}
    tenant.call("PATCH", "", {"policy": {"resources": resources}})
    assert tenant.call("DELETE", "/scopes/pumps:read?force=true").status_code == 204
    answer = tenant.call("PATCH", "", {"policy": {"client_registration": "closed"}})
    assert answer.json()["policy"]["resources"] == resources


def test_the_only_workspace_of_a_person_stays(tenant: Tenant) -> None:
    address = somebody()
    lonely = tenant.person(address, kind=PrincipalKind.MEMBER)
    tenant.assign(lonely, "iotman:admin")
    key = tenant.key(lonely)
    other = Tenant(tenant.running)
    other.person(address)  # being an end-user elsewhere is no place to go
    refused = tenant.call("DELETE", "", bearer=key)
    assert refused.status_code == 409
    other.person(address, kind=PrincipalKind.MEMBER)
    assert tenant.call("DELETE", "", bearer=key).status_code == 204


def test_a_program_may_not_delete_the_only_workspace_of_any_member(tenant: Tenant) -> None:
    address = somebody()
    tenant.person(address, kind=PrincipalKind.MEMBER)
    id, secret = tenant.client(ClientType.CLIENT_CREDENTIALS, "iotman:workspace:delete")
    token = tenant.access_token(id, secret)
    assert tenant.call("DELETE", "", bearer=token).status_code == 409
    other = Tenant(tenant.running)
    other.person(address, kind=PrincipalKind.MEMBER)  # admin@example.com is there as well
    assert tenant.call("DELETE", "", bearer=token).status_code == 204


def test_a_deleted_workspace_is_gone_and_its_credentials_with_it(tenant: Tenant) -> None:
    Tenant(tenant.running)  # admin@example.com has another one
    id, secret = tenant.client(ClientType.CLIENT_CREDENTIALS, "iotman:workspace:read")
    token = tenant.access_token(id, secret)
    assert tenant.call("GET", "", bearer=token).status_code == 200
    assert tenant.call("DELETE", "").status_code == 204
    assert tenant.call("GET", "").status_code == 401
    assert tenant.call("GET", "", bearer=token).status_code == 401
    assert tenant.token(id, secret).status_code == 404
    assert ask(tenant.running, "GET", WORKSPACES, bearing(tenant.admin_key)).status_code == 401


@pytest.mark.parametrize(
    ("method", "operation"), [("GET", "read"), ("PATCH", "update"), ("DELETE", "delete")]
)
def test_each_call_needs_its_scope(tenant: Tenant, method: str, operation: str) -> None:
    narrow = tenant.key_with("iotman:scopes:read")
    body = {"name": "Other"} if method == "PATCH" else None
    refused = tenant.call(method, "", body, bearer=narrow)
    assert refused.status_code == 403
    assert refused.json()["missing"] == [f"iotman:workspace:{operation}"]


def test_a_method_that_is_not_there_is_answered_with_all_that_are(tenant: Tenant) -> None:
    answer = tenant.call("PUT", "")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "DELETE, GET, PATCH"
