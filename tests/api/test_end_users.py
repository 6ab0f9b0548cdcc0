"""End-users over HTTP: invited, listed, shown, removed."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import update

from scopewright.core.identities import email_identity
from scopewright.core.model import PrincipalKind
from scopewright.core.oauth import hash_secret
from scopewright.ids import new_id
from scopewright.store import identities, magic_links, principals, schema, sessions
from scopewright.store.pages import Window
from tests.inprocess import Tenant


def address(name: str = "ann") -> str:
    """One that no other test uses, for letters to all lie in one folder."""
    return f"{name}.{new_id('x')}@example.com"


def count(tenant: Tenant) -> int:
    with tenant.running.database.read() as tx:
        kind = PrincipalKind.END_USER
        return len(principals.page(tx, tenant.id, kind=kind, window=Window()).items)


def no_letter_to(tenant: Tenant, refused: str) -> bool:
    """Letters leave one after the other: once a later one is there, none is still to come."""
    tenant.define("sentinel")
    later = address("later")
    tenant.call("POST", "/end-users", {"email": later, "scopes": ["sentinel"]})
    tenant.running.letters_to(later)
    return all(refused not in path.read_text() for path in tenant.running.letters.glob("*.eml"))


def test_an_invitation_makes_an_end_user_with_scopes_of_both_kinds_apart(tenant: Tenant) -> None:
    tenant.define("sensor:read", "video:gold")
    ann = address()
    answer = tenant.call(
        "POST",
        "/end-users",
        {
            "email": ann,
            "scopes": ["video:gold", "sensor:read"],
            "internal_scopes": ["iotman:endpoints:create"],
        },
    )
    assert answer.status_code == 201
    shown = answer.json()
    assert shown["email"] == shown["name"] == ann
    assert shown["scopes"] == ["sensor:read", "video:gold"]
    assert shown["internal_scopes"] == ["iotman:endpoints:create"]
    assert shown["disabled_at"] is None
    assert tenant.call("GET", f"/end-users/{ann}").json() == shown
    assert tenant.call("GET", f"/end-users/{shown['id']}").json() == shown
    assert tenant.call("GET", "/end-users").json() == {"data": [shown], "next_page": None}
    assert tenant.held_by(shown["id"]) == {"sensor:read", "video:gold", "iotman:endpoints:create"}


@pytest.mark.parametrize(
    "body", [{"scopes": ["sensor:read"]}, {"internal_scopes": ["iotman:audit:read"]}]
)
def test_one_scope_of_either_kind_suffices(tenant: Tenant, body: dict[str, list[str]]) -> None:
    tenant.define("sensor:read")
    assert tenant.call("POST", "/end-users", {"email": address(), **body}).status_code == 201


def test_the_letter_holds_a_link_that_lives_as_long_as_the_settings_say(tenant: Tenant) -> None:
    tenant.define("sensor:read")
    ann = address()
    tenant.call("POST", "/end-users", {"email": ann, "scopes": ["sensor:read"]})
    [letter] = tenant.running.letters_to(ann)
    text = letter.get_content()
    found = re.search(r"http\S+", text)
    assert found is not None
    link = urlsplit(found[0])
    assert f"{link.scheme}://{link.netloc}{link.path}" == "http://127.0.0.1:8080/sign-in/link"
    assert "Acme" in text
    [token] = parse_qs(link.query)["token"]
    with tenant.running.database.read() as tx:
        stored = magic_links.get(tx, hash_secret(token))
    assert stored is not None
    assert (stored.email, stored.browser_hash, stored.code_hash) == (ann, None, None)
    assert stored.expires_at - stored.created_at == timedelta(days=7)


def test_inviting_again_keeps_the_row_and_its_grants_and_sends_a_fresh_letter(
    tenant: Tenant,
) -> None:
    tenant.define("sensor:read", "video:gold")
    ann = address()
    first = tenant.call("POST", "/end-users", {"email": ann, "scopes": ["sensor:read"]})
    again = tenant.call("POST", "/end-users", {"email": ann.upper(), "scopes": ["video:gold"]})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.json()["scopes"] == ["sensor:read", "video:gold"]
    assert count(tenant) == 1
    links = {str(letter.get_content()) for letter in tenant.running.letters_to(ann, count=2)}
    assert len(links) == 2


def state(tenant: Tenant, name: str) -> tuple[datetime | None, datetime | None]:
    """When somebody last signed in, and how long their invitation is good: shown and listed."""
    shown = tenant.call("GET", f"/end-users/{name}").json()
    assert shown in tenant.call("GET", "/end-users").json()["data"]
    found = (shown["last_sign_in_at"], shown["invited_until"])
    seen, until = (datetime.fromisoformat(one) if one else None for one in found)
    return seen, until


def test_until_somebody_has_signed_in_it_is_told_how_long_their_link_is_good(
    tenant: Tenant,
) -> None:
    tenant.define("sensor:read")
    ann, now = address(), tenant.running.clock()
    tenant.call("POST", "/end-users", {"email": ann, "scopes": ["sensor:read"]})
    assert state(tenant, ann) == (None, now + timedelta(days=7))
    assert state(tenant, tenant.person(address("never")).id) == (None, None)
    tenant.running.clock.advance(days=2)
    assert tenant.call("POST", f"/end-users/{ann}/invitation").status_code == 200
    assert state(tenant, ann) == (None, now + timedelta(days=9))


def test_who_was_here_is_told_of_by_when_and_not_by_an_invitation(tenant: Tenant) -> None:
    tenant.define("sensor:read")
    ann, here = address(), tenant.running.clock()
    made = tenant.call("POST", "/end-users", {"email": ann, "scopes": ["sensor:read"]}).json()
    with tenant.running.database.write() as tx:
        person = principals.get(tx, made["id"])
        assert person is not None
        identities.note_use(tx, person, email_identity(ann), at=here)
    assert state(tenant, ann) == (here, None)


def test_where_somebody_else_invites_the_same_address_nothing_is_told_of_it(
    tenant: Tenant,
) -> None:
    tenant.define("sensor:read")
    other, ann = Tenant(tenant.running), address()
    other.define("sensor:read")
    body = {"email": ann, "scopes": ["sensor:read"]}
    there = other.call("POST", "/end-users", body).json()
    assert there["invited_until"] is not None
    person = tenant.person(ann)
    assert state(tenant, person.id) == (None, None)


def test_a_letter_sent_again_has_a_fresh_link_and_gives_nothing(tenant: Tenant) -> None:
    tenant.define("sensor:read")
    ann = address()
    made = tenant.call("POST", "/end-users", {"email": ann, "scopes": ["sensor:read"]}).json()
    sender = tenant.key_with("iotman:end-users:create")
    again = tenant.call("POST", f"/end-users/{made['id']}/invitation", bearer=sender)
    assert again.status_code == 200
    assert {**again.json(), "invited_until": None} == {**made, "invited_until": None}
    letters = tenant.running.letters_to(ann, count=2)
    assert len({str(letter.get_content()) for letter in letters}) == 2
    assert tenant.call("POST", f"/end-users/{address('nobody')}/invitation").status_code == 404


def test_who_has_no_address_is_sent_no_letter(tenant: Tenant) -> None:
    person = tenant.person(address())
    with tenant.running.database.write() as tx:
        tx.run(
            update(schema.principals).where(schema.principals.c.id == person.id),
            provider="directory", subject="ann",
        )  # fmt: skip
    refused = tenant.call("POST", f"/end-users/{person.id}/invitation")
    assert (refused.status_code, refused.json()["conflict"]) == (409, "identity")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "scopes"),
        ({"scopes": [], "internal_scopes": []}, "scopes"),
        ({"scopes": ["nowhere"]}, "scopes"),
        ({"internal_scopes": ["iotman:nowhere:read"]}, "internal_scopes"),
        ({"scopes": ["sensor:read", "iotman:audit:read"]}, "scopes"),
        ({"internal_scopes": ["iotman:audit:read", "sensor:read"]}, "internal_scopes"),
        ({"email": "no address", "scopes": ["sensor:read"]}, "email"),
        ({"email": "a/b@example.com", "scopes": ["sensor:read"]}, "email"),
    ],
)
def test_a_wrong_invitation_names_the_field_and_leaves_nothing(
    tenant: Tenant, body: dict[str, object], field: str
) -> None:
    tenant.define("sensor:read")
    ann = address()
    answer = tenant.call("POST", "/end-users", {"email": ann, **body})
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert count(tenant) == 0
    assert no_letter_to(tenant, ann)


def test_one_scope_that_may_not_be_given_refuses_the_whole_invitation(tenant: Tenant) -> None:
    tenant.define("sensor:read")
    ann = address()
    giver = tenant.key_with("iotman:end-users:create", "iotman:audit:read")
    body = {
        "email": ann,
        "scopes": ["sensor:read"],
        "internal_scopes": ["iotman:audit:read", "iotman:members:remove"],
    }
    answer = tenant.call("POST", "/end-users", body, bearer=giver)
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("/problems/escalation")
    assert answer.json()["missing"] == ["iotman:members:remove"]
    assert count(tenant) == 0
    assert no_letter_to(tenant, ann)


def test_people_are_found_by_address_in_any_letter_case_and_percent_encoded(
    tenant: Tenant,
) -> None:
    person = tenant.person("ann+lab@example.com")
    for path in ("ANN+lab@Example.com", "ann%2Blab%40example.com", person.id, person.id.upper()):
        answer = tenant.call("GET", f"/end-users/{path}")
        assert answer.json()["id"] == person.id, path


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_members_clients_and_people_of_other_workspaces_are_no_end_users_here(
    tenant: Tenant, method: str
) -> None:
    stranger = Tenant(tenant.running).person("ann@example.com")
    client_id, _ = tenant.client()
    for name in ("ann@example.com", "admin@example.com", stranger.id, tenant.admin.id, client_id):
        assert tenant.call(method, f"/end-users/{name}").status_code == 404, name


def test_the_same_address_may_be_a_member_and_an_end_user(tenant: Tenant) -> None:
    tenant.define("sensor:read")
    body = {"email": "admin@example.com", "scopes": ["sensor:read"]}
    assert tenant.call("POST", "/end-users", body).status_code == 201
    assert tenant.call("DELETE", "/end-users/admin@example.com").status_code == 204
    assert tenant.call("GET", "/end-users").status_code == 200  # the member is still there


def test_removing_an_end_user_ends_sessions_and_refuses_the_keys_at_once(tenant: Tenant) -> None:
    person, (app_id, _) = tenant.person("ann@example.com"), tenant.client()
    tenant.grant(person, "iotman:scopes:read")
    session, key = tenant.session(person, app_id), tenant.key(person)
    assert tenant.call("GET", "/scopes", bearer=key).status_code == 200
    assert tenant.call("DELETE", "/end-users/Ann@example.com").status_code == 204
    assert tenant.call("GET", "/scopes", bearer=key).status_code == 401
    assert tenant.call("GET", f"/end-users/{person.id}").status_code == 404
    assert tenant.call("DELETE", f"/end-users/{person.id}").status_code == 404
    with tenant.running.database.read() as tx:
        assert sessions.get(tx, session) is None


def test_the_list_is_walked_page_by_page_without_losing_anybody(tenant: Tenant) -> None:
    made = [tenant.person(f"p{number}@example.com").id for number in range(5)]
    seen: list[str] = []
    path: str | None = "?limit=2"
    while path is not None:
        page = tenant.call("GET", f"/end-users{path}").json()
        seen += [end_user["id"] for end_user in page["data"]]
        path = page["next_page"] and "?" + urlsplit(page["next_page"]).query
    assert seen == sorted(made)
