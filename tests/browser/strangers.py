"""The way of a stranger through the pages that stand outside of workspaces, each one looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode

from playwright.sync_api import Route

from scopewright.console.render import page as page_of_ours
from tests.browser.eyes import Eyes
from tests.browser.filled import ANN, ARABIC
from tests.visitors import REDIRECT_URI
from tests.worlds import KnownClient, World

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@dataclass
class Stranger:
    """Somebody at the server's pages who has not signed in yet."""

    eyes: Eyes
    world: World
    phone: KnownClient
    screen: KnownClient

    def walk(self) -> None:
        """Go the whole way."""
        for way in (
            self._in_vain, self._by_password, self._by_letter, self._at_an_application,
            self._at_a_device, self._out,
        ):  # fmt: skip
            way()

    def _at(self, path: str, *, status: int = HTTPStatus.OK, **query: str) -> None:
        self.eyes.at(f"{self.world.url}{path}?{urlencode(query)}", status=status)

    def _send(self, button: str = "button.primary", **typed: str) -> None:
        """Fill the first form of the main part that has these fields, and press its button."""
        forms = self.eyes.page.locator("main form")
        for name in typed:
            forms = forms.filter(has=self.eyes.page.locator(f"input[name={name}]"))
        form = forms.first
        form.evaluate("form => { form.noValidate = true; }")
        for name, value in typed.items():
            form.locator(f"input[name={name}]").fill(value)
        form.locator(button).first.click()
        self.eyes.look()

    def _in_vain(self) -> None:
        self._at("/sign-in")
        self._send(email="not@an@address")
        self._send(username="alice", password="wrong")
        self._at("/sign-in/from/toy", status=HTTPStatus.NOT_FOUND, state="x")
        self._at("/sign-in/link", token="x")
        self._send(email=ANN)
        self._at("/invitations/accept", token="x")
        self._send(email=ANN)
        elsewhere = page_of_ours("sign_in_elsewhere.html", title=ARABIC, url="/me")
        self.eyes.page.route("**/elsewhere", lambda route: route.fulfill(
            body=bytes(elsewhere.body), content_type="text/html",
        ))  # fmt: skip
        self.eyes.page.goto(f"{self.world.url}/elsewhere")
        self.eyes.look(language="en")  # nobody has asked for it in another

    def _by_password(self) -> None:
        self._at("/sign-in")
        self._send(username="alice", password="secret")
        self._at("/sign-in/again")
        self.eyes.page.context.clear_cookies()

    def _by_letter(self) -> None:
        mailbox = self.world.mailbox(ANN)
        before = len(mailbox.letters())
        self.eyes.page.goto(f"{self.world.url}/sign-in")
        self._send(email=ANN)
        self._send(code="BCDF2345")
        self.eyes.page.goto(mailbox.link(before + 1))
        self.eyes.look()
        self._send()

    def _authorize(self, **more: str) -> None:
        path = self.world.metadata["authorization_endpoint"].removeprefix(self.world.url)
        asked = {
            "response_type": "code", "client_id": self.phone.id, "redirect_uri": REDIRECT_URI,
            "code_challenge": CHALLENGE, "code_challenge_method": "S256", "state": "s", **more,
        }  # fmt: skip
        self._at(path, **asked)

    def _at_an_application(self) -> None:
        self._authorize(prompt="consent")
        self._authorize(prompt="select_account")
        self._authorize(prompt="consent", response_mode="form_post")
        self.eyes.page.route("**/authorize/*", _without_script)
        self._send()

    def _at_a_device(self) -> None:
        endpoint = self.world.metadata["device_authorization_endpoint"]
        told = self.world.http.post(endpoint, data={"client_id": self.screen.id}).json()
        self.eyes.page.goto(told["verification_uri"])
        self.eyes.look()
        self._send(user_code="wrong")
        self._send(user_code=told["user_code"])
        self._send()

    def _out(self) -> None:
        self._at("/launchpad")
        path = self.world.metadata["end_session_endpoint"].removeprefix(self.world.url)
        self._at(path)
        self._send()


def _without_script(route: Route) -> None:
    """The answer as it is for browsers without scripts: it stays where it is."""
    answer = route.fetch()
    body = re.sub("<script>.*</script>", "", answer.text(), flags=re.DOTALL)
    route.fulfill(response=answer, body=body)
