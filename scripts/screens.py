"""Pictures of every page: `python -m scripts.screens` puts them into `docs/screens`.

Each is called as its route: `/roles/{name}/compose` is `roles-name-compose.jpg`.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from scopewright.console.routes import WORKSPACE_PAGES
from tests.browser.conftest import NAMES, OPTIONS
from tests.browser.filled import ANN, cookies_of, filled
from tests.browser.visits import Visits
from tests.worlds import World

SCREENS = Path(__file__).parents[1] / "docs" / "screens"
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
NARROW_TOO = ("", "/end-users")
QUALITY = 50  # of the pictures, which are there to be looked at and not measured
EDITOR = "edith@example.com"
ASKED = {"/why": f"?principal={ANN}&scope=plant.r", "/who-can": "?scope=plant.r"}


def main() -> None:
    shutil.rmtree(SCREENS, ignore_errors=True)
    SCREENS.mkdir()
    executable = next(filter(None, map(shutil.which, NAMES)))
    with (
        tempfile.TemporaryDirectory() as folder,
        filled(Path(folder), catalogues=["mindsphere"]) as world,
        sync_playwright() as playwright,
    ):
        world.member("editor", EDITOR).close()
        missing = world.admin.get("/role-mappings").json()["data"][0]["include"]
        world.admin.put(f"/role-mappings/{missing}", json={"role": "keeper"}).raise_for_status()
        browser = playwright.chromium.launch(executable_path=executable, args=OPTIONS)
        context = browser.new_context(viewport=WIDE, color_scheme="light", locale="en-GB")  # type: ignore[arg-type]
        stranger = context.new_page()
        stranger.goto(f"{world.url}/sign-in")
        _shoot(stranger, "sign-in")
        context.add_cookies(cookies_of(world))  # type: ignore[arg-type]
        page = context.new_page()
        visits = Visits(world, EDITOR)
        for method, path, _, _ in WORKSPACE_PAGES:
            if method == "GET":
                page.goto(visits.at(path) + ASKED.get(path, ""))
                _shoot(page, _name(path))
        _one_s_own(page, world)
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        for path in NARROW_TOO:
            page.goto(visits.at(path))
            _shoot(page, f"{_name(path)}-dark-narrow")
        browser.close()


def _name(path: str) -> str:
    return path.strip("/").translate({ord("/"): "-", ord("{"): None, ord("}"): None}) or "overview"


def _one_s_own(page: Page, world: World) -> None:
    page.goto(f"{world.url}/workspaces")
    _shoot(page, "workspaces")
    page.goto(f"{world.url}/me")
    _shoot(page, "me")
    page.locator('a[href^="/me/"]').first.click()
    _shoot(page, "own")


def _shoot(page: Page, name: str) -> None:
    page.screenshot(path=SCREENS / f"{name}.jpg", type="jpeg", quality=QUALITY)


if __name__ == "__main__":
    main()
