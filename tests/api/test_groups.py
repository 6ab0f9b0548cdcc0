"""Groups over HTTP: made and deleted, entered and left, nested; what they hold, members hold."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from scopewright.core.model import ClientType, PrincipalKind
from scopewright.ids import new_id
from scopewright.store import audit, groups
from scopewright.store.pages import Window
from tests.inprocess import Tenant

KINDS = ("member", "end_user", "client", "group")


def make(tenant: Tenant, name: str) -> str:
    answer = tenant.call("POST", "/groups", {"name": name})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def somebody(tenant: Tenant, kind: str) -> str:
    """The id of a principal of a kind."""
    if kind == "client":
        return tenant.client()[0]
    if kind == "group":
        return tenant.group("Inner")
    return tenant.person(f"{new_id('ann')}@example.com", kind=PrincipalKind(kind)).id


def put(tenant: Tenant, group: str, member: str, *, status: int = 201) -> dict[str, Any]:
    answer = tenant.call("PUT", f"/groups/{group}/members/{member}")
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def members_of(tenant: Tenant, group: str, query: str = "") -> dict[str, str]:
    listed = tenant.call("GET", f"/groups/{group}/members{query}").json()["data"]
    return {one["principal"]["id"]: one["type"] for one in listed}


def events(tenant: Tenant) -> list[tuple[str, dict[str, Any]]]:
    with tenant.running.database.read() as tx:
        found = audit.page(tx, tenant.id, window=Window()).items
    return [(event.operation, event.details) for event in reversed(found)]


# --- making and deleting ------------------------------------------------------------------------


def test_a_group_is_made_shown_listed_and_deleted(tenant: Tenant) -> None:
    made = tenant.call("POST", "/groups", {"name": "  Field crew "})
    assert made.status_code == 201
    assert made.json()["name"] == "Field crew"
    path = f"/groups/{made.json()['id']}"
    assert tenant.call("GET", path).json() == made.json()
    assert tenant.call("GET", "/groups").json() == {"data": [made.json()], "next_page": None}
    assert tenant.call("DELETE", path).status_code == 204
    assert tenant.call("GET", "/groups").json()["data"] == []
    for method in ("GET", "DELETE"):
        assert tenant.call(method, path).status_code == 404


def test_no_two_groups_of_a_workspace_have_one_name_in_whatever_letter_case(
    tenant: Tenant,
) -> None:
    make(tenant, "Straße")
    for name in ("Straße", "STRASSE", " strasse"):
        answer = tenant.call("POST", "/groups", {"name": name})
        assert answer.status_code == 409
        assert (answer.json()["field"], answer.json()["conflict"]) == ("name", "Straße")
    make(Tenant(tenant.running), "Straße")
    assert len(tenant.call("GET", "/groups").json()["data"]) == 1


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 129, "\x00", "\u2028"])
def test_a_name_is_one_visible_line(tenant: Tenant, name: str) -> None:
    answer = tenant.call("POST", "/groups", {"name": name})
    assert (answer.status_code, answer.json()["field"]) == (422, "name")


def test_what_a_group_gave_goes_with_it_and_with_what_it_was_in(tenant: Tenant) -> None:
    tenant.define("a:read", "b:read")
    tenant.role("reader", "a:read")
    tenant.role("other", "b:read")
    ann = tenant.person("ann@example.com")
    inner = tenant.group("Inner", ann)
    outer = tenant.group("Outer", inner)
    tenant.assign(inner, "reader")
    tenant.assign(outer, "other")
    key = tenant.key(ann)
    assert held_by(tenant, key) == ["a:read", "b:read"]
    assert tenant.call("DELETE", f"/groups/{inner}").status_code == 204
    assert held_by(tenant, key) == []
    assert members_of(tenant, outer) == {}
    assert events(tenant)[-1] == (
        "groups:delete",
        {
            "before": {"name": "Inner", "members": [ann.id], "roles": ["reader"]},
            "cancelled_invitations": 0,
        },
    )


def held_by(tenant: Tenant, key: str) -> list[str]:
    """What the key's principal holds, as the very next request sees it."""
    headers = {"authorization": f"Bearer {key}"}
    answer = tenant.running.http.request("GET", "/api/whoami", headers=headers)
    return list(answer.json()["scopes"])


def test_whatever_changes_above_somebody_counts_at_their_next_request(tenant: Tenant) -> None:
    tenant.define("a:read")
    tenant.role("reader", "a:read")
    ann = tenant.person("ann@example.com")
    inner, outer = make(tenant, "Inner"), make(tenant, "Outer")
    key = tenant.key(ann)
    changes = [
        ("PUT", f"/groups/{inner}/members/{ann.id}", False),
        ("PUT", f"/principals/{outer}/roles/reader", False),
        ("PUT", f"/groups/{outer}/members/{inner}", True),
        ("DELETE", f"/principals/{outer}/roles/reader", False),
        ("PUT", f"/principals/{outer}/roles/reader", True),
        ("DELETE", f"/groups/{outer}/members/{inner}", False),
        ("PUT", f"/groups/{outer}/members/{inner}", True),
        ("DELETE", f"/groups/{inner}/members/{ann.id}", False),
        ("PUT", f"/groups/{outer}/members/{ann.id}", True),
        ("DELETE", f"/groups/{outer}", False),
    ]
    for method, path, is_held in changes:
        assert tenant.call(method, path).is_success
        assert held_by(tenant, key) == (["a:read"] if is_held else []), (method, path)


