"""The pages of end-users: who holds what, inviting, giving and taking, removing."""

from __future__ import annotations

import html
import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from urllib.parse import quote

import httpx
import pytest

from tests.console.members import AtWork, a_member, command_of, text_of
from tests.console.parts import boxes, cells, chips, rows_of
from tests.visitors import a_browser, an_address, submit
from tests.worlds import World


@pytest.fixture
def ann(world: World) -> str:
    address = an_address("ann")
    world.end_user(address, scopes=["sensor:read"], internal_scopes=["iotman:endpoints:read"])
    return address


def held(world: World, address: str) -> set[str]:
    row = world.admin.get(f"/end-users/{quote(address)}").json()
    return {*row["scopes"], *row["internal_scopes"]}


def test_each_kind_of_scope_stands_in_a_column_of_its_own(
    admin: AtWork, world: World, ann: str
) -> None:
    page = admin.open("/end-users")
    assert "Workspace scopes" in text_of(page)
    assert "Internal API (iotman:)" in text_of(page)
    _, own, internal, _ = cells(rows_of(page)[ann])
    assert "sensor:read" in own
    assert "iotman:" not in own
    assert "iotman:endpoints:read" in internal
    assert "sensor:read" not in internal
    assert 'class="token internal"' in internal
    assert 'class="token internal"' not in own


def test_a_scope_is_given_in_the_row_without_a_letter(
    admin: AtWork, world: World, ann: str
) -> None:
    world.define("video:gold")
    letters = len(world.mailbox(ann).letters())
    page = admin.open("/end-users")
    back = f"/workspaces/{world.slug}/end-users#x"
    done = admin.send(page, f"/end-users/{ann}/scopes", scope="video:gold", back=back)
    assert str(done.url) == f"{world.url}{back}"
    assert f"video:gold is given to {ann}." in text_of(done)
    assert "is given" not in text_of(admin.open("/end-users"))
    assert command_of(done)[:5] == ["scopewright", "grants", "create", ann, "video:gold"]
    assert "video:gold" in held(world, ann)
    assert len(world.mailbox(ann).letters()) == letters


def test_a_form_leads_back_to_no_other_site(admin: AtWork, world: World, ann: str) -> None:
    page = admin.open("/end-users")
    for back in ("https://evil.example/", "//evil.example", f"/workspaces/{world.slug}@evil"):
        done = admin.send(page, f"/end-users/{ann}/scopes", scope="sensor:read", back=back)
        assert done.url.path == f"/workspaces/{world.slug}/end-users/{ann}"
        assert str(done.url).startswith(world.url)


def test_a_scope_that_does_not_exist_is_said_beside_the_field_and_nothing_typed_is_lost(
    admin: AtWork, world: World, ann: str
) -> None:
    page = admin.open(f"/end-users/{ann}")
    sent = {"scope": "sensor:raed", "kind": "own"}
    refused = admin.send(page, f"/end-users/{ann}/scopes", **sent)
    assert refused.status_code == 422
    field = re.search(r'<input name="scope" list="own-scopes"[^>]*>', refused.text)
    assert field is not None
    assert 'value="sensor:raed"' in field[0]
    assert 'aria-describedby="own-fault"' in field[0]
    assert "There is no scope of this name here." in text_of(refused)
    assert refused.text.count("There is no scope of this name here.") == 1
    assert ann in text_of(admin.browser.get(refused.url))  # as a change of language does


def test_a_cross_takes_one_scope_and_leaves_the_others(
    admin: AtWork, world: World, ann: str
) -> None:
    page = admin.open("/end-users")
    done = admin.send(page, f"/end-users/{ann}/scopes/revoke", scope="sensor:read")
    assert f"sensor:read is taken from {ann}." in text_of(done)
    assert held(world, ann) == {"iotman:endpoints:read"}
    assert command_of(done)[:5] == ["scopewright", "grants", "revoke", ann, "sensor:read"]


def test_what_one_has_not_may_not_be_picked(world: World, ann: str) -> None:
    page = a_member(world, "viewer").open("/end-users")
    assert "<datalist" not in page.text
    assert "/scopes" not in rows_of(page)[ann]
    assert "/remove" not in page.text
    assert "Invite" not in text_of(page)
    assert "It needs the scope iotman:end-users:create" in text_of(page)
    assert "It needs the scope iotman:grants:create" in text_of(page)


