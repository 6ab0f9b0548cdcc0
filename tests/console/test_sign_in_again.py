"""Before what is dangerous, a page leads to a new sign-in and back, and keeps what was typed."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import select, update

from scopewright.core.model import PrincipalKind
from scopewright.store import schema
from tests.people import Browser, Forms, Stage, next_stage

ADMIN = "ada@example.com"
LONG = timedelta(days=31)  # longer than the tests' `fresh_for`
WAY = re.compile(r'<a class="button primary" href="(/sign-in\?[^"]+)"')


@pytest.fixture
def acme(sqlite_stage: Stage) -> Iterator[Stage]:
    stage = next_stage(sqlite_stage)
    stage.person(ADMIN, kind=PrincipalKind.MEMBER, role="iotman:admin")
    yield stage
    stage.end()


@pytest.fixture
def ada(acme: Stage) -> Browser:
    return acme.signed_in(ADMIN)


def grow_old(stage: Stage) -> None:
    """Let every sign-in have been long ago."""
    then = stage.clock() - LONG
    with stage.database.write() as tx:
        tx.run(update(schema.sign_ins).values(authenticated_at=then))


def at(stage: Stage, path: str) -> str:
    return f"/workspaces/{stage.workspace.slug}{path}"


def pressed(browser: Browser, page: httpx.Response, action: str, **typed: str) -> httpx.Response:
    """The last form of a page that is sent there."""
    return browser.submit(page, form=form_of(page, action), **typed)


def form_of(page: httpx.Response, action: str) -> int:
    actions = [form["action"] for form in Forms(page.text).found]
    return max(number for number, one in enumerate(actions) if one == action)


def way_of(page: httpx.Response) -> str:
    """Where the page's way to sign in leads."""
    found = WAY.search(page.text)
    assert found is not None, page.text
    return html.unescape(found[1])


def signed_in_again(stage: Stage, browser: Browser, way: str) -> httpx.Response:
    """The page on which one ends who follows a way to sign in."""
    browser.submit(browser.get(way))
    return browser.submit(browser.get(stage.letters.link))


def names(stage: Stage, kind: PrincipalKind) -> set[str]:
    who = schema.principals.c
    with stage.database.read() as tx:
        here = (who.workspace_id == stage.workspace.id) & (who.kind == kind)
        return {row.name for row in tx.all(select(who.name).where(here))}


def invited(stage: Stage) -> set[str]:
    sent = schema.invitations.c
    with stage.database.read() as tx:
        rows = tx.all(select(sent.email).where(sent.workspace_id == stage.workspace.id))
        return {row.email for row in rows}


# --- pages that ask -----------------------------------------------------------------------------


def test_a_page_that_asks_leads_to_a_new_sign_in_in_the_place_of_its_button_and_back(
    acme: Stage, ada: Browser
) -> None:
    acme.person("ann@example.com", "sensor:read")
    path = at(acme, "/end-users/ann@example.com/remove")
    grow_old(acme)
    page = ada.get(path)
    assert "One end-user is removed." in page.text
    assert '<button class="danger">' not in page.text
    assert "Sign in again to do this" in page.text
    back = signed_in_again(acme, ada, way_of(page))
    assert urlsplit(str(back.url)).path == path
    assert "Sign in again to do this" not in back.text
    ada.submit(back)
    assert names(acme, PrincipalKind.END_USER) == set()


def test_the_address_of_whoever_is_signed_in_stands_there_already(
    acme: Stage, ada: Browser
) -> None:
    grow_old(acme)
    way = f"/sign-in?continue={at(acme, '/scopes/sensor:read/delete')}"
    page = ada.get(way)
    assert acme.fields(page)["email"] == ADMIN
    assert "You are signed in already." in page.text


def test_a_button_that_was_loaded_in_time_and_pressed_too_late_does_nothing(
    acme: Stage, ada: Browser
) -> None:
    acme.person("ann@example.com")
    page = ada.get(at(acme, "/end-users/ann@example.com/remove"))
    grow_old(acme)
    refused = ada.submit(page)
    assert refused.status_code == 422
    assert "Sign in again to do this" in refused.text
    assert names(acme, PrincipalKind.END_USER) == {"ann@example.com"}