# --- who is in it -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_principals_of_every_kind_enter_and_leave_once(tenant: Tenant, kind: str) -> None:
    group, member = make(tenant, "Crew"), somebody(tenant, kind)
    entered = put(tenant, group, member)
    assert entered["principal"]["id"] == member
    assert (entered["principal"]["kind"], entered["type"]) == (kind, "DIRECT")
    assert put(tenant, group, member, status=200) == entered
    listed = tenant.call("GET", f"/groups/{group}/members").json()
    assert listed == {"data": [entered], "next_page": None}
    for status in (204, 404):
        assert tenant.call("DELETE", f"/groups/{group}/members/{member}").status_code == status
    assert members_of(tenant, group) == {}
    assert [event for event in events(tenant) if event[0] == "groups:update"] == [
        ("groups:update", {"after": {"member": member}}),
        ("groups:update", {"before": {"member": member}, "cancelled_invitations": 0}),
    ]


def test_an_address_means_the_end_user_before_the_member(tenant: Tenant) -> None:
    group = make(tenant, "Crew")
    assert put(tenant, group, "admin@example.com")["principal"]["id"] == tenant.admin.id
    end_user = tenant.person("admin@example.com")
    assert put(tenant, group, "Admin@Example.com")["principal"]["id"] == end_user.id


def test_members_of_inner_groups_are_indirect_page_by_page(tenant: Tenant) -> None:
    ann, bob = tenant.person("ann@example.com"), tenant.person("bob@example.com")
    inner = tenant.group("Inner", ann, bob)
    outer = tenant.group("Outer", inner, ann)
    assert members_of(tenant, outer) == {ann.id: "DIRECT", bob.id: "INDIRECT", inner: "DIRECT"}
    seen: dict[str, str] = {}
    query: str | None = "limit=1"
    while query is not None:
        page = tenant.call("GET", f"/groups/{outer}/members?{query}").json()
        [one] = page["data"]
        seen[one["principal"]["id"]] = one["type"]
        query = page["next_page"] and urlsplit(page["next_page"]).query
    assert seen == members_of(tenant, outer)


def test_who_is_in_it_through_others_only_cannot_be_taken_out(tenant: Tenant) -> None:
    ann = tenant.person("ann@example.com")
    outer = tenant.group("Outer", tenant.group("Inner", ann))
    assert tenant.call("DELETE", f"/groups/{outer}/members/{ann.id}").status_code == 404
    assert ann.id in members_of(tenant, outer)


def test_a_group_in_itself_is_refused_with_the_path_of_names(tenant: Tenant) -> None:
    inner = tenant.group("Inner")
    middle = tenant.group("Middle", inner)
    outer = tenant.group("Outer", middle)
    refused = tenant.call("PUT", f"/groups/{inner}/members/{outer}")
    assert refused.status_code == 409
    assert refused.json()["conflict"] == ["Outer", "Inner", "Middle", "Outer"]
    assert "Outer in Inner in Middle in Outer" in refused.json()["detail"]
    itself = tenant.call("PUT", f"/groups/{inner}/members/{inner}")
    assert (itself.status_code, itself.json()["conflict"]) == (409, ["Inner", "Inner"])
    assert members_of(tenant, inner) == {}


@pytest.mark.parametrize("type", [t for t in ClientType if t is not ClientType.CLIENT_CREDENTIALS])
def test_a_client_through_which_people_act_enters_no_group(
    tenant: Tenant, type: ClientType
) -> None:
    group, (client, _) = make(tenant, "Crew"), tenant.client(type)
    answer = tenant.call("PUT", f"/groups/{group}/members/{client}")
    assert (answer.status_code, answer.json()["conflict"]) == (409, "type")


def test_nobody_of_another_workspace_enters_and_its_groups_are_not_there(tenant: Tenant) -> None:
    other, group = Tenant(tenant.running), make(tenant, "Crew")
    stranger, theirs = other.person("ann@example.com"), other.group("Crew")
    paths = (f"/groups/{group}/members/{stranger.id}", f"/groups/{theirs}/members/{stranger.id}")
    for path in (*paths, f"/groups/{theirs}/members/{tenant.admin.id}"):
        for method in ("PUT", "DELETE"):
            assert tenant.call(method, path).status_code == 404
    for path in (f"/groups/{theirs}", f"/groups/{theirs}/members", f"/groups/{tenant.admin.id}"):
        assert tenant.call("GET", path).status_code == 404
    assert tenant.call("DELETE", f"/groups/{tenant.admin.id}").status_code == 404
    assert tenant.call("DELETE", f"/groups/{theirs}").status_code == 404


