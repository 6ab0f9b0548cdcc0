"""Signing in and approving in Chromium: with the mouse, by keyboard alone, on a narrow screen."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect

from scopewright.core.model import Client, PrincipalKind
from tests.clock import FrozenClock
from tests.people import VERIFIER, Stage, set_stage
from tests.ports import free_port

ANN = "ann@example.com"
FOCUSED = """() => {
  const element = document.activeElement;
  const name = (element.labels?.[0] ?? element).innerText.trim();
  return [name, getComputedStyle(element).outlineStyle];
}"""
CONTRAST = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = numbers(colour).slice(0, 3).map((v) => {
      v /= 255;
      return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (numbers(colour)[3] !== 0) return colour;
    }
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const words = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!words) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(paper(element))].sort();
    if ((b + 0.05) / (a + 0.05) < 4.5) faint.push(element.outerHTML);
  }
  return faint;
}"""


class ClientPage(BaseHTTPRequestHandler):
    """The application that the person comes back to."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"back at the application")

    def log_message(self, *said: object) -> None:
        """Says nothing."""


@contextmanager
def serving(application: object, port: int) -> Iterator[None]:
    """The application on a port of this machine, in a thread with an event loop of its own."""
    config = uvicorn.Config(application, port=port, log_config=None, lifespan="on")  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def callback() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), ClientPage)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/callback"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("browser")
    port = free_port()
    url = f"sqlite:///{folder / 'scopewright.db'}"
    server = {"port": port, "public_url": f"http://127.0.0.1:{port}"}
    stage = set_stage(url, FrozenClock(), server=server)
    stage.person(ANN, "sensor:read", "iotman:endpoints:read")
    stage.person(ANN, kind=PrincipalKind.MEMBER, role="iotman:viewer")
    with serving(stage.application, port):
        yield stage
    stage.database.close()


@pytest.fixture
def client(stage: Stage, callback: str) -> Client:
    stage.clock.advance(hours=1)  # past the limits of letters
    return stage.client(redirect_uris=(callback,))


def start(stage: Stage, client: Client, **more: str) -> str:
    return stage.authorize_url(client, redirect_uri=client.redirect_uris[0], **more)


def answer_at(page: Page, callback: str) -> dict[str, str]:
    """What the browser brought the client."""
    expect(page.get_by_text("back at the application")).to_be_visible()
    assert page.url.startswith(callback)
    return dict(parse_qsl(urlsplit(page.url).query))


def sign_in(page: Page, stage: Stage) -> None:
    """From the sign-in page through the letter's link."""
    page.get_by_label("Email address").fill(ANN)
    page.get_by_role("button", name="Send me a letter").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    page.goto(stage.letters.link)
    page.get_by_role("button", name="Sign in").click()


def test_from_the_application_through_the_letter_to_a_token(
    page: Page, stage: Stage, client: Client, callback: str
) -> None:
    page.goto(start(stage, client))
    sign_in(page, stage)
    expect(page.get_by_text("See what the sensors measure")).to_be_visible()
    page.get_by_role("button", name="Allow", exact=True).click()
    answer = answer_at(page, callback)
    assert answer["state"] == "xyz"
    form = {"code": answer["code"], "code_verifier": VERIFIER, "redirect_uri": callback}
    token = page.request.post(
        f"{stage.issuer}/token",
        form={"grant_type": "authorization_code", "client_id": client.id, **form},
    )
    assert token.json()["scope"] == "iotman:endpoints:read sensor:read"


def test_with_a_remembered_approval_the_letters_button_ends_at_the_application(
    page: Page, stage: Stage, client: Client, callback: str
) -> None:
    page.goto(start(stage, client))
    sign_in(page, stage)
    page.get_by_role("button", name="Allow", exact=True).click()
    answer_at(page, callback)
    stage.clock.advance(minutes=1)
    page.goto(start(stage, client, prompt="login"))
    sign_in(page, stage)
    assert "code" in answer_at(page, callback)


def test_refusing_goes_back_with_access_denied(
    page: Page, stage: Stage, client: Client, callback: str
) -> None:
    page.goto(start(stage, client))
    sign_in(page, stage)
    page.get_by_role("button", name="Do not allow").click()
    assert answer_at(page, callback)["error"] == "access_denied"


def test_the_whole_way_by_keyboard_alone_with_the_code(
    page: Page, stage: Stage, client: Client, callback: str
) -> None:
    page.goto(start(stage, client))
    tab_to(page, "Email address")
    page.keyboard.type(ANN)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    tab_to(page, "Code from the letter")
    page.keyboard.type(stage.letters.code.lower())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Allow")).to_be_visible()
    tab_to(page, "Allow")
    page.keyboard.press("Enter")
    assert "code" in answer_at(page, callback)


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what has this name has the focus, and shows it."""
    for _ in range(10):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused[0] == name:
            assert focused[1] != "none"
            return
    raise AssertionError(f"{name} cannot be reached by Tab")


def test_without_scripts_everything_works(
    browser: Browser, stage: Stage, client: Client, callback: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(start(stage, client))
    sign_in(page, stage)
    page.get_by_role("button", name="Allow", exact=True).click()
    assert "code" in answer_at(page, callback)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_narrow_screen_and_can_be_read(
    page: Page, stage: Stage, client: Client, callback: str, scheme: str
) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    stage.clock.advance(hours=1)
    page.goto(start(stage, client))
    check_page(page)
    page.get_by_label("Email address").fill("not@an@address")
    page.locator("form").evaluate("form => form.noValidate = true")
    page.get_by_role("button", name="Send me a letter").click()
    expect(page.get_by_role("alert")).to_be_visible()
    check_page(page)
    page.get_by_label("Email address").fill(ANN)
    page.get_by_role("button", name="Send me a letter").click()
    check_page(page)
    page.goto(stage.letters.link)
    check_page(page)
    page.get_by_role("button", name="Sign in").click()
    check_page(page)
    page.goto(f"{stage.origin}/me")
    check_page(page)
    for path in ("/sign-in?continue=x", "/invitations/accept?token=x", "/sign-in/link?token=x"):
        page.goto(f"{stage.origin}{path}")
        check_page(page)


def check_page(page: Page) -> None:
    """Headings in order, one main part, labels on fields, nothing cut off, nothing faint."""
    expect(page.get_by_role("main")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    levels = page.eval_on_selector_all("h1, h2, h3", "all => all.map((e) => +e.tagName[1])")
    assert all(after - before <= 1 for before, after in pairwise(levels))
    unlabelled = "input:not([type=hidden])"
    assert page.eval_on_selector_all(unlabelled, "all => all.every((e) => e.labels.length)")
    width = page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= 320, f"{page.url} is {width} pixels wide"
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.evaluate(CONTRAST) == []


def test_pages_stand_in_no_frame(page: Page, stage: Stage, callback: str) -> None:
    page.goto(callback)
    page.set_content(f'<iframe src="{stage.origin}/sign-in"></iframe>')
    page.wait_for_timeout(300)
    assert "Sign in" not in (page.frames[1].content() if len(page.frames) > 1 else "")
