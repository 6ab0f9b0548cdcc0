"""Signing in and approving in Chromium: with the mouse, by keyboard alone, on a narrow screen."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from scopewright.core.model import Client, PrincipalKind
from tests.browser.pages import ANN, check_page, serving, sign_in, tab_to
from tests.clock import FrozenClock
from tests.migrated import migrated_file
from tests.people import VERIFIER, Stage, set_stage
from tests.ports import free_port


class ClientPage(BaseHTTPRequestHandler):
    """The application that the person comes back to; `/onwards/PORT` leads to another one."""

    def do_GET(self) -> None:
        if self.path.startswith("/onwards/"):
            port = urlsplit(self.path).path.rpartition("/")[2]
            self.send_response(302)
            self.send_header("location", f"http://127.0.0.1:{port}/callback")
            self.end_headers()
            return
        self._say("back at the application")

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["content-length"])).decode()
        self._say("back at the application with " + " ".join(sorted(dict(parse_qsl(form)))))

    def _say(self, text: str) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *said: object) -> None:
        """Says nothing."""


@contextmanager
def application_running() -> Iterator[int]:
    """Its port on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), ClientPage)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def callback() -> Iterator[str]:
    with application_running() as port:
        yield f"http://127.0.0.1:{port}/callback"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("browser")
    port = free_port()
    url = migrated_file(folder / "scopewright.db")
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
    page.locator("main form").evaluate("form => form.noValidate = true")
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


def test_an_application_may_lead_on_to_another_one(
    page: Page, stage: Stage, client: Client, callback: str
) -> None:
    with application_running() as other:
        onwards = callback.replace("/callback", f"/onwards/{other}")
        broker = stage.client(redirect_uris=(onwards,))
        page.goto(start(stage, broker))
        sign_in(page, stage)
        page.get_by_role("button", name="Allow", exact=True).click()
        expect(page.get_by_text("back at the application")).to_be_visible()
        assert page.url == f"http://127.0.0.1:{other}/callback"


@pytest.mark.parametrize("scripts", [True, False])
def test_an_answer_by_form_posts_itself_or_waits_for_its_button(
    browser: Browser, stage: Stage, client: Client, scripts: bool
) -> None:
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.goto(start(stage, client, response_mode="form_post"))
    sign_in(page, stage)
    page.get_by_role("button", name="Allow", exact=True).click()
    if not scripts:
        expect(page.get_by_role("heading", name="Back to the application")).to_be_visible()
        page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("back at the application with code iss state")).to_be_visible()
    assert "code" not in page.url
    context.close()


def test_choosing_an_account_needs_no_script(
    browser: Browser, stage: Stage, client: Client, callback: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{stage.origin}/sign-in")
    sign_in(page, stage)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    stage.clock.advance(minutes=1)
    page.goto(start(stage, client, prompt="select_account"))
    page.get_by_role("link", name="Sign in with another address").click()
    page.go_back()
    page.get_by_role("button", name=f"Go on as {ANN}").click()
    page.get_by_role("button", name="Allow", exact=True).click()
    assert "code" in answer_at(page, callback)
    context.close()


def test_pages_stand_in_no_frame(page: Page, stage: Stage, callback: str) -> None:
    page.goto(callback)
    page.set_content(f'<iframe src="{stage.origin}/sign-in"></iframe>')
    page.wait_for_timeout(300)
    assert "Sign in" not in (page.frames[1].content() if len(page.frames) > 1 else "")
