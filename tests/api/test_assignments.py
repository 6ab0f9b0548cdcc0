"""Roles of principals over HTTP: assigned, listed, taken away; nobody gives more than they hold."""

from __future__ import annotations

from typing import Any

import pytest

from scopewright.core.applications import Application
from scopewright.core.model import ChangeKind, ClientType, Principal, PrincipalKind
from scopewright.ids import new_id
from scopewright.store import applications, audit, workspaces
from scopewright.store.pages import Window
from tests.inprocess import Running, Tenant

KINDS = ("member", "end_user", "client", "group")
REPORTER, ALIAS = "mdsp:core:assetmanagement.reporter", "mdsp:core:assetmanagement:reporter"
BATCH, ANALYST = "mdsp:core:analytics.adb.user", "mdsp:core:analytics.user"


@pytest.fixture
def tenant(inside: Running) -> Tenant:
    return Tenant(inside, catalogues=("internal", "mindsphere"))


def somebody(tenant: Tenant, kind: str) -> str:
    """The id of a principal of a kind; a member is a viewer."""
    if kind == "client":
        return tenant.client()[0]
    if kind == "group":
        return tenant.group("Crew")
    person = tenant.person(f"{new_id('ann')}@example.com", kind=PrincipalKind(kind))
    if kind == "member":
        tenant.assign(person, "iotman:viewer")
    return person.id


def roles_of(tenant: Tenant, name: str) -> list[str]:
    listed = tenant.call("GET", f"/principals/{name}/roles").json()["data"]
    return [one["role"] for one in listed]


def register(tenant: Tenant, name: str, *, registered: bool = True) -> None:
    """An application with one role, beneath the API."""
    now = tenant.running.clock()
    made = Application(
        new_id("app"), tenant.id, name, name.title(), now, registered_at=now if registered else None
    )
    with tenant.running.database.write() as tx:
        workspaces.touch(tx, tenant.id, ChangeKind.VOCABULARY, name, at=now)
        applications.add(tx, made)
    tenant.role(f"mdsp:here:{name}.user", application=name)