def test_a_removed_principal_is_in_no_group(tenant: Tenant) -> None:
    ann = tenant.person("ann@example.com")
    group = tenant.group("Crew", ann)
    assert tenant.call("DELETE", "/end-users/ann@example.com").status_code == 204
    assert members_of(tenant, group) == {}


# --- who may give by it -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_to_let_somebody_in_one_must_hold_all_that_the_group_holds(
    tenant: Tenant, kind: str
) -> None:
    group = make(tenant, "Crew")
    above = tenant.group("Above", group)
    tenant.define("own:read")
    tenant.role("opening", "iotman:audit:read", "own:read")
    tenant.assign(group, "opening")
    tenant.grant(above, "iotman:keys:rotate")
    member, path = somebody(tenant, kind), f"/groups/{group}/members"
    giver = tenant.key_with("iotman:groups:update", "iotman:audit:read")
    refused = tenant.call("PUT", f"{path}/{member}", bearer=giver)
    assert refused.status_code == 403
    assert refused.json()["type"].endswith("/problems/escalation")
    assert refused.json()["missing"] == ["iotman:keys:rotate"]
    assert members_of(tenant, group) == {}
    giver = tenant.key_with("iotman:groups:update", "iotman:audit:read", "iotman:keys:rotate")
    assert tenant.call("PUT", f"{path}/{member}", bearer=giver).status_code == 201


def test_nobody_lets_themselves_into_what_they_do_not_hold(tenant: Tenant) -> None:
    ann = tenant.person("ann@example.com")
    tenant.grant(ann, "iotman:groups:update")
    group = make(tenant, "Administrators")
    tenant.assign(group, "iotman:admin")
    answer = tenant.call("PUT", f"/groups/{group}/members/{ann.id}", bearer=tenant.key(ann))
    assert answer.status_code == 403
    assert tenant.held_by(ann) == {"iotman:groups:update"}


def test_who_leaves_loses_what_they_invited_to_and_who_keeps_it_otherwise_does_not(
    tenant: Tenant,
) -> None:
    crew = make(tenant, "Administrators")
    tenant.assign(crew, "iotman:admin")
    leaving, staying = tenant.person("a@example.com"), tenant.person("b@example.com")
    tenant.assign(staying, "iotman:admin")
    for person in (leaving, staying):
        put(tenant, crew, person.id)
        body = {"email": f"{new_id('new')}@example.com", "role": "editor"}
        sent = tenant.call("POST", "/members", body, bearer=tenant.key(person))
        assert sent.status_code == 201
    for person in (leaving, staying):
        tenant.call("DELETE", f"/groups/{crew}/members/{person.id}")
    left = tenant.call("GET", "/invitations").json()["data"]
    assert [one["invited_by"] for one in left] == [staying.id]
    assert events(tenant)[-2][1]["cancelled_invitations"] == 1


@pytest.mark.parametrize("ending", ["the group", "the group in between"])
def test_what_was_sent_is_cancelled_when_the_group_goes_that_gave_it(
    tenant: Tenant, ending: str
) -> None:
    person = tenant.person("ann@example.com")
    inner = tenant.group("Inner", person)
    outer = tenant.group("Outer", inner)
    tenant.assign(outer, "iotman:admin")
    body = {"email": f"{new_id('new')}@example.com", "role": "editor"}
    assert tenant.call("POST", "/members", body, bearer=tenant.key(person)).status_code == 201
    gone = outer if ending == "the group" else inner
    assert tenant.call("DELETE", f"/groups/{gone}").status_code == 204
    assert tenant.call("GET", "/invitations").json()["data"] == []


# --- it is nobody -------------------------------------------------------------------------------


def test_a_group_presents_no_key_and_is_no_client(tenant: Tenant) -> None:
    group = tenant.group("Crew")
    tenant.grant(group, "iotman:scopes:read")
    key = tenant.key(group)  # which no operation makes
    assert tenant.call("GET", "/scopes", bearer=key).status_code == 401
    refused = tenant.token(group, "secret")
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


def test_a_group_is_neither_end_user_nor_client_nor_member(tenant: Tenant) -> None:
    tenant.define("own:read")
    group = tenant.group("Crew")
    for path in (f"/end-users/{group}", f"/clients/{group}", f"/members/{group}"):
        assert tenant.call("GET", path).status_code == 404
        assert tenant.call("DELETE", path).status_code == 404
    for path in (f"/end-users/{group}", f"/clients/{group}"):
        answer = tenant.call("POST", f"{path}/scopes", {"scope": "own:read"})
        assert answer.status_code == 404
    assert tenant.call("POST", f"/clients/{group}/rotate-secret").status_code == 404
    rules = [{"claims": {"sub": "x"}, "client_id": group}]
    body = {"issuer": "https://o.example", "jwks": {"keys": []}, "rules": rules}
    assert tenant.call("POST", "/trusted-issuers", body).status_code == 422
    with tenant.running.database.read() as tx:
        assert groups.members(tx, group) == []
