"""A person's browser and mailbox, without a window: follows redirects, fills in forms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlsplit

import httpx

from scopewright.mail import Letter

MOST_STEPS = 10


class Mailbox:
    """Keeps letters instead of sending them."""

    def __init__(self) -> None:
        self._letters: list[Letter] = []

    def send(self, letter: Letter) -> None:
        self._letters.append(letter)

    def link(self, address: str) -> str:
        """The link of the newest letter to an address."""
        newest = next(one for one in reversed(self._letters) if one.to == address)
        found = re.search(r"https?://\S+", newest.text)
        assert found is not None  # every letter has one
        return found.group()


class Browser:
    """One person's browser; `http` keeps its cookies."""

    def __init__(self, http: httpx.AsyncClient, mailbox: Mailbox) -> None:
        self._http = http
        self._mailbox = mailbox

    async def ask_for_link(self, address: str) -> str:
        """The link of a sign-in letter that was asked for here."""
        page = await self._http.get("/sign-in")
        await self._submit(page, {"email": address})
        return self._mailbox.link(address)

    async def authorize(self, url: str, *, address: str, redirect_uri: str) -> dict[str, str]:
        """Sign in by letter, allow what is asked for; the parameters of the way back."""
        sign_in = await self._follow(await self._http.get(url))
        await self._submit(sign_in, {"email": address})
        link = await self._http.get(self._mailbox.link(address))
        consent = await self._follow(await self._submit(link, {}))
        answer = await self._submit(consent, {"decision": "approve"})
        location = answer.headers["location"]
        assert location.startswith(redirect_uri), location
        return dict(parse_qsl(urlsplit(location).query))

    async def _follow(self, answer: httpx.Response) -> httpx.Response:
        for _ in range(MOST_STEPS):
            if not answer.has_redirect_location:
                break
            answer = await self._http.get(answer.headers["location"])
        return answer.raise_for_status()

    async def _submit(self, page: httpx.Response, filled: Mapping[str, str]) -> httpx.Response:
        """Send the first form of a page, with its hidden fields."""
        form = _FirstForm()
        form.feed(page.raise_for_status().text)
        sent = {**form.hidden, **filled}
        answer = await self._http.post(form.action or page.url, data=sent)
        return answer if answer.has_redirect_location else answer.raise_for_status()


class _FirstForm(HTMLParser):
    """The first form that is posted: where to, and what it sends unseen."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.hidden: dict[str, str] = {}
        self._is_open = False
        self._is_done = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and not self._is_done and given.get("method", "").lower() == "post":
            self._is_open, self.action = True, given.get("action")
        elif tag == "input" and self._is_open and given.get("type") == "hidden":
            self.hidden[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._is_open:
            self._is_open, self._is_done = False, True
