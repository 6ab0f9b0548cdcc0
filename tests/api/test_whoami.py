"""Who am I: for tokens, keys and browsers; the launchpad; the pages of problems."""

from __future__ import annotations

import httpx
import pytest

from scopewright.core.model import ClientType, PrincipalKind
from scopewright.ids import new_id
from scopewright.web import problems
from tests.api.browsers import signed_in
from tests.inprocess import Tenant

WHOAMI = "/api/whoami"


def ask(tenant: Tenant, path: str, headers: dict[str, str]) -> httpx.Response:
    return tenant.running.http.request("GET", path, headers=headers)


def bearing(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def address() -> str:
    return f"{new_id('ann')}@example.com"


@pytest.mark.parametrize("query", ["", "?workspace={id}"])
def test_a_token_is_told_its_own_scopes_and_what_they_open(tenant: Tenant, query: str) -> None:
    tenant.define("sensor:read")
    id, secret = tenant.client(
        ClientType.CLIENT_CREDENTIALS, "sensor:read", "iotman:scopes:read", "iotman:audit:read"
    )
    token = tenant.access_token(id, secret, scope="sensor:read iotman:scopes:read")
    tenant.revoke(id, "sensor:read")
    answer = ask(tenant, WHOAMI + query.format(id=tenant.id), bearing(token))
    assert answer.status_code == 200
    assert answer.json() == {
        "principal": {"id": id, "kind": "client", "name": "client_credentials"},
        "workspace": tenant.id,
        "via": "token",
        "scopes": ["iotman:scopes:read", "sensor:read"],
        "operations": ["scopes:read"],
    }


@pytest.mark.parametrize("scheme", ["Bearer", "Apikey"])
def test_a_key_is_told_what_is_held_now(tenant: Tenant, scheme: str) -> None:
    ann = tenant.person(address())
    tenant.define("sensor:read")
    key = {"authorization": f"{scheme} {tenant.key(ann)}"}
    assert ask(tenant, WHOAMI, key).json()["scopes"] == []
    tenant.grant(ann, "sensor:read")
    answer = ask(tenant, WHOAMI, key).json()
    assert (answer["via"], answer["scopes"], answer["operations"]) == (
        "api_key",
        ["sensor:read"],
        [],
    )
    assert answer["principal"] == {"id": ann.id, "kind": "end_user", "name": ann.name}


def test_a_browser_names_the_workspace_that_it_asks_about(tenant: Tenant) -> None:
    email = address()
    person = tenant.person(email, kind=PrincipalKind.MEMBER)
    tenant.assign(person, "iotman:admin")
    browser = signed_in(tenant.running, email)
    assert ask(tenant, WHOAMI, browser).json() == {
        "principal": {"id": None, "kind": "member", "name": email},
        "workspace": None,
        "via": "cookie",
        "scopes": [],
        "operations": [],
    }
    for name in (tenant.id, f"w-{tenant.id[-12:]}"):
        there = ask(tenant, f"{WHOAMI}?workspace={name}", browser).json()
        assert there["principal"]["id"] == person.id
        assert there["workspace"] == tenant.id
        assert set(there["scopes"]) == tenant.held_by(person)
        assert "members:remove" in there["operations"]
    foreign = Tenant(tenant.running)
    assert ask(tenant, f"{WHOAMI}?workspace={foreign.id}", browser).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer nonsense"},
        {"authorization": "Bearer swk_nonsense"},
        {"authorization": "Basic YTpi"},
        {"cookie": "scopewright=nonsense"},
    ],
)
def test_nobody_is_told_nothing(tenant: Tenant, headers: dict[str, str]) -> None:
    for path in (WHOAMI, f"{WHOAMI}?workspace={tenant.id}", "/api/launchpad"):
        answer = ask(tenant, path, headers)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_credential_of_another_workspace_than_the_named_one_is_not_good(tenant: Tenant) -> None:
    other = Tenant(tenant.running)
    answer = ask(tenant, f"{WHOAMI}?workspace={other.id}", bearing(tenant.admin_key))
    assert answer.status_code == 401


def test_two_credentials_are_none(tenant: Tenant) -> None:
    twice = [("authorization", f"Bearer {tenant.admin_key}")] * 2
    answer = tenant.running.http.request("GET", WHOAMI, headers=twice)
    assert answer.status_code == 400


def test_the_launchpad_is_open_to_everybody_and_empty_yet(tenant: Tenant) -> None:
    ann = tenant.person(address())
    answer = ask(tenant, "/api/launchpad", bearing(tenant.key(ann)))
    assert answer.json() == {"data": [], "next_page": None}


@pytest.mark.parametrize("kind", [*problems.TABLE.values(), problems.BUG], ids=lambda k: k.slug)
def test_every_problem_has_a_page_that_says_what_it_is(tenant: Tenant, kind: problems.Kind) -> None:
    page = ask(tenant, f"/problems/{kind.slug}", {})
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert kind.title.replace("'", "&#x27;") in page.text
    assert str(kind.status) in page.text


def test_an_unknown_problem_has_no_page(tenant: Tenant) -> None:
    assert ask(tenant, "/problems/%3Cscript%3E", {}).status_code == 404
