"""oidc-client-ts in Chromium: a single-page application of another origin, without a backend."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.guard.loopback import loopback, says
from tests.protocol.peers.conftest import SCOPE, Stage
from tests.worlds import KnownClient

HERE = Path(__file__).parent
LIBRARY = HERE / "node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js"
RENEWED = "manager.signinSilent().then(told, error => ({refused: error.error ?? error.message}))"


def _answer(handler: BaseHTTPRequestHandler) -> None:
    is_library = handler.path.endswith(".js")
    content = (LIBRARY if is_library else HERE / "oidc-client-ts.html").read_bytes()
    says(content, Content_Type="text/javascript" if is_library else "text/html")(handler)


@contextmanager
def application(stage: Stage, page: Page) -> Iterator[KnownClient]:
    """The application, open in the page and registered with its address."""
    with loopback(_answer) as served:
        home = f"{served.url}/"
        client = stage.world.register(
            "pkce", redirect_uris=[home], registration={"post_logout_redirect_uris": [home]}
        )
        use = {
            "authority": stage.world.issuer,
            "client_id": client.id,
            "scope": f"openid email {SCOPE}",
        }
        page.goto(f"{home}?{urlencode(use)}")
        yield client


def sign_in(stage: Stage, page: Page) -> None:
    """What the person does from the application's button until they are back at it."""
    letters = len(stage.mailbox.letters())
    page.evaluate("void manager.signinRedirect()")
    page.get_by_label("Email address").fill(stage.mailbox.address)
    page.get_by_role("button", name="Send me a letter").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    page.goto(stage.mailbox.link(letters + 1))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Allow", exact=True).click()
    expect(page.get_by_role("heading", name="An application")).to_be_visible()


def test_oidc_client_ts_signs_in_renews_and_out_and_is_refused_afterwards(
    stage: Stage, page: Page
) -> None:
    with application(stage, page):
        sign_in(stage, page)
        user = page.evaluate("manager.signinRedirectCallback().then(told)")
        assert user["email"] == stage.mailbox.address
        assert user["scope"] == f"email openid {SCOPE}"

        renewed = page.evaluate(RENEWED)
        assert (renewed["sub"], renewed["email"]) == (user["sub"], user["email"])
        assert renewed["token"] != user["token"]

        kept = page.evaluate("manager.getUser().then(user => user.refresh_token)")
        page.evaluate("void manager.signoutRedirect()")
        expect(page.get_by_role("heading", name="An application")).to_be_visible()
        again = f"manager._client.useRefreshToken({{state: {{refresh_token: '{kept}'}}}})"
        refused = f"{again}.then(() => 'renewed', error => error.error)"
        assert page.evaluate(refused) == "invalid_grant"
        assert not stage.world.introspect(stage.machine, renewed["token"])["active"]


@pytest.mark.parametrize("parameter", ["state", "code"])
def test_oidc_client_ts_refuses_an_answer_that_somebody_else_made(
    stage: Stage, page: Page, parameter: str
) -> None:
    with application(stage, page):
        sign_in(stage, page)
        forged = f"manager.signinRedirectCallback(location.href.replace('{parameter}=', '&x='))"
        assert page.evaluate(f"{forged}.then(() => 'signed in', () => 'refused')") == "refused"
