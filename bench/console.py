"""Pages of the console among very many end-users, as a signed-in administrator opens them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from urllib.parse import urlencode

import httpx

from bench import crowd
from bench.figures import Contestant
from bench.load import Request
from bench.ours import ADMINISTRATOR, SLUG, Ours
from bench.stage import Stage
from bench.target import WrongAnswer, answer
from tests.visitors import Mailbox, a_browser, sign_in

PAGES = ("first page", "sorted", "filtered", "middle page")


def pages(stage: Stage) -> Mapping[str, Contestant]:
    """The page of the end-users: as it comes, by address, sought through, and from the middle."""
    return {
        f"{name} {where}": partial(crowd.loaded, request, 1)
        for name in crowd.databases(stage)
        for where, request in _asked(crowd.large(stage, name).ours)
    }


def _asked(ours: Ours) -> Iterator[tuple[str, Request]]:
    cookie, middle = _cookie(ours), _middle(ours)
    queries: list[dict[str, str]] = [
        {},
        {"sort": "-email"},
        {"q": "p77"},
        {"sort": "email", "cursor": middle},
    ]
    for where, query in zip(PAGES, queries, strict=True):
        url = f"{ours.management.url}/workspaces/{SLUG}/end-users?{urlencode(query)}"
        with httpx.Client(headers={"Cookie": cookie}, timeout=30) as browser:
            page = browser.get(url)
        if page.status_code != 200 or page.text.count('<th scope="row"') != 50:
            raise WrongAnswer(f"{url}: {page.status_code}, not a page of 50 end-users")
        yield where, Request(url, headers={"Cookie": cookie})


def _cookie(ours: Ours) -> str:
    """What the administrator's browser sends."""
    with a_browser(follow_redirects=True) as browser:
        sign_in(browser, ours.management.url, Mailbox(ours.letters, ADMINISTRATOR))
        return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


def _middle(ours: Ours) -> str:
    """Where the list by address goes on after half of it."""
    url = f"{ours.management.url}/api/workspaces/{SLUG}/end-users?sort=email&limit=1000"
    passed = 0
    while passed < crowd.LARGE / 2:
        page = answer(Request(url, headers=ours.management.headers))
        passed, url = passed + len(page["data"]), page["next_page"]
    return httpx.URL(url).params["cursor"]