def test_what_only_ends_something_has_its_button(acme: Stage, ada: Browser) -> None:
    token = acme.invitation("eva@example.com", role="editor", sender=acme.person("x@example.com"))
    assert token
    with acme.database.read() as tx:
        here = schema.invitations.c.workspace_id == acme.workspace.id
        [row] = tx.all(select(schema.invitations.c.id).where(here))
    grow_old(acme)
    page = ada.get(at(acme, f"/members/invitations/{row.id}/cancel"))
    assert '<button class="danger">' in page.text
    ada.submit(page)
    assert invited(acme) == set()


# --- forms --------------------------------------------------------------------------------------


def test_a_form_keeps_what_was_typed_and_works_once_signed_in_again_in_another_tab(
    acme: Stage, ada: Browser
) -> None:
    members = at(acme, "/members")
    page = ada.get(members)
    grow_old(acme)
    refused = pressed(ada, page, members, email="eva@example.com", role="editor")
    assert refused.status_code == 422
    assert "Sign in again first" in refused.text
    assert 'target="_blank"' in refused.text
    assert 'value="eva@example.com"' in refused.text
    assert 'name="role" value="editor" checked' in refused.text
    assert invited(acme) == set()
    ended = signed_in_again(acme, ada, way_of(refused))
    assert "Close this tab" in ended.text
    done = pressed(ada, refused, members)
    assert "An invitation is on its way to eva@example.com." in done.text
    assert invited(acme) == {"eva@example.com"}


def test_a_secret_is_made_only_then(acme: Stage, ada: Browser) -> None:
    path = at(acme, "/clients/new")
    page = ada.get(path)
    grow_old(acme)
    refused = ada.submit(page, name="Pump", type="client_credentials")
    assert 'value="Pump"' in refused.text
    assert names(acme, PrincipalKind.CLIENT) == set()
    signed_in_again(acme, ada, way_of(refused))
    assert "The client Pump is registered." in ada.submit(refused).text


def test_the_chosen_role_of_a_member_is_kept(acme: Stage, ada: Browser) -> None:
    acme.person("eva@example.com", kind=PrincipalKind.MEMBER, role="iotman:viewer")
    page, action = ada.get(at(acme, "/members")), at(acme, "/members/eva@example.com/role")
    grow_old(acme)
    refused = ada.post(action, {**acme.fields(page, 1), "role": "editor"})
    [select_] = re.findall(
        r'(?s)<select name="role" aria-label="Role of eva.*?</select>', refused.text
    )
    assert '<option value="editor" selected>' in select_


def test_a_guarded_scope_waits_and_a_plain_one_is_given(acme: Stage, ada: Browser) -> None:
    acme.person("ann@example.com")
    action = at(acme, "/end-users/ann@example.com/scopes")
    page = ada.get(at(acme, "/end-users/ann@example.com"))
    token = acme.fields(page)["anti_forgery"]
    grow_old(acme)
    guarded = {"anti_forgery": token, "kind": "internal", "scope": "iotman:scopes:read"}
    refused = ada.post(action, guarded)
    assert "Sign in again first" in refused.text
    assert 'value="iotman:scopes:read"' in refused.text
    given = ada.post(action, {**guarded, "kind": "own", "scope": "sensor:read"})
    assert "sensor:read is given to ann@example.com." in given.text


def test_a_button_without_a_form_says_it_on_a_page_of_its_own(acme: Stage, ada: Browser) -> None:
    ann = acme.person("ann@example.com")
    with acme.database.write() as tx:
        who = schema.principals
        tx.run(update(who).where(who.c.id == ann.id).values(disabled_at=acme.clock()))
    page = ada.get(at(acme, "/members"))
    grow_old(acme)
    token = acme.fields(page, 1)["anti_forgery"]
    refused = ada.post(at(acme, f"/principals/{ann.id}/enable"), {"anti_forgery": token})
    assert refused.status_code == 401
    assert "Sign in again in a new tab" in refused.text


def test_a_key_of_ones_own_waits_too(acme: Stage, ada: Browser) -> None:
    with acme.database.read() as tx:
        here = schema.principals.c.workspace_id == acme.workspace.id
        [row] = tx.all(select(schema.principals.c.id).where(here))
    page, action = ada.get(f"/me/{row.id}"), f"/me/{row.id}/keys"
    grow_old(acme)
    refused = pressed(ada, page, action, note="laptop", everything="yes")
    assert 'value="laptop"' in refused.text
    signed_in_again(acme, ada, way_of(refused))
    assert "The key is made." in pressed(ada, refused, action).text


