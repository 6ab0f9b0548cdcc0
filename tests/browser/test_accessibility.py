"""axe-core finds nothing on any page, in both themes and every language, among a hundred thousand.

Filled means: end-users by the hundred thousand, names of 128 characters, in Arabic, and with emoji.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Template
from playwright.sync_api import Browser

from scopewright.console import render
from scopewright.languages import CODES
from tests.browser.crowded import crowded
from tests.browser.visits import ROUTES
from tests.browser.walk import Walk
from tests.visitors import an_address
from tests.worlds import World

TEMPLATES = Path(render.__file__).parent / "templates"
EXTENDED = re.compile(r'\{% extends "([a-z_.]+)" %\}')
# They lead elsewhere, and are never seen.
PASSED = {"/", "/workspaces/{ws}/launchpad"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with crowded(tmp_path_factory.mktemp("crowded")) as world:
        yield world


@pytest.fixture(scope="module")
def editor(world: World) -> str:
    address = an_address("editor")
    world.member("editor", address).close()
    return address


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the templates of all that the server answers with."""
    names: set[str] = set()
    render_template = Template.render

    def rendering(self: Template, *args: object, **facts: object) -> str:
        names.add(self.name or "")
        return render_template(self, *args, **facts)

    monkeypatch.setattr(Template, "render", rendering)
    return names


@pytest.mark.parametrize("code", CODES)
def test_nothing_is_wrong_with_any_page(
    world: World, browser: Browser, editor: str, rendered: set[str], code: str
) -> None:
    walk = Walk(world, browser, code, editor)
    walk.go()
    assert not walk.found, "\n".join(walk.found)
    assert walk.taken == {f"/workspaces/{world.slug}/roles/keeper/compose"}  # saves nothing yet
    assert set(ROUTES) - PASSED - walk.routes == set()
    assert pages() - rendered == set()


def pages() -> set[str]:
    """The templates that are pages: what pages are made of has macros or blocks alone."""
    extended = {one.name: EXTENDED.match(one.read_text()) for one in TEMPLATES.glob("*.html")}
    frames = {found[1] for found in extended.values() if found}
    return {name for name, found in extended.items() if found} - frames
