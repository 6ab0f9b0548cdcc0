"""Members and invitations over HTTP."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from scopewright.core.model import ClientType, Principal, PrincipalKind
from scopewright.core.oauth import hash_secret
from scopewright.ids import new_id
from scopewright.store import invitations
from tests.inprocess import ADMIN_ROLE, Tenant


def address(name: str = "ann") -> str:
    """One that no other test uses, for letters to all lie in one folder."""
    return f"{name}.{new_id('x')}@example.com"


def member(tenant: Tenant, role: str) -> Principal:
    person = tenant.person(address(role), kind=PrincipalKind.MEMBER)
    tenant.assign(person, f"iotman:{role}")
    return person


def invite(tenant: Tenant, email: str, role: str = "viewer", *, bearer: str = "") -> str:
    """Invite; the token in the letter's link."""
    answer = tenant.call("POST", "/members", {"email": email, "role": role}, bearer=bearer)
    assert answer.status_code == 201, answer.text
    return token_in_letter(tenant, email)


def token_in_letter(tenant: Tenant, email: str, *, count: int = 1) -> str:
    text = tenant.running.letters_to(email, count=count)[-1].get_content()
    found = re.search(r"http\S+", text)
    assert found is not None
    link = urlsplit(found[0])
    assert link.path == "/invitations/accept"
    [token] = parse_qs(link.query)["token"]
    return token


def accept(tenant: Tenant, token: str, email: str) -> Principal | None:
    return tenant.running.application.services.invitations.accept(token, email)


def role_of(tenant: Tenant, person: Principal) -> str:
    return str(tenant.call("GET", f"/members/{person.id}").json()["role"])


# --- invitations --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/members", "/invitations"])
def test_an_invitation_is_listed_until_it_is_accepted(tenant: Tenant, path: str) -> None:
    email = address()
    sent = tenant.call("POST", path, {"email": email.upper(), "role": "editor"})
    assert sent.status_code == 201
    shown = sent.json()
    assert (shown["email"], shown["role"]) == (email, "editor")
    assert shown["invited_by"] == tenant.admin.id
    assert tenant.call("GET", "/invitations").json()["data"] == [shown]
    assert tenant.call("GET", f"/invitations/{shown['id']}").json() == shown
    token = token_in_letter(tenant, email)
    assert token not in sent.text
    joined = accept(tenant, token, email)
    assert joined is not None
    assert role_of(tenant, joined) == "editor"
    assert tenant.call("GET", "/invitations").json()["data"] == []
    assert tenant.call("GET", f"/invitations/{shown['id']}").status_code == 404


def test_only_the_hash_of_the_link_is_kept(tenant: Tenant) -> None:
    token = invite(tenant, address())
    with tenant.running.database.read() as tx:
        assert invitations.by_hash(tx, token) is None
        assert invitations.by_hash(tx, hash_secret(token)) is not None


def test_a_link_works_once(tenant: Tenant) -> None:
    email = address()
    token = invite(tenant, email)
    assert accept(tenant, token, email) is not None
    assert accept(tenant, token, email) is None


def test_a_link_dies_after_seven_days(tenant: Tenant) -> None:
    email = address()
    token = invite(tenant, email)
    tenant.running.clock.advance(days=7)
    assert accept(tenant, token, email) is None


def test_an_expired_invitation_says_so_and_is_sent_again_or_cancelled(tenant: Tenant) -> None:
    email = address()
    invite(tenant, email)
    [pending] = tenant.call("GET", "/invitations").json()["data"]
    assert pending["state"] == "pending"
    tenant.running.clock.advance(days=7)
    expired = pending | {"state": "expired"}
    assert tenant.call("GET", "/invitations").json()["data"] == [expired]
    assert tenant.call("GET", f"/invitations/{pending['id']}").json() == expired
    token = invite(tenant, email)
    [again] = tenant.call("GET", "/invitations").json()["data"]
    assert (again["email"], again["state"]) == (email, "pending")
    tenant.running.clock.advance(days=7)
    assert tenant.call("DELETE", f"/invitations/{again['id']}").status_code == 204
    assert tenant.call("GET", "/invitations").json()["data"] == []
    assert accept(tenant, token, email) is None


def test_a_link_works_until_seven_days_are_over(tenant: Tenant) -> None:
    email = address()
    token = invite(tenant, email)
    tenant.running.clock.advance(days=7, seconds=-1)
    assert accept(tenant, token, email) is not None


