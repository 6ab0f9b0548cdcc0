"""What axe-core and the edge of the window find wrong with a page, in one language."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.browser.conftest import PATIENCE_MILLISECONDS

AXE = Path(__file__).parent / "peers/node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async ({ without, ...options }) => {
  const told = { ...options, resultTypes: ["violations"], preload: false };
  const found = await axe.run({ exclude: without }, told);
  return found.violations.map((one) => [one.id, one.help, ...one.nodes.slice(0, 4).map(
    (node) => node.html.slice(0, 160) + " :: " + node.failureSummary.slice(0, 200))]);
}"""
WIDTH = "() => document.documentElement.scrollWidth"
WIDE, NARROW, HEIGHT = 1280, 320, 800
# Colours and sizes are the same in every language: in this one they are looked at.
IN_COLOUR = "en"
COLOURS, SIZES = "color-contrast", "target-size"
FRAME = [".top", ".places", ".foot"]  # is around every page, and is looked at once


@dataclass
class Eyes:
    """A page of somebody's browser, which speaks one language, and what is wrong with all of it."""

    page: Page
    code: str
    has_seen_frame: bool = False
    found: list[str] = field(default_factory=list)

    def at(self, url: str, *, status: int = HTTPStatus.OK) -> None:
        """Look at the page there, which answers with this status."""
        answer = self.page.goto(url)
        if answer is None or answer.status != status:
            self._find(f"answers {answer and answer.status} and not {int(status)}")
        self.look()

    def look(self, *, language: str = "") -> None:
        """Look at the page that is there: wide and light, narrow and dark."""
        self.page.wait_for_load_state()
        lang = self.page.locator("html").get_attribute("lang")
        if lang != (language or self.code):
            self._find(f"speaks {lang}")
        without = FRAME if self.has_seen_frame else []
        rules = {rule: {"enabled": self.code == IN_COLOUR} for rule in (COLOURS, SIZES)}
        self._run({"runOnly": TAGS, "rules": rules, "without": without})
        self.page.emulate_media(color_scheme="dark")
        self.page.set_viewport_size({"width": NARROW, "height": HEIGHT})
        if self.code == IN_COLOUR:
            on_phones = {"type": "rule", "values": [COLOURS, SIZES]}
            self._run({"runOnly": on_phones, "without": without})
        self._measure()
        self.page.set_viewport_size({"width": WIDE, "height": HEIGHT})
        self.page.emulate_media(color_scheme="light")
        self._measure()

    def _run(self, options: dict[str, Any]) -> None:
        for one in self.page.evaluate(RUN, options):
            self._find(one)

    def _measure(self) -> None:
        width, window = self.page.evaluate(WIDTH), self.page.viewport_size
        assert window is not None
        if width > window["width"]:
            self._find(f"is {width} pixels wide where there are {window['width']}")

    def _find(self, wrong: object) -> None:
        self.found.append(f"{self.page.url}: {wrong}")


@contextmanager
def eyes(browser: Browser, code: str, cookies: list[dict[str, str]]) -> Iterator[Eyes]:
    """Those of whoever has these cookies; that a script or the server failed is found, too."""
    window = {"width": WIDE, "height": HEIGHT}
    context = browser.new_context(locale=code, timezone_id="UTC", viewport=window)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    context.add_init_script(path=AXE)
    context.add_cookies(cookies)  # type: ignore[arg-type]
    looking = Eyes(context.new_page(), code)
    looking.page.on("pageerror", lambda error: looking.found.append(str(error)))
    looking.page.on("response", lambda answer: looking.found.append(f"{answer.url} broke")
                    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR else None)  # fmt: skip
    yield looking
    context.close()