def events(tenant: Tenant) -> list[tuple[str, str, dict[str, Any]]]:
    with tenant.running.database.read() as tx:
        found = audit.page(tx, tenant.id, window=Window()).items
    return [(event.operation, event.target, event.details) for event in reversed(found)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_role_is_assigned_once_to_principals_of_every_kind_and_taken_away(
    tenant: Tenant, kind: str
) -> None:
    id = somebody(tenant, kind)
    before, path = roles_of(tenant, id), f"/principals/{id}/roles/{REPORTER}"
    first, again = tenant.call("PUT", path), tenant.call("PUT", path)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert (first.json()["role"], first.json()["incomplete"]) == (REPORTER, [])
    assert first.json()["assigned_by"] == tenant.admin.id
    assert roles_of(tenant, id) == sorted([*before, REPORTER])
    assert "asm.r" in tenant.held_by(id)
    assert tenant.call("DELETE", path).status_code == 204
    assert tenant.call("DELETE", path).status_code == 404
    assert roles_of(tenant, id) == before
    assert events(tenant) == [
        ("assignments:create", id, {"after": {"role": REPORTER}}),
        ("assignments:revoke", id, {"before": {"role": REPORTER}, "cancelled_invitations": 0}),
    ]


def test_another_spelling_of_a_role_is_the_same_role(tenant: Tenant) -> None:
    id = somebody(tenant, "end_user")
    made = tenant.call("PUT", f"/principals/{id}/roles/{ALIAS}")
    assert (made.status_code, made.json()["role"]) == (201, REPORTER)
    assert tenant.call("PUT", f"/principals/{id}/roles/{REPORTER}").status_code == 200
    assert tenant.call("DELETE", f"/principals/{id}/roles/{ALIAS}").status_code == 204
    assert roles_of(tenant, id) == []


@pytest.mark.parametrize("role", ["gone", REPORTER.upper(), "asm.r", "ä"])
def test_a_role_that_is_not_there_is_not_assigned(tenant: Tenant, role: str) -> None:
    id = somebody(tenant, "end_user")
    answer = tenant.call("PUT", f"/principals/{id}/roles/{role}")
    assert (answer.status_code, answer.json()["field"]) == (404, "role")
    assert tenant.call("DELETE", f"/principals/{id}/roles/{role}").status_code == 404
    assert roles_of(tenant, id) == []


def test_an_applications_roles_are_assigned_once_it_is_registered(tenant: Tenant) -> None:
    id = somebody(tenant, "end_user")
    register(tenant, "draft", registered=False)
    register(tenant, "viewer")
    refused = tenant.call("PUT", f"/principals/{id}/roles/mdsp:here:draft.user")
    assert (refused.status_code, refused.json()["conflict"]) == (409, "draft")
    assert "Register it first" in refused.json()["detail"]
    made = tenant.call("PUT", f"/principals/{id}/roles/mdsp:here:viewer.user")
    assert made.status_code == 201
    assert roles_of(tenant, id) == ["mdsp:here:viewer.user"]


def test_a_role_that_has_gone_since_can_still_be_taken_away(tenant: Tenant) -> None:
    id = somebody(tenant, "end_user")
    tenant.assign(id, "gone")
    assert tenant.call("DELETE", f"/principals/{id}/roles/gone").status_code == 204
    assert roles_of(tenant, id) == []


def test_a_role_without_what_it_requires_is_reported_and_gives_what_it_says(
    tenant: Tenant,
) -> None:
    id = somebody(tenant, "end_user")
    lacking = [{"role": BATCH, "requires": [ANALYST]}]
    made = tenant.call("PUT", f"/principals/{id}/roles/{BATCH}")
    assert (made.status_code, made.json()["incomplete"]) == (201, lacking)
    assert tenant.held_by(id) == {"as.adb.u"}
    assert tenant.call("PUT", f"/principals/{id}/roles/{REPORTER}").json()["incomplete"] == lacking
    assert tenant.call("PUT", f"/principals/{id}/roles/{ANALYST}").json()["incomplete"] == []


def test_what_a_role_requires_may_come_through_a_group(tenant: Tenant) -> None:
    id = somebody(tenant, "end_user")
    tenant.assign(tenant.group("Analysts", id), ANALYST)
    assert tenant.call("PUT", f"/principals/{id}/roles/{BATCH}").json()["incomplete"] == []


def test_an_address_means_the_end_user_before_the_member(tenant: Tenant) -> None:
    end_user = tenant.person("admin@example.com")
    path = f"/principals/admin@example.com/roles/{REPORTER}"
    assert tenant.call("PUT", path).status_code == 201
    assert roles_of(tenant, end_user.id) == roles_of(tenant, "ADMIN@example.com") == [REPORTER]
    assert roles_of(tenant, tenant.admin.id) == ["iotman:admin"]


@pytest.mark.parametrize("type", [t for t in ClientType if t is not ClientType.CLIENT_CREDENTIALS])
def test_a_client_through_which_people_act_takes_no_roles(tenant: Tenant, type: ClientType) -> None:
    client, _ = tenant.client(type)
    answer = tenant.call("PUT", f"/principals/{client}/roles/{REPORTER}")
    assert (answer.status_code, answer.json()["conflict"]) == (409, "type")


# --- member roles -------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_members_member_role_is_changed_where_the_members_are(
    tenant: Tenant, method: str, role: str
) -> None:
    for id in (tenant.admin.id, somebody(tenant, "member")):
        before = roles_of(tenant, id)
        answer = tenant.call(method, f"/principals/{id}/roles/iotman:{role}")
        assert (answer.status_code, answer.json()["conflict"]) == (409, f"iotman:{role}")
        assert roles_of(tenant, id) == before


@pytest.mark.parametrize("kind", ["end_user", "client", "group"])
def test_others_may_be_assigned_a_member_role(tenant: Tenant, kind: str) -> None:
    id = somebody(tenant, kind)
    path = f"/principals/{id}/roles/iotman:viewer"
    assert tenant.call("PUT", path).status_code == 201
    assert "iotman:audit:read" in tenant.held_by(id)
    assert tenant.call("DELETE", path).status_code == 204


def test_members_with_further_roles_are_shown_changed_and_removed_by_their_member_role(
    tenant: Tenant,
) -> None:
    tenant.role("admin")  # not the one that administrators have
    tenant.role("editor")
    id = somebody(tenant, "member")
    for role in ("admin", "editor", REPORTER):
        assert tenant.call("PUT", f"/principals/{id}/roles/{role}").status_code == 201
    assert tenant.call("GET", f"/members/{id}").json()["role"] == "viewer"
    listed = tenant.call("GET", "/members").json()["data"]
    assert {one["id"]: one["role"] for one in listed}[id] == "viewer"
    changed = tenant.call("PATCH", f"/members/{id}", {"role": "editor"})
    assert (changed.status_code, changed.json()["role"]) == (200, "editor")
    assert roles_of(tenant, id) == ["admin", "editor", "iotman:editor", REPORTER]
    assert tenant.call("DELETE", f"/members/{tenant.admin.id}").status_code == 409
    assert tenant.call("DELETE", f"/members/{id}").status_code == 204


def test_a_demoted_member_keeps_what_was_sent_if_other_roles_still_give_all_of_it(
    tenant: Tenant,
) -> None:
    id = somebody(tenant, "member")
    tenant.role("deputy", includes=("iotman:admin",))
    for role in ("admin", "viewer"):
        tenant.call("PATCH", f"/members/{id}", {"role": role})
        tenant.call("PUT", f"/principals/{id}/roles/deputy")
        if role == "admin":
            invite(tenant, id)
    assert len(tenant.call("GET", "/invitations").json()["data"]) == 1
    assert tenant.call("DELETE", f"/principals/{id}/roles/deputy").status_code == 204
    assert tenant.call("GET", "/invitations").json()["data"] == []


