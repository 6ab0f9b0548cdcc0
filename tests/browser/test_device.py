"""Answering for a device in Chromium: by mouse, by keyboard alone, on a phone, without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from scopewright.core.model import Client, ClientType
from scopewright.core.oauth import DEVICE_CODE
from tests.browser.pages import ANN, check_page, serving, sign_in, tab_to
from tests.clock import FrozenClock
from tests.migrated import migrated_file
from tests.people import Stage, set_stage
from tests.ports import free_port


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    port = free_port()
    folder: Path = tmp_path_factory.mktemp("device")
    server = {"port": port, "public_url": f"http://127.0.0.1:{port}"}
    url = migrated_file(folder / "scopewright.db")
    stage = set_stage(url, FrozenClock(), server=server)
    stage.person(ANN, "sensor:read")
    with serving(stage.application, port):
        yield stage
    stage.database.close()


@pytest.fixture
def kettle(stage: Stage) -> Client:
    stage.clock.advance(hours=1)  # past the limits of letters and codes
    return stage.client(type=ClientType.DEVICE, name="Kettle", redirect_uris=())


def shown(page: Page, stage: Stage, kettle: Client) -> dict[str, Any]:
    """What the device was told, and shows."""
    url = f"{stage.issuer}/device_authorization"
    return dict(page.request.post(url, form={"client_id": kettle.id}).json())


def answer_to(page: Page, stage: Stage, kettle: Client, told: dict[str, Any]) -> dict[str, Any]:
    """What the device hears when it asks."""
    stage.clock.advance(seconds=5)
    form = {
        "grant_type": DEVICE_CODE, "client_id": kettle.id, "device_code": told["device_code"],
    }  # fmt: skip
    return dict(page.request.post(f"{stage.issuer}/token", form=form).json())


def test_from_the_code_on_the_device_to_its_token(page: Page, stage: Stage, kettle: Client) -> None:
    told = shown(page, stage, kettle)
    page.goto(told["verification_uri"])
    sign_in(page, stage)
    page.get_by_label("Code on the device").fill(told["user_code"].lower())
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Kettle")).to_be_visible()
    expect(page.get_by_text("See what the sensors measure")).to_be_visible()
    assert answer_to(page, stage, kettle, told)["error"] == "authorization_pending"
    page.get_by_role("button", name="Allow", exact=True).click()
    expect(page.get_by_role("heading", name="Allowed")).to_be_visible()
    assert answer_to(page, stage, kettle, told)["scope"] == "sensor:read"


def test_the_address_with_the_code_saves_the_typing_and_nothing_else(
    page: Page, stage: Stage, kettle: Client
) -> None:
    told = shown(page, stage, kettle)
    page.goto(told["verification_uri_complete"])
    sign_in(page, stage)
    expect(page.get_by_label("Code on the device")).to_have_value(told["user_code"])
    expect(page.get_by_text("Kettle")).to_have_count(0)
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Do not allow").click()
    expect(page.get_by_role("heading", name="Not allowed")).to_be_visible()
    assert answer_to(page, stage, kettle, told)["error"] == "access_denied"


def test_by_keyboard_alone_a_wrong_code_is_told_and_corrected(
    page: Page, stage: Stage, kettle: Client
) -> None:
    told = shown(page, stage, kettle)
    page.goto(told["verification_uri"])
    sign_in(page, stage)
    expect(page.get_by_role("heading", name="Connect a device")).to_be_visible()
    tab_to(page, "Code on the device")
    page.keyboard.type("BCDF-2345")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This code did not work.")
    tab_to(page, "Code on the device")
    page.keyboard.press("Control+A")
    page.keyboard.type(told["user_code"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Kettle")).to_be_visible()
    tab_to(page, "Allow")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Allowed")).to_be_visible()


def test_without_scripts_everything_works(browser: Browser, stage: Stage, kettle: Client) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    told = shown(page, stage, kettle)
    page.goto(told["verification_uri_complete"])
    sign_in(page, stage)
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Allow", exact=True).click()
    assert "access_token" in answer_to(page, stage, kettle, told)
    context.close()


def test_another_person_can_answer_instead(page: Page, stage: Stage, kettle: Client) -> None:
    page.goto(shown(page, stage, kettle)["verification_uri"])
    sign_in(page, stage)
    page.get_by_role("button", name="Sign in with another address").click()
    sign_in(page, stage)
    expect(page.get_by_label("Code on the device")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_narrow_screen_and_can_be_read(
    page: Page, stage: Stage, kettle: Client, scheme: str
) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(shown(page, stage, kettle)["verification_uri_complete"])
    sign_in(page, stage)
    check_page(page)
    page.get_by_role("button", name="Go on").click()
    check_page(page)
    page.get_by_role("button", name="Allow", exact=True).click()
    check_page(page)
    page.goto(f"{stage.issuer}/device")
    page.get_by_label("Code on the device").fill("wrong")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_be_visible()
    check_page(page)
