"""A walk through every page that there is, in one language: each is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

from playwright.sync_api import Browser

from tests.browser.eyes import Eyes, eyes
from tests.browser.filled import ANN, cookies_in, signed_in
from tests.browser.strangers import Stranger
from tests.browser.visits import Visits, route_of
from tests.worlds import World

LINKS = """() => [...document.querySelectorAll("main a[href]")].map((a) => a.href)"""
# Every form that changes something and in which something is typed: where it is sent, its fields.
FORMS = """() => [...document.querySelectorAll("main form[method=post]")].map((form) => [
  form.action, [...form.elements].filter((one) => one.name
    && (one.matches("textarea") || ["text", "url", "email", "number"].includes(one.type)))
    .map((one) => one.name)]).filter(([, names]) => names.length)"""
SEND = """([action, fields]) => {
  const form = document.createElement("form");
  const token = document.querySelector("input[name=anti_forgery]").value;
  for (const [name, value] of [["anti_forgery", token], ...fields]) {
    const field = document.createElement("textarea");
    [field.name, field.value] = [name, value];
    form.append(field);
  }
  [form.method, form.action] = ["post", action];
  document.body.append(form);
  HTMLFormElement.prototype.submit.call(form);
}"""
WRONG = "?! " + "w" * 2100  # in any field


@dataclass
class Walk:
    """Through one workspace, by its administrator, an end-user, its editor, and a stranger."""

    world: World
    browser: Browser
    code: str
    editor: str
    found: list[str] = field(default_factory=list)
    routes: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)  # where a form was not refused
    _forms: dict[str, tuple[str, list[str]]] = field(default_factory=dict)

    def go(self) -> None:
        """All of it."""
        home = f"{self.world.url}/workspaces/{self.world.slug}"
        with self._as(self.world.admin_email) as administrator:
            for url, status in Visits(self.world, self.editor):
                self._look(administrator, url, status=status)
                administrator.has_seen_frame = True
            self._look_for_something(administrator, home)
            self._do_wrong(administrator)
            self._own(administrator)
        with self._as(ANN) as person:
            self._own(person)
        with self._as(self.editor) as editor:
            self._look(editor, f"{home}/settings/delete", status=HTTPStatus.FORBIDDEN)
            for nowhere in ("workspaces/nobodys", "nothing"):
                self._look(editor, f"{self.world.url}/{nowhere}", status=HTTPStatus.NOT_FOUND)
        self._arrive()

    @contextmanager
    def _as(self, address: str) -> Iterator[Eyes]:
        cookies = cookies_in(signed_in(self.world, address), self.world.url)
        with eyes(self.browser, self.code, cookies) as looking:
            yield looking
        self.found += looking.found

    def _look(self, looking: Eyes, url: str, *, status: int = HTTPStatus.OK) -> None:
        looking.at(url, status=status)
        self.routes.add(route_of(url))
        for action, names in looking.page.evaluate(FORMS):
            self._forms.setdefault(route_of(action) or action, (url, [action, names]))

    def _look_for_something(self, looking: Eyes, home: str) -> None:
        """The palette, with and without what is looked for."""
        looking.page.goto(home)
        looking.page.keyboard.press("Control+k")
        looking.look()
        looking.page.get_by_role("combobox").fill("ann@")
        looking.page.get_by_role("option", name=ANN).wait_for()
        looking.look()

    def _do_wrong(self, looking: Eyes) -> None:
        """Send every form with something in it that cannot be; and one that can, for its secret."""
        for url, (action, names) in self._forms.values():
            looking.page.goto(url)
            with looking.page.expect_navigation() as navigation:
                looking.page.evaluate(SEND, [action, [[name, WRONG] for name in names]])
            if navigation.value.ok:
                self.taken.add(urlsplit(action).path)
            looking.look()
        keys = f"{self.world.url}/workspaces/{self.world.slug}/api-keys"
        looking.page.goto(keys)
        with looking.page.expect_navigation():
            looking.page.evaluate(SEND, [keys, [["note", "Shown once"], ["carries", "all"]]])
        looking.page.locator(".secret-text").wait_for()
        looking.look()

    def _own(self, looking: Eyes) -> None:
        """What somebody has of their own, and all that it leads to."""
        me, kinds = f"{self.world.url}/me", set()
        todo = [me, f"{self.world.url}/workspaces", f"{self.world.url}/launchpad"]
        while todo:
            url = todo.pop()
            self._look(looking, url)
            for link in looking.page.evaluate(LINKS):
                if link.startswith(f"{me}/") and (route := route_of(link)) not in kinds:
                    kinds.add(route)
                    todo.append(link)

    def _arrive(self) -> None:
        phone = self.world.register("pkce", name="ب🛰️" * 40)
        screen = self.world.register("device", name="ب🛰️" * 40)
        with eyes(self.browser, self.code, []) as looking:
            looking.page.on("framenavigated", lambda frame: self.routes.add(route_of(frame.url)))
            Stranger(looking, self.world, phone, screen).walk()
        self.found += looking.found