def test_a_link_works_for_the_address_it_went_to_only(tenant: Tenant) -> None:
    email = address()
    token = invite(tenant, email)
    assert accept(tenant, token, address("eve")) is None
    assert accept(tenant, token, email.upper()) is not None


def test_an_altered_link_is_no_link(tenant: Tenant) -> None:
    email = address()
    token = invite(tenant, email)
    assert accept(tenant, token[:-1] + ("0" if token[-1] != "0" else "1"), email) is None


def test_a_cancelled_link_dies_at_once(tenant: Tenant) -> None:
    email = address()
    token = invite(tenant, email)
    [pending] = tenant.call("GET", "/invitations").json()["data"]
    assert tenant.call("DELETE", f"/invitations/{pending['id']}").status_code == 204
    assert tenant.call("DELETE", f"/invitations/{pending['id']}").status_code == 404
    assert accept(tenant, token, email) is None


def test_a_second_invitation_takes_the_place_of_the_first(tenant: Tenant) -> None:
    email = address()
    first = invite(tenant, email, "admin")
    tenant.call("POST", "/members", {"email": email, "role": "viewer"})
    second = token_in_letter(tenant, email, count=2)
    assert len(tenant.call("GET", "/invitations").json()["data"]) == 1
    assert accept(tenant, first, email) is None
    joined = accept(tenant, second, email)
    assert joined is not None
    assert role_of(tenant, joined) == "viewer"


def test_a_member_is_not_invited_again(tenant: Tenant) -> None:
    person = member(tenant, "viewer")
    answer = tenant.call("POST", "/members", {"email": person.name, "role": "admin"})
    assert answer.status_code == 409


def test_an_end_user_may_become_a_member_and_both_records_stay_apart(tenant: Tenant) -> None:
    email = address()
    end_user = tenant.person(email)
    tenant.define("sensor:read")
    tenant.grant(end_user, "sensor:read")
    joined = accept(tenant, invite(tenant, email), email)
    assert joined is not None
    assert joined.id != end_user.id
    assert "sensor:read" not in tenant.held_by(joined)
    assert tenant.held_by(end_user) == {"sensor:read"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "no address", "role": "viewer"}, "email"),
        ({"email": "a/b@example.com", "role": "viewer"}, "email"),
        ({"email": "a@example.com", "role": "owner"}, "role"),
        ({"email": "a@example.com", "role": "iotman:viewer"}, "role"),
        ({"email": "a@example.com"}, "role"),
    ],
)
def test_a_wrong_invitation_names_the_field(
    tenant: Tenant, body: dict[str, str], field: str
) -> None:
    answer = tenant.call("POST", "/members", body)
    assert answer.status_code == 422
    assert answer.json()["field"] == field


def test_nobody_invites_to_a_role_that_holds_more_than_they_do(tenant: Tenant) -> None:
    held = tenant.held_by(member(tenant, "viewer")) | {"iotman:members:create"}
    id, secret = tenant.client(ClientType.CLIENT_CREDENTIALS, *held)
    token = tenant.access_token(id, secret)
    for role, status in (("viewer", 201), ("editor", 403), ("admin", 403)):
        body = {"email": address(), "role": role}
        answer = tenant.call("POST", "/members", body, bearer=token)
        assert answer.status_code == status
    assert answer.json()["type"].endswith("/problems/escalation")
    assert "iotman:workspace:delete" in answer.json()["missing"]
    assert len(tenant.call("GET", "/invitations").json()["data"]) == 1


def test_a_credential_narrower_than_its_member_gives_no_more_than_it_holds(
    tenant: Tenant,
) -> None:
    narrow = tenant.key_with("iotman:members:create", "iotman:members:read")
    body = {"email": address(), "role": "viewer"}
    assert tenant.call("POST", "/members", body, bearer=narrow).status_code == 403


def test_a_giver_must_still_have_what_its_token_says(tenant: Tenant) -> None:
    held = tenant.held_by(member(tenant, "viewer")) | {"iotman:members:create"}
    id, secret = tenant.client(ClientType.CLIENT_CREDENTIALS, *held)
    token = tenant.access_token(id, secret)
    tenant.revoke(id, "iotman:audit:read")
    body = {"email": address(), "role": "viewer"}
    refused = tenant.call("POST", "/members", body, bearer=token)
    assert refused.status_code == 403
    assert refused.json()["missing"] == ["iotman:audit:read"]