# --- who may give -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_assigns_what_they_do_not_hold(tenant: Tenant, kind: str) -> None:
    id = somebody(tenant, kind)
    tenant.role("opening", "iotman:audit:read", includes=("further",))
    tenant.role("further", "iotman:keys:rotate", "asm.r")
    path, before = f"/principals/{id}/roles/opening", roles_of(tenant, id)
    giver = tenant.key_with("iotman:assignments:create", "iotman:audit:read")
    refused = tenant.call("PUT", path, bearer=giver)
    assert refused.status_code == 403
    assert refused.json()["type"].endswith("/problems/escalation")
    assert refused.json()["missing"] == ["iotman:keys:rotate"]
    assert roles_of(tenant, id) == before
    giver = tenant.key_with("iotman:assignments:create", "iotman:audit:read", "iotman:keys:rotate")
    assert tenant.call("PUT", path, bearer=giver).status_code == 201


def test_assigning_to_oneself_or_ones_own_group_is_bound_alike(tenant: Tenant) -> None:
    ann = tenant.person("ann@example.com")
    tenant.grant(ann, "iotman:assignments:create")
    for id in (ann.id, tenant.group("Mine", ann)):
        path = f"/principals/{id}/roles/iotman:admin"
        assert tenant.call("PUT", path, bearer=tenant.key(ann)).status_code == 403
    assert tenant.held_by(ann) == {"iotman:assignments:create"}


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
def test_only_administrators_assign_and_only_in_their_own_workspace(
    tenant: Tenant, role: str
) -> None:
    person = tenant.person(f"a-{role}@example.com", kind=PrincipalKind.MEMBER)
    tenant.assign(person, f"iotman:{role}")
    key, ann = tenant.key(person), tenant.person("ann@example.com")
    answer = tenant.call("PUT", f"/principals/{ann.id}/roles/{REPORTER}", bearer=key)
    assert answer.status_code == (201 if role == "admin" else 403)
    other = Tenant(tenant.running, catalogues=("internal", "mindsphere"))
    theirs = f"/principals/{other.person('ann@example.com').id}/roles/{REPORTER}"
    assert other.call("PUT", theirs, bearer=key).status_code == 401
    assert tenant.call("PUT", theirs, bearer=key).status_code == (404 if role == "admin" else 403)
    assert tenant.call("GET", theirs.rpartition("/")[0], bearer=key).status_code == 404


# --- what it comes to ---------------------------------------------------------------------------


def test_a_role_shows_in_the_next_token_and_is_gone_from_the_one_after(tenant: Tenant) -> None:
    id, secret = tenant.client()
    path = f"/principals/{id}/roles/{REPORTER}"
    assert tenant.token(id, secret).json()["scope"] == ""
    tenant.call("PUT", path)
    assert tenant.token(id, secret).json()["scope"] == "asm.f.r asm.r atm.apt.r atm.r"
    tenant.call("DELETE", path)
    assert tenant.token(id, secret).json()["scope"] == ""


def test_a_role_assigned_to_one_changes_nothing_for_another(tenant: Tenant) -> None:
    ann, bob = tenant.person("ann@example.com"), tenant.person("bob@example.com")
    tenant.call("PUT", f"/principals/{ann.id}/roles/{REPORTER}")
    assert tenant.held_by(bob) == frozenset()


def invite(tenant: Tenant, sender: Principal | str) -> None:
    body = {"email": f"{new_id('new')}@example.com", "role": "editor"}
    assert tenant.call("POST", "/members", body, bearer=tenant.key(sender)).status_code == 201


@pytest.mark.parametrize("through", ["itself", "a group"])
def test_who_loses_what_opens_something_loses_what_they_invited_to(
    tenant: Tenant, through: str
) -> None:
    ann, bob = tenant.person("ann@example.com"), tenant.person("bob@example.com")
    holder = ann.id if through == "itself" else tenant.group("Crew", ann)
    tenant.assign(bob, "iotman:admin")
    for role in ("iotman:admin", REPORTER):
        assert tenant.call("PUT", f"/principals/{holder}/roles/{role}").status_code == 201
    for sender in (ann, bob):
        invite(tenant, sender)
    tenant.call("DELETE", f"/principals/{holder}/roles/{REPORTER}")
    assert len(tenant.call("GET", "/invitations").json()["data"]) == 2
    tenant.call("DELETE", f"/principals/{holder}/roles/iotman:admin")
    left = tenant.call("GET", "/invitations").json()["data"]
    assert [one["invited_by"] for one in left] == [bob.id]
    assert events(tenant)[-1][2]["cancelled_invitations"] == 1
