"""The pages of what is one's own: for members, and for people who manage nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx
import pytest

from tests.console.members import AtWork, command_of, text_of
from tests.visitors import anti_forgery_token
from tests.worlds import KnownClient, World

ANN = "ann@example.com"


@dataclass(frozen=True)
class Own:
    """A person's browser at a record of theirs; redirects are followed."""

    browser: httpx.Client
    url: str

    def open(self, path: str = "") -> httpx.Response:
        return self.browser.get(f"{self.url}{path}", follow_redirects=True)

    def send(self, path: str, *, page: str = "", **fields: str | list[str]) -> httpx.Response:
        token = anti_forgery_token(self.open(page))
        data = {"anti_forgery": token, **fields}
        return self.browser.post(f"{self.url}{path}", data=data, follow_redirects=True)


def record_of(browser: httpx.Client, world: World) -> Own:
    page = browser.get(f"{world.url}/me", follow_redirects=True).text
    for section in page.split("<section")[1:]:
        if world.id in section:
            found = re.search(r'href="(/me/[^"]+)"', section)
            assert found is not None
            return Own(browser, world.url + found[1])
    raise AssertionError(page)


@pytest.fixture
def phone(world: World) -> KnownClient:
    return world.phone_app()


@pytest.fixture
def ann(world: World, phone: KnownClient) -> Own:
    """An end-user with one scope, signed in through the phone."""
    address = f"ann-{world.slug}@example.com"
    world.end_user(address, scopes=["sensor:read"])
    person = world.person(address, phone)
    person.session()
    return record_of(person.browser, world)


@pytest.fixture
def of_admin(admin: AtWork, world: World) -> Own:
    return record_of(admin.browser, world)


def test_an_end_user_sees_what_they_may_do_and_which_applications_act_for_them(ann: Own) -> None:
    page = text_of(ann.open())
    assert "sensor:read" in page
    assert "1 scope" in page
    assert "Disconnect pkce" in page
    assert "Your API keys" not in page


def test_disconnecting_says_how_many_sessions_end_and_so_many_end(ann: Own) -> None:
    link = re.search(r'/connections/[^/"]+/end', ann.open().text)
    assert link is not None
    question = ann.open(link[0])
    assert "One session ends at once." in text_of(question)
    assert "One approval of a client is forgotten." in text_of(question)
    assert "it must ask you again" in text_of(question)
    done = ann.send(link[0], page=link[0])
    assert "is disconnected." in text_of(done)
    assert "No application acts for you." in text_of(done)
    assert "None is open." in text_of(done)
    assert "is disconnected." not in text_of(ann.open())
    assert ann.open(link[0]).status_code == 404


def test_a_session_is_ended(ann: Own) -> None:
    link = re.search(r'/sessions/[^/"]+/end', ann.open().text)
    assert link is not None
    assert "One session ends at once." in text_of(ann.open(link[0]))
    assert "The session is ended. " in text_of(ann.send(link[0], page=link[0]))
    assert "None is open." in text_of(ann.open())


def test_signing_out_everywhere_leads_away_and_the_record_is_closed(ann: Own) -> None:
    assert "One session ends at once." in text_of(ann.open("/sign-out"))
    assert ann.send("/sign-out", page="/sign-out").url.path == "/me"
    assert ann.open().status_code == 404


def test_what_is_attached_is_shown(ann: Own, world: World) -> None:
    address = f"ann-{world.slug}@example.com"
    world.admin.put(f"/end-users/{address}/metadata/ingest_context", json={"value": {"room": 7}})
    assert '{"room": 7}' in text_of(ann.open())


def test_a_member_makes_a_key_whose_secret_is_shown_once_and_revokes_it(
    of_admin: Own, world: World
) -> None:
    carried = ["iotman:scopes:read", "iotman:api-keys:create"]
    done = of_admin.send(
        "/keys", note="nightly", scopes=carried, expires_in="30", expires_in_unit="day"
    )
    secret = re.search(r"swk_[A-Za-z0-9_-]+", text_of(done))
    assert secret is not None
    assert "create" in command_of(done)
    assert secret[0] not in of_admin.open().text
    assert world.api(secret[0]).get("/scopes").status_code == 200
    [_, link] = re.findall(r'/keys/[^/"]+/revoke', of_admin.open().text)  # after the workspace's
    world.api(secret[0]).post("/api-keys", json={"scopes": ["iotman:scopes:read"]})
    assert "2 API keys are refused from now on." in text_of(of_admin.open(link))
    assert "The key is revoked." in text_of(of_admin.send(link, page=link))
    assert world.api(secret[0]).get("/scopes").status_code == 401


def test_a_key_with_a_fault_is_shown_again_with_all_that_was_typed(of_admin: Own) -> None:
    page = of_admin.send(
        "/keys",
        note="a" * 2000,
        expires_in="99",
        expires_in_unit="day",
        scopes=["iotman:scopes:read"],
    )
    assert page.status_code == 422
    assert 'value="99"' in page.text
    assert 'id="note-fault"' in page.text


def test_nobody_gets_at_the_record_of_somebody_else(of_admin: Own, ann: Own) -> None:
    stranger = Own(ann.browser, of_admin.url)
    assert stranger.open().status_code == 404
    token = anti_forgery_token(ann.open())
    sent = ann.browser.post(f"{of_admin.url}/keys", data={"anti_forgery": token, "note": "x"})
    assert sent.status_code == 404


def test_a_form_of_another_site_ends_nothing(ann: Own) -> None:
    assert ann.browser.post(f"{ann.url}/sign-out").status_code == 400
    assert ann.browser.post(f"{ann.url}/sign-out", data={"x": "y"}).status_code == 403
    assert "Disconnect pkce" in text_of(ann.open())


def test_who_is_not_signed_in_is_led_to_the_way_in(ann: Own) -> None:
    page = httpx.get(ann.url, follow_redirects=True)
    assert page.url.path == "/sign-in"
