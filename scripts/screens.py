"""Pictures of every page: `python -m scripts.screens` puts them into `docs/screens`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from scopewright.console.places import PLACES
from tests.browser.conftest import NAMES, OPTIONS
from tests.browser.filled import cookies_of, filled
from tests.worlds import World

SCREENS = Path(__file__).parents[1] / "docs" / "screens"
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
NARROW_TOO = ("", "/end-users")
QUALITY = 60  # of the pictures, which are there to be looked at and not measured


def main() -> None:
    SCREENS.mkdir(exist_ok=True)
    executable = next(filter(None, map(shutil.which, NAMES)))
    with (
        tempfile.TemporaryDirectory() as folder,
        filled(Path(folder)) as world,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=executable, args=OPTIONS)
        context = browser.new_context(viewport=WIDE, color_scheme="light", locale="en-GB")  # type: ignore[arg-type]
        stranger = context.new_page()
        stranger.goto(f"{world.url}/sign-in")
        _shoot(stranger, "sign-in")
        context.add_cookies(cookies_of(world))  # type: ignore[arg-type]
        page = context.new_page()
        for place in PLACES:
            page.goto(f"{world.url}/workspaces/{world.slug}{place.path}")
            _shoot(page, place.path.strip("/") or "overview")
        for name, path in _below(world).items():
            page.goto(f"{world.url}/workspaces/{world.slug}{path}")
            _shoot(page, name)
        _one_s_own(page, world)
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        for path in NARROW_TOO:
            page.goto(f"{world.url}/workspaces/{world.slug}{path}")
            _shoot(page, f"{path.strip('/') or 'overview'}-dark-narrow")
        browser.close()


def _below(world: World) -> dict[str, str]:
    """Pages that one comes to from those of the menu."""
    machine = world.admin.get("/clients", params={"q": "client_credentials"}).json()["data"][0]
    person = world.admin.get("/end-users/ann@example.com").json()["id"]
    return {
        "why": f"/why?principal={person}&scope=plant.r",
        "end-user": "/end-users/ann@example.com",
        "invite": "/end-users/invite",
        "client": f"/clients/{machine['client_id']}",
        "consequences": "/end-users/ann@example.com/remove",
        "principal": f"/principals/{person}",
        "application": "/applications/plant",
        "compose": "/roles/keeper/compose",
    }


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
