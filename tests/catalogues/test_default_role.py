"""The default role: people get it when their record is made, clients never; it can be taken."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from scopewright.core.model import ClientType
from tests.inprocess import Running, Tenant, running

CLUB = """
default_role = "fellow"
[[scope]]
name = "club:look"
opens = ["groups:read"]
[[role]]
name = "fellow"
scopes = ["club:look"]
"""


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("default")
    (folder / "club.toml").write_text(CLUB)
    url, files = f"sqlite:///{folder / 'scopewright.db'}", [str(folder / "club.toml")]
    with running(url, folder, catalogues=files) as started:
        yield started


@pytest.fixture
def tenant(inside: Running) -> Tenant:
    return Tenant(inside, catalogues=("internal", "tiled"))


def roles_of(tenant: Tenant, name: str) -> dict[str, str]:
    """The roles of somebody, each with who assigned it."""
    shown = tenant.call("GET", f"/principals/{name}/roles").json()["data"]
    return {one["role"]: one["assigned_by"] for one in shown}


def test_an_end_user_gets_it_with_the_invitation_from_whoever_invites(tenant: Tenant) -> None:
    sent = tenant.call("POST", "/end-users", {"email": "ann@example.com"})
    assert (sent.status_code, sent.json()["roles"]) == (201, ["user"])
    assert roles_of(tenant, sent.json()["id"]) == {"user": tenant.admin.id}


def test_a_second_invitation_does_not_bring_back_what_was_taken_away(tenant: Tenant) -> None:
    body = {"email": "ann@example.com", "scopes": ["read:data"]}
    person = tenant.call("POST", "/end-users", body).json()["id"]
    assert tenant.call("DELETE", f"/principals/{person}/roles/user").status_code == 204
    assert tenant.call("POST", "/end-users", body).status_code == 200
    assert roles_of(tenant, person) == {}


def test_a_member_gets_it_when_the_invitation_is_accepted(tenant: Tenant) -> None:
    email = f"bob.{tenant.id}@example.com"
    tenant.call("POST", "/members", {"email": email, "role": "viewer"})
    text = tenant.running.letters_to(email)[-1].get_content()
    link = re.search(r"token=(\S+)", text)
    assert link is not None
    member = tenant.running.application.services.invitations.accept(link[1], email)
    assert member is not None
    assert roles_of(tenant, member.id) == {
        "iotman:viewer": tenant.admin.id,
        "user": tenant.admin.id,
    }
    assert tenant.call("GET", f"/members/{email}").json()["role"] == "viewer"


def test_whoever_founds_a_workspace_has_it(inside: Running) -> None:
    founding = inside.application.services.founding
    made = founding.initialise(
        name="Lab", slug="lab", admin_email="cleo@example.com", catalogues=["tiled"]
    )
    headers = {"authorization": f"Bearer {made['api_key']}"}
    url = f"/api/workspaces/{made['slug']}/principals/cleo@example.com/roles"
    shown = inside.http.request("GET", url, headers=headers).json()["data"]
    assert {one["role"] for one in shown} == {"iotman:admin", "user"}


def test_a_client_never_gets_it(tenant: Tenant) -> None:
    made = tenant.call("POST", "/clients", {"name": "robot", "type": "client_credentials"})
    assert roles_of(tenant, made.json()["client_id"]) == {}
    assert tenant.held_by(tenant.client(ClientType.CLIENT_CREDENTIALS)[0]) == frozenset()


def test_who_cannot_give_the_default_role_cannot_invite(inside: Running) -> None:
    tenant = Tenant(inside, catalogues=("internal", "club"))
    inviter = tenant.person("dan@example.com")
    tenant.grant(inviter, "iotman:end-users:create")
    body = {"email": "eve@example.com"}
    refused = tenant.call("POST", "/end-users", body, bearer=tenant.key(inviter))
    assert (refused.status_code, refused.json()["missing"]) == (403, ["club:look"])
    tenant.grant(inviter, "club:look")
    invited = tenant.call("POST", "/end-users", body, bearer=tenant.key(inviter))
    assert (invited.status_code, invited.json()["roles"]) == (201, ["fellow"])


def test_without_a_default_role_an_invitation_names_something(inside: Running) -> None:
    plain = Tenant(inside)
    assert plain.call("POST", "/end-users", {"email": "ann@example.com"}).status_code == 422