def test_what_is_closed_is_refused_to_those_who_ask_all_the_same(world: World, ann: str) -> None:
    viewer = a_member(world, "viewer")
    page = viewer.open("/end-users")
    for path in ("/scopes", "/scopes/revoke", "/scopes/preset", "/remove", "/metadata"):
        assert viewer.send(page, f"/end-users/{ann}{path}", scope="sensor:read").status_code == 403
    assert viewer.open("/end-users/invite").status_code == 403
    assert held(world, ann) == {"sensor:read", "iotman:endpoints:read"}


def test_many_scopes_are_shown_on_the_persons_own_page(
    admin: AtWork, world: World, ann: str
) -> None:
    for number in range(9):
        world.define(f"many:{number}")
        world.admin.post(f"/end-users/{quote(ann)}/scopes", json={"scope": f"many:{number}"})
    row = rows_of(admin.open("/end-users"))[ann]
    assert "5 more" in row
    assert f"/end-users/{quote(ann)}" in row
    assert "many:8" in text_of(admin.open(f"/end-users/{ann}"))


def test_the_list_is_filtered_and_sorted_by_an_address_that_stays(
    admin: AtWork, world: World
) -> None:
    for name in ("bea", "anna", "ann"):
        world.end_user(f"{name}@example.com", internal_scopes=["iotman:data:read"])
    every = ["ann@example.com", "anna@example.com", "bea@example.com"]
    assert [*rows_of(admin.open("/end-users?sort=email"))] == every
    filtered = admin.open("/end-users?q=ann&sort=-email")
    assert [*rows_of(filtered)] == ["anna@example.com", "ann@example.com"]
    assert 'value="ann"' in filtered.text
    assert 'aria-sort="descending"' in filtered.text
    assert "--q ann" in " ".join(command_of(filtered))
    back = re.search(r'name="back" value="([^"]+)"', filtered.text)
    assert back is not None
    path = "/end-users/ann@example.com/scopes"
    sent = {"scope": "iotman:audit:read", "back": html.unescape(back[1])}
    assert [*rows_of(admin.send(filtered, path, **sent))] == [*rows_of(filtered)]
    assert "Nobody begins so." in text_of(admin.open("/end-users?q=zoe"))
    assert admin.open("/end-users?sort=shoe").status_code == 422


# --- inviting -----------------------------------------------------------------------------------


def test_an_invitation_gives_what_was_ticked_and_sends_a_letter(
    admin: AtWork, world: World
) -> None:
    world.define("sensor:read", "video:gold")
    address = an_address("new")
    ticked = {"scopes": "sensor:read", "internal_scopes": ["iotman:data:read", "iotman:audit:read"]}
    form = admin.open("/end-users/invite")
    done = admin.send(form, "/end-users/invite", email=address, **ticked)
    assert f"A letter with a link is on its way to {address}." in text_of(done)
    assert held(world, address) == {"sensor:read", "iotman:data:read", "iotman:audit:read"}
    assert len(world.mailbox(address).letters()) == 1
    assert command_of(done)[:4] == ["scopewright", "end-users", "invite", address]


def let_the_link_expire(world: World, address: str) -> None:
    """As if the letter were eight days older."""
    with closing(sqlite3.connect(world.letters.parent / "scopewright.db", timeout=30)) as database:
        eight_days = timedelta(days=8) // timedelta(microseconds=1)
        sql = "UPDATE magic_links SET expires_at = expires_at - ? WHERE email = ?"
        database.execute(sql, (eight_days, address))
        database.commit()


def state_of(page: httpx.Response, address: str) -> str:
    """What the list says of somebody beneath their address."""
    return " ".join(re.sub(r"<[^>]+>", " ", rows_of(page)[address].partition("</th>")[0]).split())


def test_the_list_says_who_has_come_and_what_became_of_the_others_letters(
    admin: AtWork, world: World, ann: str
) -> None:
    waiting, late = an_address("waiting"), an_address("late")
    for address in (waiting, late):
        world.end_user(address, scopes=["sensor:read"])
    let_the_link_expire(world, late)
    browser = a_browser()
    submit(browser, browser.get(world.mailbox(ann).link()), address=ann)
    page = admin.open("/end-users")
    assert "Signed in last: " in state_of(page, ann)
    assert "invited Link good until " in state_of(page, waiting)
    assert "link expired It was good until " in state_of(page, late)
    sending = {one: "Send again" in rows_of(page)[one] for one in (ann, waiting, late)}
    assert sending == {ann: False, waiting: False, late: True}
    german = admin.open("/end-users", **{"accept-language": "de"})
    assert "Link abgelaufen Er galt bis " in state_of(german, late)


