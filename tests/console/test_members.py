"""The page of members and invitations."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import timedelta

from tests.console.members import AtWork, a_member, command_of, text_of
from tests.visitors import a_browser, an_address, sign_in, submit
from tests.worlds import World


def roles(world: World) -> dict[str, str]:
    return {one["email"]: one["role"] for one in world.listed("/members")}


def invited(world: World) -> list[str]:
    return [one["email"] for one in world.listed("/invitations")]


def a_second_member(world: World, role: str) -> str:
    """The address of a new member."""
    before = set(roles(world))
    a_member(world, role)
    [address] = set(roles(world)) - before
    return address


def test_somebody_is_invited_and_stands_among_the_pending_until_that_is_cancelled(
    admin: AtWork, world: World
) -> None:
    done = admin.send(admin.open("/members"), "/members", email="eva@example.com", role="editor")
    assert "An invitation is on its way to eva@example.com." in text_of(done)
    assert command_of(done) == [
        "scopewright", "members", "invite", "eva@example.com", "editor", "--workspace", world.slug,
    ]  # fmt: skip
    [invitation] = world.listed("/invitations")
    path = f"/members/invitations/{invitation['id']}/cancel"
    assert path in done.text
    question = admin.open(path)
    assert "One pending invitation is cancelled." in text_of(question)
    assert invited(world) == ["eva@example.com"]
    admin.send(question, path)
    assert invited(world) == []


def test_an_invitation_is_sent_again_and_the_earlier_link_ends(admin: AtWork, world: World) -> None:
    address = an_address("eva")
    admin.send(admin.open("/members"), "/members", email=address, role="editor")
    page, first = admin.open("/members"), world.mailbox(address).link()
    assert "Send again" in text_of(page)
    admin.send(page, "/members", email=address, role="editor")
    second = world.mailbox(address).link(2)
    assert invited(world) == [address]
    browser = a_browser()
    assert submit(browser, browser.get(first), address=address).status_code == 422
    assert submit(browser, browser.get(second), address=address).status_code == 303


def test_an_expired_invitation_is_shown_as_such_and_is_sent_again(
    admin: AtWork, world: World
) -> None:
    address = an_address("late")
    admin.send(admin.open("/members"), "/members", email=address, role="editor")
    assert "link expired" not in text_of(admin.open("/members"))
    with closing(sqlite3.connect(world.letters.parent / "scopewright.db", timeout=30)) as database:
        eight_days = timedelta(days=8) // timedelta(microseconds=1)
        sql = "UPDATE invitations SET expires_at = expires_at - ? WHERE email = ?"
        database.execute(sql, (eight_days, address))
        database.commit()
    page = admin.open("/members")
    assert "link expired It was good until " in text_of(page)
    [invitation] = world.listed("/invitations")
    question = admin.open(f"/members/invitations/{invitation['id']}/cancel")
    assert "The link in the letter has stopped working already." in text_of(question)
    admin.send(page, "/members", email=address, role="editor")
    assert "link expired" not in text_of(admin.open("/members"))
    browser = a_browser()
    link = world.mailbox(address).link(2)
    assert submit(browser, browser.get(link), address=address).status_code == 303


def last_seen(admin: AtWork, address: str) -> str:
    """What the list says of when somebody was here last."""
    rows = re.findall(r"(?s)<tr>.*?</tr>", admin.open("/members").text)
    [row] = [one for one in rows if address in one]
    return row.partition('data-label="Signed in last">')[2].partition("<")[0]


def test_the_list_says_when_each_was_here_last(admin: AtWork, world: World) -> None:
    address = a_second_member(world, "viewer")
    assert last_seen(admin, address) == "never"
    browser = a_browser()
    sign_in(browser, world.url, world.mailbox(address))
    browser.get(f"{world.url}/workspaces/{world.slug}")
    assert re.match(r"\d+ \w+ 20\d\d, ", last_seen(admin, address))


def test_an_address_that_is_none_is_refused_beside_its_field(admin: AtWork, world: World) -> None:
    page = admin.send(admin.open("/members"), "/members", email="eva at home", role="admin")
    assert page.status_code == 422
    assert 'id="email-fault"' in page.text
    assert 'value="eva at home"' in page.text
    assert 'name="role" value="admin" checked' in page.text
    assert invited(world) == []


def test_a_role_is_changed_and_the_last_administrator_stays_one(
    admin: AtWork, world: World
) -> None:
    other = a_second_member(world, "viewer")
    done = admin.send(admin.open("/members"), f"/members/{other}/role", role="editor")
    assert f"{other} is now: Editor." in text_of(done)
    assert roles(world)[other] == "editor"
    last = f"/members/{world.admin_email}/role"
    refused = admin.send(admin.open("/members"), last, role="viewer")
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    assert roles(world)[world.admin_email] == "admin"


def test_removing_says_its_consequences_in_numbers_first(admin: AtWork, world: World) -> None:
    other = a_second_member(world, "editor")
    path = f"/members/{other}/remove"
    question = admin.open(path)
    assert "One member is removed." in text_of(question)
    assert other in roles(world)
    done = admin.send(question, path)
    assert f"{other} is no member any more." in text_of(done)
    assert other not in roles(world)


def test_what_cannot_be_done_is_said_without_a_button(admin: AtWork, world: World) -> None:
    page = admin.open(f"/members/{world.admin_email}/remove")
    assert 'role="alert"' in page.text
    assert '<button class="danger">' not in page.text


def test_a_viewer_sees_the_members_and_no_control(world: World) -> None:
    viewer = a_member(world, "viewer")
    page = viewer.open("/members")
    assert world.admin_email in text_of(page)
    assert "/remove" not in page.text
    assert 'name="email"' not in page.text
    assert "It needs the scope iotman:members:create" in text_of(page)
    assert viewer.open(f"/members/{world.admin_email}/remove").status_code == 403
    sent = viewer.send(page, "/members", email="eva@example.com", role="admin")
    assert sent.status_code == 403
    assert invited(world) == []
