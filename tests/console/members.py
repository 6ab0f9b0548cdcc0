"""Members with a browser: they open pages of a workspace, fill forms in and press buttons."""

from __future__ import annotations

import html
import re
import shlex
from dataclasses import dataclass, replace

import httpx

from tests.visitors import a_browser, anti_forgery_token, sign_in
from tests.worlds import World


@dataclass(frozen=True)
class AtWork:
    """A signed-in member at a workspace. Paths are below it; redirects are followed."""

    browser: httpx.Client
    world: World

    def at(self, world: World) -> AtWork:
        """The same member at another workspace."""
        return replace(self, world=world)

    def open(self, path: str, **headers: str) -> httpx.Response:
        """A page."""
        return self.browser.get(self.address(path), headers=headers)

    def send(self, page: httpx.Response, path: str, /, **fields: str | list[str]) -> httpx.Response:
        """Press the button of a form of a page; the page that one is led to."""
        token = anti_forgery_token(page)
        return self.browser.post(self.address(path), data={"anti_forgery": token, **fields})

    def address(self, path: str) -> str:
        return f"{self.world.url}/workspaces/{self.world.slug}{path}"


def at_work(world: World, address: str) -> AtWork:
    """Somebody who signs in by letter; an invitation must have been accepted before."""
    browser = a_browser(follow_redirects=True)
    sign_in(browser, world.url, world.mailbox(address))
    return AtWork(browser, world)


def a_member(world: World, role: str) -> AtWork:
    """A new member, who has accepted the invitation."""
    browser = a_browser(follow_redirects=True)
    browser.cookies = world.member(role).cookies
    return AtWork(browser, world)


def text_of(page: httpx.Response) -> str:
    """What a page says, without its marks and with single spaces."""
    body = re.sub(r"(?s)<(script|style|head).*?</\1>", " ", page.text)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def command_of(page: httpx.Response) -> list[str]:
    """The words of the first command that a page shows."""
    found = re.search(r'<details class="command">.*?<code>(.*?)</code>', page.text, re.DOTALL)
    assert found is not None, page.text
    return shlex.split(html.unescape(found[1]))