def test_an_expired_invitation_is_sent_again_and_the_link_works(
    admin: AtWork, world: World, ann: str
) -> None:
    let_the_link_expire(world, ann)
    mailbox, before = world.mailbox(ann), held(world, ann)
    done = admin.send(admin.open("/end-users"), f"/end-users/{ann}/invitation")
    assert f"A letter with a link is on its way to {ann}." in text_of(done)
    assert "Link good until" in text_of(done)
    assert command_of(done) == [
        "scopewright", "end-users", "invite-again", ann, "--workspace", world.slug,
    ]  # fmt: skip
    assert held(world, ann) == before
    browser = a_browser()
    assert submit(browser, browser.get(mailbox.link(2)), address=ann).status_code == 303
    assert "Signed in last:" in text_of(admin.open(f"/end-users/{ann}"))


def test_who_may_not_invite_sees_the_state_and_no_button(world: World, ann: str) -> None:
    let_the_link_expire(world, ann)
    viewer = a_member(world, "viewer")
    page = viewer.open("/end-users")
    assert "link expired" in text_of(page)
    assert "Send again" not in text_of(page)
    refused = viewer.send(page, f"/end-users/{ann}/invitation")
    assert refused.status_code == 403
    assert "iotman:end-users:create" in text_of(refused)


def test_nobody_is_invited_to_nothing_and_the_address_stays(admin: AtWork, world: World) -> None:
    page = admin.send(admin.open("/end-users/invite"), "/end-users/invite", email="x@example.com")
    assert page.status_code == 422
    assert 'value="x@example.com"' in page.text
    assert "Name at least one scope" in text_of(page)


def test_an_address_that_is_none_is_said_beside_it_and_the_boxes_stay(
    admin: AtWork, world: World
) -> None:
    sent = {"email": "no address", "internal_scopes": ["iotman:data:read"]}
    page = admin.send(admin.open("/end-users/invite"), "/end-users/invite", **sent)
    assert page.status_code == 422
    assert 'aria-describedby="email-hint email-fault"' in page.text
    assert boxes(page, "internal_scopes") == {"iotman:data:read"}
    assert re.search(r'<details class="field internal" open>', page.text)


def test_a_chip_switches_its_boxes_without_a_script_too(admin: AtWork, world: World) -> None:
    sizes = {one["id"]: set(one["scopes"]) for one in admin_presets(world)}
    form = admin.open("/end-users/invite")
    assert boxes(form, "internal_scopes") == set()
    sent = {"email": "x@example.com", "internal_scopes": "iotman:members:create"}
    once = admin.send(form, "/end-users/invite", chip="preset:read-only", **sent)
    assert once.status_code == 200
    assert boxes(once, "internal_scopes") == sizes["read-only"] | {"iotman:members:create"}
    assert 'value="x@example.com"' in once.text
    assert chips(once)["preset:read-only"] is True
    assert chips(once)["preset:operator"] is False
    chosen = sorted(boxes(once, "internal_scopes"))
    twice = admin.send(once, "/end-users/invite", chip="preset:read-only", internal_scopes=chosen)
    assert boxes(twice, "internal_scopes") == {"iotman:members:create"}
    members = admin.send(twice, "/end-users/invite", chip="resource:members", internal_scopes=[])
    assert all(scope.startswith("iotman:members:") for scope in boxes(members, "internal_scopes"))
    assert len(boxes(members, "internal_scopes")) > 2
    assert world.listed("/end-users") == []


def test_what_one_does_not_hold_is_not_offered_and_refused_all_the_same(world: World) -> None:
    inviter = a_member(world, "editor")
    (member,) = [one for one in world.listed("/members") if one["role"] == "editor"]
    scopes = ["iotman:end-users:create", "iotman:grants:create"]
    world.admin.post("/roles", json={"name": "inviter", "scopes": scopes})
    (person,) = world.listed("/principals", q=member["email"])
    world.admin.put(f"/principals/{person['id']}/roles/inviter").raise_for_status()
    form = inviter.open("/end-users/invite")
    assert "preset:read-only" in chips(form)
    assert "preset:full-access" not in chips(form)
    assert "resource:workspace" not in chips(form)
    box = re.search(r'value="iotman:workspace:delete"[^>]*>', form.text)
    assert box is not None
    assert "disabled" in box[0]
    assert 'value="iotman:workspace:delete"></option>' not in inviter.open("/end-users").text
    sent = {"email": "x@example.com", "internal_scopes": "iotman:workspace:delete"}
    refused = inviter.send(form, "/end-users/invite", **sent)
    assert refused.status_code == 422
    assert "iotman:workspace:delete" in text_of(refused)
    assert 'value="x@example.com"' in refused.text
    assert world.listed("/end-users") == []


