"""axe-core finds nothing on any page, in both themes and every language, on filled pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from scopewright.console.languages import CODES, language_of
from scopewright.console.places import PLACES
from tests.browser.filled import cookies_of, filled
from tests.worlds import World

AXE = Path(__file__).parent / "peers/node_modules/axe-core/axe.min.js"
RUN = """async () => {
  const found = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa",
    "wcag22aa", "best-practice"] });
  return found.violations.map((one) => [one.id, one.help, ...one.nodes.slice(0, 4).map(
    (node) => node.html.slice(0, 160) + " :: " + node.failureSummary.slice(0, 200))]);
}"""
LINKS = """(below) => [...document.querySelectorAll("main a[href]")].map((a) => a.pathname)
  .filter((path) => path.startsWith(below))"""
SHOWN = (200, 409)  # what is in use says so on the page that asks whether it is to go
NARROWEST = 320
MOST_BELOW = 4  # pages that are looked at below each place
LOOKS = [("light", 1280), ("dark", NARROWEST)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with filled(tmp_path_factory.mktemp("filled")) as world:
        yield world


@pytest.fixture(scope="module")
def cookies(world: World) -> list[dict[str, str]]:
    return cookies_of(world)


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def page(
    request: pytest.FixtureRequest, browser: Browser, cookies: list[dict[str, str]]
) -> Iterator[Page]:
    scheme, width = request.param
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 800}, locale="en-GB"
    )
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert faults == []


def faults_of(page: Page, url: str) -> list[object]:
    """What axe finds, and what hangs over the edge."""
    answer = page.goto(url)
    assert answer is not None
    assert answer.status in SHOWN, url
    page.evaluate(AXE.read_text())
    found: list[object] = list(page.evaluate(RUN))
    width = page.evaluate("() => document.documentElement.scrollWidth")
    if width > (page.viewport_size or {})["width"]:
        found.append(f"{width} pixels wide")
    return [(url, one) for one in found]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.path or "/")
def test_nothing_is_wrong_with_a_place_and_what_it_leads_to(
    page: Page, world: World, place: object
) -> None:
    path = getattr(place, "path", "")
    here = f"{world.url}/workspaces/{world.slug}{path}"
    found = faults_of(page, here)
    below = f"/workspaces/{world.slug}{path}/"
    onwards = list(dict.fromkeys(page.evaluate(LINKS, below))) if path else []
    for onward in onwards[:MOST_BELOW]:
        found += faults_of(page, f"{world.url}{onward}")
    assert found == []


def test_nothing_is_wrong_with_ones_own_pages(page: Page, world: World) -> None:
    found = faults_of(page, f"{world.url}/me")
    for onward in dict.fromkeys(page.evaluate(LINKS, "/me/")):
        found += faults_of(page, f"{world.url}{onward}")
        for further in dict.fromkeys(page.evaluate(LINKS, f"{onward}/")):
            found += faults_of(page, f"{world.url}{further}")
    assert found == []


def test_nothing_is_wrong_with_the_way_in(page: Page, world: World) -> None:
    page.context.clear_cookies()
    assert faults_of(page, f"{world.url}/sign-in") == []


@pytest.mark.parametrize("code", CODES)
def test_nothing_hangs_over_the_edge_in_any_language(page: Page, world: World, code: str) -> None:
    page.goto(f"{world.url}/me")
    page.get_by_role("button", name=language_of(code).name).click()
    for place in PLACES:
        page.goto(f"{world.url}/workspaces/{world.slug}{place.path}")
        assert page.locator("html").get_attribute("lang") == code
        width = page.evaluate("() => document.documentElement.scrollWidth")
        assert width <= (page.viewport_size or {})["width"], place.path