def test_a_role_that_is_to_stand_for_another_waits_too(acme: Stage, ada: Browser) -> None:
    token = acme.fields(ada.get(at(acme, "/members")), 1)["anti_forgery"]
    grow_old(acme)
    typed = {"anti_forgery": token, "include": "site:missing", "role": "keeper"}
    refused = ada.post(at(acme, "/role-mappings"), typed)
    assert refused.status_code == 422
    assert "Sign in again first" in refused.text


# --- the token of such a form -------------------------------------------------------------------


@pytest.fixture
def waiting(acme: Stage, ada: Browser) -> dict[str, str]:
    """The fields of an invitation that waits for its sender to sign in."""
    members = at(acme, "/members")
    page = ada.get(members)
    grow_old(acme)
    refused = pressed(ada, page, members, email="eva@example.com", role="editor")
    return acme.fields(refused, form_of(refused, members))


def test_it_is_worth_nothing_to_somebody_else(acme: Stage, waiting: dict[str, str]) -> None:
    acme.person("eve@example.com", kind=PrincipalKind.MEMBER, role="iotman:admin")
    eve = acme.signed_in("eve@example.com")
    assert eve.post(at(acme, "/members"), waiting).status_code == 403
    assert invited(acme) == set()


def test_it_is_worth_nothing_after_an_hour(
    acme: Stage, ada: Browser, waiting: dict[str, str]
) -> None:
    acme.clock.advance(minutes=60, seconds=1)
    signed_in_again(acme, ada, "/sign-in?continue=/sign-in/again")
    assert ada.post(at(acme, "/members"), waiting).status_code == 403
    assert invited(acme) == set()


def test_it_is_worth_nothing_on_another_site(
    acme: Stage, ada: Browser, waiting: dict[str, str]
) -> None:
    signed_in_again(acme, ada, "/sign-in?continue=/sign-in/again")
    headers = {"origin": "https://evil.example"}
    answer = ada.ask("POST", at(acme, "/members"), data=waiting, headers=headers)
    assert answer.status_code == 403
    assert invited(acme) == set()


def test_nobody_makes_one_up(acme: Stage, ada: Browser, waiting: dict[str, str]) -> None:
    moment, _, seal = waiting["anti_forgery"].partition(".")
    later = f"{int(moment) + 1}.{seal}"
    for forged in ("", "x", f"{moment}.", later, "99999999999.0", "٣.0", "9" * 300):
        answer = ada.post(at(acme, "/members"), {**waiting, "anti_forgery": forged})
        assert answer.status_code == 403


def test_whoever_signs_in_instead_is_somebody_else(acme: Stage, ada: Browser) -> None:
    acme.person("ann@example.com")
    grow_old(acme)
    way = way_of(ada.get(at(acme, "/end-users/ann@example.com/remove")))
    ada.submit(ada.get(way), email="ann@example.com")
    ended = ada.submit(ada.get(acme.letters.link))
    assert ended.status_code == 404


# --- programs that manage a workspace for somebody ----------------------------------------------


def test_the_command_line_is_let_in_after_a_new_sign_in_only(acme: Stage, ada: Browser) -> None:
    url = acme.authorize_url(acme.command_line(), redirect_uri="http://127.0.0.1/callback")
    assert "<h1>Sign in" not in ada.get(url).text
    grow_old(acme)
    asked = ada.get(url)
    assert "<h1>Sign in" in asked.text
    ada.submit(asked, email=ADMIN)
    consent = ada.submit(ada.get(acme.letters.link))
    assert "manages the workspace Acme" in consent.text


def test_a_device_is_let_manage_after_a_new_sign_in_only(acme: Stage, ada: Browser) -> None:
    asked = (
        acme.browser()
        .ask(
            "POST",
            f"{acme.issuer}/device_authorization",
            data={"client_id": acme.command_line().id},
        )
        .json()
    )
    page = ada.get(asked["verification_uri_complete"])
    question = ada.submit(page)
    assert "manages the workspace Acme" in question.text
    grow_old(acme)
    for form in (page, question):
        refused = ada.submit(form)
        assert "<h1>Sign in again</h1>" in refused.text
    ada.submit(refused)
    back = ada.submit(ada.get(acme.letters.link))
    assert "manages the workspace Acme" in ada.submit(back).text


def test_a_client_of_end_users_is_not_asked_about(acme: Stage) -> None:
    acme.person("ann@example.com", "sensor:read")
    ann = acme.signed_in("ann@example.com")
    grow_old(acme)
    assert "<h1>Sign in" not in ann.get(acme.authorize_url(acme.client())).text
