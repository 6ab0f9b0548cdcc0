"""The palette, the menu on a phone, and what a first page weighs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.filled import cookies_of, filled
from tests.worlds import World

MOST_BYTES = 100_000  # of a first page, over the wire, with all that it loads


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with filled(tmp_path_factory.mktemp("filled")) as world:
        yield world


@pytest.fixture(scope="module")
def cookies(world: World) -> list[dict[str, str]]:
    return cookies_of(world)


@pytest.fixture
def at_home(page: Page, world: World, cookies: list[dict[str, str]]) -> Page:
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    page.goto(f"{world.url}/workspaces/{world.slug}")
    return page


def test_by_keyboard_alone_one_goes_to_a_page(at_home: Page) -> None:
    at_home.keyboard.press("Control+k")
    asked = at_home.get_by_role("combobox")
    expect(asked).to_be_focused()
    at_home.keyboard.type("signing")
    expect(at_home.get_by_role("option")).to_have_count(1)
    expect(asked).to_have_attribute("aria-activedescendant", "palette-0")
    at_home.keyboard.press("Enter")
    expect(at_home.get_by_role("heading", level=1, name="Signing keys")).to_be_visible()


def test_somebody_is_found_by_how_their_address_begins(at_home: Page) -> None:
    at_home.get_by_role("button", name="Go to").click()
    at_home.get_by_role("combobox").fill("ann@")
    at_home.get_by_role("option", name="ann@example.com").click()
    expect(at_home.get_by_role("heading", level=1, name="ann@example.com")).to_be_visible()


def test_a_key_is_found_by_its_beginning_and_its_secret_goes_nowhere(
    at_home: Page, world: World
) -> None:
    made = world.admin.post("/api-keys", json={"note": "for the pump"}).raise_for_status().json()
    asked: list[str] = []
    at_home.on("request", lambda request: asked.append(request.url))
    at_home.get_by_role("button", name="Go to").click()
    at_home.get_by_role("combobox").fill(made["secret"])
    at_home.get_by_role("option", name="for the pump").click()
    expect(at_home.get_by_role("heading", level=1, name="for the pump")).to_be_visible()
    beyond = made["secret"].split("_", 2)[2]
    assert asked
    assert not any(beyond in url for url in asked)
    at_home.get_by_role("button", name="Go to").click()
    at_home.get_by_role("combobox").fill("sws_not-to-be-sent")
    expect(at_home.get_by_text("Nothing is called that.")).to_be_visible()
    assert not any("not-to-be-sent" in url for url in asked)


def test_what_nobody_is_called_is_said_and_escape_leads_back(at_home: Page) -> None:
    opener = at_home.get_by_role("button", name="Go to")
    opener.press("Enter")
    at_home.get_by_role("combobox").fill("zzz")
    expect(at_home.get_by_text("Nothing is called that.")).to_be_visible()
    at_home.keyboard.press("Escape")
    expect(at_home.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()


def test_without_scripts_there_is_no_palette_and_a_phones_menu_opens(
    browser: Browser, world: World, cookies: list[dict[str, str]]
) -> None:
    narrow = {"width": 320, "height": 640}
    context = browser.new_context(java_script_enabled=False, viewport=narrow)  # type: ignore[arg-type]
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{world.url}/workspaces/{world.slug}")
    expect(page.get_by_role("button", name="Go to")).to_have_count(0)
    entry = page.get_by_role("link", name="Scopes", exact=True)
    expect(entry).to_be_hidden()
    page.get_by_text("Menu", exact=True).click()
    entry.click()
    expect(page.get_by_role("heading", level=1, name="Scopes")).to_be_visible()
    context.close()


def test_a_first_page_with_all_that_it_loads_is_light(
    page: Page, world: World, cookies: list[dict[str, str]]
) -> None:
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    weights: list[int] = []
    page.on("requestfinished", lambda request: weights.append(
        request.sizes()["responseBodySize"] + request.sizes()["responseHeadersSize"]
    ))  # fmt: skip
    page.goto(f"{world.url}/workspaces/{world.slug}", wait_until="networkidle")
    assert len(weights) >= 4  # the page, its style, its script, its icons
    assert sum(weights) < MOST_BYTES