def test_an_invitation_ends_when_its_sender_is_removed(tenant: Tenant) -> None:
    sender, email = member(tenant, "admin"), address()
    token = invite(tenant, email, bearer=tenant.key(sender))
    assert tenant.call("DELETE", f"/members/{sender.id}").status_code == 204
    assert tenant.call("GET", "/invitations").json()["data"] == []
    assert accept(tenant, token, email) is None


def test_an_invitation_ends_when_its_sender_is_demoted_even_if_promoted_again(
    tenant: Tenant,
) -> None:
    sender, email = member(tenant, "admin"), address()
    token = invite(tenant, email, bearer=tenant.key(sender))
    for role in ("editor", "admin"):
        tenant.call("PATCH", f"/members/{sender.id}", {"role": role})
    assert accept(tenant, token, email) is None


def test_an_invitation_goes_on_when_its_sender_is_promoted(tenant: Tenant) -> None:
    sender, email = member(tenant, "viewer"), address()
    tenant.grant(sender, "iotman:members:create")
    token = invite(tenant, email, bearer=tenant.key(sender))
    tenant.call("PATCH", f"/members/{sender.id}", {"role": "admin"})
    assert accept(tenant, token, email) is not None


def test_an_invitation_ends_when_its_sender_lost_what_it_gives(tenant: Tenant) -> None:
    held = tenant.held_by(member(tenant, "viewer")) | {"iotman:members:create"}
    id, secret = tenant.client(ClientType.CLIENT_CREDENTIALS, *held)
    email = address()
    token = invite(tenant, email, bearer=tenant.access_token(id, secret))
    tenant.revoke(id, "iotman:audit:read")
    assert accept(tenant, token, email) is None


# --- members ------------------------------------------------------------------------------------


def test_members_are_listed_with_their_roles_page_by_page(tenant: Tenant) -> None:
    people = [member(tenant, role) for role in ("viewer", "editor")]
    first = tenant.call("GET", "/members?limit=2").json()
    second = tenant.running.http.request(
        "GET", first["next_page"], headers={"authorization": f"Bearer {tenant.admin_key}"}
    ).json()
    shown = [(m["email"], m["role"]) for page in (first, second) for m in page["data"]]
    assert shown == [
        ("admin@example.com", "admin"),
        (people[0].name, "viewer"),
        (people[1].name, "editor"),
    ]
    assert second["next_page"] is None


def test_a_member_is_found_by_address_in_any_case_and_by_id(tenant: Tenant) -> None:
    person = member(tenant, "viewer")
    by_id = tenant.call("GET", f"/members/{person.id}").json()
    assert tenant.call("GET", f"/members/{person.name.upper()}").json() == by_id
    assert tenant.call("GET", "/members/nobody@example.com").status_code == 404


def test_an_end_user_and_a_member_of_another_workspace_are_no_members(tenant: Tenant) -> None:
    end_user, stranger = tenant.person(address()), member(Tenant(tenant.running), "viewer")
    for person in (end_user, stranger):
        assert tenant.call("GET", f"/members/{person.id}").status_code == 404
        assert tenant.call("DELETE", f"/members/{person.id}").status_code == 404
        body = {"role": "admin"}
        assert tenant.call("PATCH", f"/members/{person.id}", body).status_code == 404


def test_another_role_counts_at_the_next_call(tenant: Tenant) -> None:
    person = member(tenant, "viewer")
    key, body = tenant.key(person), {"name": "a:b"}
    assert tenant.call("POST", "/scopes", body, bearer=key).status_code == 403
    changed = tenant.call("PATCH", f"/members/{person.name}", {"role": "admin"})
    assert changed.status_code == 200
    assert changed.json()["role"] == "admin"
    assert tenant.call("POST", "/scopes", body, bearer=key).status_code == 201
    tenant.call("PATCH", f"/members/{person.name}", {"role": "viewer"})
    assert tenant.call("DELETE", "/scopes/a:b", bearer=key).status_code == 403


def test_nobody_lifts_anybody_themselves_included_above_what_they_hold(tenant: Tenant) -> None:
    person = member(tenant, "editor")
    tenant.grant(person, "iotman:members:update")
    refused = tenant.call(
        "PATCH", f"/members/{person.id}", {"role": "admin"}, bearer=tenant.key(person)
    )
    assert refused.status_code == 403
    assert refused.json()["type"].endswith("/problems/escalation")
    assert role_of(tenant, person) == "editor"