def admin_presets(world: World) -> list[dict[str, list[str]]]:
    found: list[dict[str, list[str]]] = world.admin.get("/vocabulary").json()["presets"]
    return found


# --- removing -----------------------------------------------------------------------------------


def test_removing_somebody_says_what_it_comes_to_and_that_is_what_happens(
    admin: AtWork, world: World, ann: str
) -> None:
    assert world.mailbox(ann).link()  # else the invitation is taken for the next letter
    world.person(ann, world.phone_app()).session()
    world.admin.put(f"/end-users/{quote(ann)}/metadata/tier", json={"value": 1})
    question = admin.open(f"/end-users/{ann}/remove")
    said = text_of(question)
    for line in (
        "One end-user is removed.",
        "One session ends at once.",
        "2 grants of scopes are taken away.",
        "One metadata value is deleted.",
    ):
        assert line in said
    assert [one["email"] for one in world.listed("/end-users")] == [ann]
    done = admin.send(question, f"/end-users/{ann}/remove")
    assert f"{ann} is removed." in text_of(done)
    assert command_of(done)[:4] == ["scopewright", "end-users", "remove", ann]
    assert world.listed("/end-users") == world.listed("/sessions") == []


# --- one person ---------------------------------------------------------------------------------


def test_a_preset_gives_what_is_lacking_and_then_takes_all_of_it(
    admin: AtWork, world: World, ann: str
) -> None:
    read_only = set(admin_presets(world)[0]["scopes"])
    path = f"/end-users/{ann}/scopes/preset"
    once = admin.send(admin.open(f"/end-users/{ann}"), path, preset="read-only")
    assert f"All scopes of Read-only are given to {ann}." in text_of(once)
    assert held(world, ann) == read_only | {"sensor:read"}
    assert chips(once, "preset")["read-only"] is True
    (written,) = world.admin.get("/audit?operation=grants:create").json()["data"]
    given = read_only - {"iotman:endpoints:read"}  # that was there before
    assert set(written["details"]["scopes"]) == given  # all in one change
    assert command_of(once)[:4] == ["scopewright", "grants", "update", ann]
    twice = admin.send(once, path, preset="read-only")
    assert held(world, ann) == {"sensor:read"}
    assert chips(twice, "preset")["read-only"] is False


def test_a_role_is_assigned_and_taken_away(admin: AtWork, world: World, ann: str) -> None:
    world.admin.post("/roles", json={"name": "reader", "scopes": ["sensor:read"]})
    page = admin.open(f"/end-users/{ann}")
    given = admin.send(page, f"/end-users/{ann}/roles", role="reader")
    assert f"The role reader is assigned to {ann}." in text_of(given)
    assert world.admin.get(f"/end-users/{quote(ann)}").json()["roles"] == ["reader"]
    admin.send(given, f"/end-users/{ann}/roles/revoke", role="reader")
    assert world.admin.get(f"/end-users/{quote(ann)}").json()["roles"] == []
    unknown = admin.send(page, f"/end-users/{ann}/roles", role="raeder")
    assert unknown.status_code == 422
    assert 'value="raeder"' in unknown.text


def test_a_person_who_is_not_there_is_not_found(admin: AtWork, world: World) -> None:
    assert admin.open("/end-users/nobody@example.com").status_code == 404


def test_signs_in_an_address_survive_the_way(admin: AtWork, world: World) -> None:
    address = an_address("o'brien+50%41&c")
    world.end_user(address, scopes=["sensor:read"])
    page = admin.open(f"/end-users/{quote(address)}")
    assert page.status_code == 200
    assert command_of(page)[:4] == ["scopewright", "end-users", "show", address]
    done = admin.send(page, f"/end-users/{quote(address)}/scopes/revoke", scope="sensor:read")
    assert done.status_code == 200
    assert held(world, address) == set()
