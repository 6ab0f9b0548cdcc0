"""Two whole ways in Chromium, from the first command on, with letters through a mail server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.inbox import Inbox, mail_server
from tests.servers import Installation

ADMIN = "admin@example.com"


@dataclass(frozen=True)
class House:
    """A server that was just set up, and the mail server that it sends its letters to."""

    url: str
    issuer: str
    inbox: Inbox

    def enter(self, page: Page) -> None:
        """Sign the administrator in by letter, from the address alone that is printed."""
        before = len(self.inbox.letters(ADMIN))
        page.goto(self.url)
        page.get_by_label("Email address").fill(ADMIN)
        page.get_by_role("button", name="Send me a letter").click()
        expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
        page.goto(self.inbox.link(ADMIN, before + 1))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/workspaces/*")

    def go(self, page: Page, place: str) -> None:
        """Follow the menu."""
        page.get_by_role("navigation").get_by_role("link", name=place, exact=True).click()
        expect(page.get_by_role("heading", level=1, name=place)).to_be_visible()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """On a database in which there was nothing, not even a table."""
    folder = tmp_path_factory.mktemp("walks")
    with (
        mail_server() as inbox,
        Installation(
            folder,
            database_url=f"sqlite:///{folder / 'scopewright.db'}",
            environment={"SCOPEWRIGHT_MAIL__URL": inbox.url},
        ) as installed,
    ):
        made = installed.init(admin=ADMIN)
        installed.serve()
        yield House(installed.url, made["issuer"], inbox)


def define_scope(house: House, page: Page, name: str, description: str) -> None:
    house.go(page, "Scopes")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Description").fill(description)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("rowheader", name=name)).to_be_visible()


def register_machine(house: House, page: Page, name: str, scope: str) -> tuple[str, str]:
    """Id and secret of a client that acts for itself, as they are copied from the pages."""
    house.go(page, "OAuth2 clients")
    page.get_by_role("link", name="+ New client").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("radio", name="Client credentials").check()
    page.get_by_role("button", name="Create").click()
    page.locator(".done").get_by_role("button", name="Copy").click()
    secret = page.evaluate("navigator.clipboard.readText()")
    client_id = page.url.rpartition("/")[2]
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    assert secret not in page.content()
    house.go(page, "OAuth2 clients")
    page.get_by_role("link", name=re.compile("^Scopes")).last.click()
    own = page.locator("tr.panel .kinds > div").first
    own.get_by_text("+ scope").click()
    own.get_by_role("combobox").fill(scope)
    own.get_by_role("button", name="Give").click()
    expect(own.locator(".token", has_text=scope)).to_be_visible()
    return client_id, secret


def make_endpoint(house: House, page: Page, name: str, scope: str) -> str:
    """The address of a new endpoint."""
    house.go(page, "Endpoints")
    page.get_by_role("link", name="New endpoint").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("radio", name="With a token or API key").check()
    page.get_by_label("Scope that it takes").fill(scope)
    page.get_by_role("button", name="Make the endpoint").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    return page.locator("#address").inner_text()


def test_from_the_first_start_to_the_first_token_and_what_is_measured_with_it(
    house: House, page: Page
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    house.enter(page)
    expect(page).to_have_url(f"{house.url}/workspaces/acme")
    define_scope(house, page, "sensor:write", "Send what is measured")
    client = register_machine(house, page, "Boiler", "sensor:write")
    address = make_endpoint(house, page, "Boiler room", "sensor:write")
    form = {"grant_type": "client_credentials"}
    token = httpx.post(f"{house.issuer}/token", data=form, auth=client).json()
    assert token["scope"] == "sensor:write"
    headers = {"authorization": f"Bearer {token['access_token']}"}
    assert httpx.post(address, json={"temperature": 1}).status_code == 401
    assert httpx.post(address, json={"temperature": 21.5}, headers=headers).is_success
    page.reload()
    expect(page.get_by_role("table")).to_contain_text("21.5")


def test_who_is_invited_signs_in_by_the_letter_and_sees_what_they_may(
    house: House, page: Page
) -> None:
    house.enter(page)
    define_scope(house, page, "sensor:read", "See what is measured")
    house.go(page, "End-users")
    page.get_by_role("link", name="+ Invite end-user").click()
    page.get_by_label("Email address").fill("eva@example.com")
    page.get_by_label("sensor:read").check()
    page.get_by_role("button", name="Invite", exact=True).last.click()
    expect(page.get_by_role("rowheader", name="eva@example.com")).to_be_visible()
    letter = house.inbox.letter("eva@example.com")
    assert letter["Subject"] == "Your access to Acme"
    page.context.clear_cookies()  # somebody else, at a browser of their own
    page.goto(house.inbox.link("eva@example.com"))
    page.get_by_label("Email address").fill("eva@example.com")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/me")
    expect(page.locator("body")).to_contain_text("eva@example.com")
    expect(page.get_by_role("main")).to_contain_text("sensor:read")
    expect(page.get_by_role("main")).to_contain_text("Acme")
    refused = page.goto(f"{house.url}/workspaces/acme/end-users")
    assert refused is not None
    assert refused.status == 404