def test_the_last_administrator_is_neither_demoted_nor_removed(tenant: Tenant) -> None:
    for role in ("viewer", "editor"):
        answer = tenant.call("PATCH", f"/members/{tenant.admin.id}", {"role": role})
        assert answer.status_code == 409
    assert tenant.call("PATCH", f"/members/{tenant.admin.id}", {"role": "admin"}).is_success
    assert tenant.call("DELETE", f"/members/{tenant.admin.id}").status_code == 409
    second = member(tenant, "admin")
    assert tenant.call("DELETE", f"/members/{tenant.admin.id}").status_code == 204
    assert tenant.call("GET", "/members", bearer=tenant.key(second)).status_code == 200


def test_an_end_user_with_the_role_is_no_administrator_who_could_stay_behind(
    tenant: Tenant,
) -> None:
    tenant.assign(tenant.person(address()), ADMIN_ROLE)
    assert tenant.call("DELETE", f"/members/{tenant.admin.id}").status_code == 409


def test_a_removed_member_is_refused_at_once(tenant: Tenant) -> None:
    person = member(tenant, "viewer")
    key = tenant.key(person)
    assert tenant.call("GET", "/members", bearer=key).status_code == 200
    assert tenant.call("DELETE", f"/members/{person.name}").status_code == 204
    assert tenant.call("GET", "/members", bearer=key).status_code == 401


def test_removing_leaves_the_record_in_another_workspace_alone(tenant: Tenant) -> None:
    other, person = Tenant(tenant.running), member(tenant, "viewer")
    there = other.person(person.name, kind=PrincipalKind.MEMBER)
    other.assign(there, "iotman:viewer")
    tenant.call("DELETE", f"/members/{person.name}")
    assert other.call("GET", f"/members/{person.name}").json()["id"] == there.id


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", "/members", "members:read"),
        ("POST", "/members", "members:create"),
        ("GET", "/members/x", "members:read"),
        ("PATCH", "/members/x", "members:update"),
        ("DELETE", "/members/x", "members:remove"),
        ("GET", "/invitations", "invitations:read"),
        ("POST", "/invitations", "members:create"),
        ("GET", "/invitations/x", "invitations:read"),
        ("DELETE", "/invitations/x", "invitations:revoke"),
    ],
)
def test_each_call_needs_its_scope(tenant: Tenant, method: str, path: str, operation: str) -> None:
    body = {"email": address(), "role": "viewer"} if method == "POST" else None
    body = {"role": "viewer"} if method == "PATCH" else body
    refused = tenant.call(method, path, body, bearer=tenant.key_with("iotman:scopes:read"))
    assert refused.status_code == 403
    assert refused.json()["missing"] == [f"iotman:{operation}"]


def test_every_change_is_in_the_audit_log_with_its_actor(tenant: Tenant) -> None:
    person, email = member(tenant, "viewer"), address()
    token = invite(tenant, email)
    joined = accept(tenant, token, email)
    assert joined is not None
    tenant.call("PATCH", f"/members/{person.id}", {"role": "editor"})
    tenant.call("DELETE", f"/members/{person.id}")
    log = tenant.call("GET", "/audit")
    events = [(e["operation"], e["actor"]) for e in log.json()["data"]]
    assert events == [
        ("members:remove", tenant.admin.id),
        ("members:update", tenant.admin.id),
        ("invitations:accept", joined.id),
        ("members:create", tenant.admin.id),
    ]
    assert log.json()["data"][1]["details"]["before"] == {"role": "viewer"}
    assert token not in log.text


# --- without a role -----------------------------------------------------------------------------


def test_a_member_without_a_role_is_listed_with_none_and_can_be_given_one(tenant: Tenant) -> None:
    nobody = tenant.person(address(), kind=PrincipalKind.MEMBER)
    listed = tenant.call("GET", "/members").json()["data"]
    assert {each["id"]: each["role"] for each in listed} == {
        tenant.admin.id: "admin",
        nobody.id: None,
    }
    assert tenant.call("GET", f"/members/{nobody.id}").json()["role"] is None
    given = tenant.call("PATCH", f"/members/{nobody.id}", {"role": "viewer"})
    assert (given.status_code, given.json()["role"]) == (200, "viewer")
    assert role_of(tenant, nobody) == "viewer"


def test_a_member_without_a_role_can_be_removed(tenant: Tenant) -> None:
    nobody = tenant.person(address(), kind=PrincipalKind.MEMBER)
    assert tenant.call("DELETE", f"/members/{nobody.id}").status_code == 204
    assert tenant.call("GET", f"/members/{nobody.id}").status_code == 404
