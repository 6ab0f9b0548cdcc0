"""A person with a browser: signs in by letter, accepts invitations, gets sessions at a client.

Signed in once, the browser gets each further session from ``/authorize`` and the token endpoint
alone, so that many sessions are cheap to prepare.
"""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import re
import secrets
import time
from dataclasses import dataclass
from email.message import EmailMessage
from functools import cache, cached_property
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

REDIRECT_URI = "http://127.0.0.1:9/callback"  # nothing listens there; the code is read on the way
STEPS = 12  # pages and redirects until the code
LETTER_SECONDS = 10
SIGN_IN = "Your sign-in link"  # the subject; an invitation may be on its way at the same time


class NoCode(Exception):
    """The authorization did not end in a code."""


def an_address(name: str = "ann") -> str:
    """An address that nobody has used: letters are limited by address."""
    return f"{name}.{secrets.token_hex(4)}@example.com"


def a_browser(**options: Any) -> httpx.Client:
    """A browser of its own. All it visits is plain HTTP, so no certificates are loaded."""
    return httpx.Client(timeout=30, verify=False, **options)


@dataclass(frozen=True)
class Mailbox:
    """The letters to one address, among the files that a server writes."""

    folder: Path
    address: str

    def letters(self, subject: str = "") -> list[EmailMessage]:
        """Those with the subject, or all, in the order in which they were sent."""
        files = sorted(self.folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        letters = [letter for path in files if (letter := _letter(path))["To"] == self.address]
        return [letter for letter in letters if subject in letter["Subject"]]

    def link(self, number: int = 1, subject: str = "") -> str:
        """The link of the letter with this number; it may still be on its way."""
        deadline = time.monotonic() + LETTER_SECONDS
        while len(letters := self.letters(subject)) < number:
            if time.monotonic() > deadline:
                raise NoCode(f"{len(letters)} letters to {self.address}, not {number}")
            time.sleep(0.01)
        return _link_in(letters[number - 1])

    def newest_link(self, *, after: int) -> str:
        """The link of the youngest file, once there are more than `after`: for many letters."""
        deadline = time.monotonic() + LETTER_SECONDS
        while len(files := list(self.folder.glob("*.eml"))) <= after:
            if time.monotonic() > deadline:
                raise NoCode(f"{len(files)} letters, not more than {after}")
            time.sleep(0.002)
        youngest = max(files, key=lambda path: path.stat().st_mtime_ns).read_bytes()
        return _link_in(email.message_from_bytes(youngest, policy=email.policy.default))


def _link_in(letter: EmailMessage) -> str:
    plain = letter.get_body(("plain",))
    link = re.search(r"https?://\S+", plain.get_content() if plain else "")
    if link is None:
        raise NoCode(f"no link in the letter to {letter['To']}")
    return link.group()


@cache
def _letter(path: Path) -> EmailMessage:
    return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)


@dataclass(frozen=True)
class Person:
    """An end-user at the client ``client_id``; letters to them are files in ``letters``."""

    address: str
    client_id: str
    metadata: dict[str, Any]
    letters: Path
    secret: str | None = None

    @cached_property
    def browser(self) -> httpx.Client:
        return a_browser()

    @property
    def mailbox(self) -> Mailbox:
        return Mailbox(self.letters, self.address)

    def session(self, **parameters: str) -> dict[str, Any]:
        """A new session: the token endpoint's answer, with its refresh token."""
        verifier = secrets.token_urlsafe(48)
        told = self.authorize(verifier, **parameters)
        if "code" not in told:
            raise NoCode(f"the client was told {told}")
        answer = self.redeem(told["code"], verifier)
        answer.raise_for_status()
        return dict(answer.json())

    def redeem(self, code: str, verifier: str) -> httpx.Response:
        """The token endpoint's answer to a code."""
        form = {
            "grant_type": "authorization_code",
            "redirect_uri": REDIRECT_URI,
            "code": code,
            "code_verifier": verifier,
        }
        url = self.metadata["token_endpoint"]
        with a_browser() as client:
            if self.secret is None:
                return client.post(url, data={**form, "client_id": self.client_id})
            return client.post(url, data=form, auth=(self.client_id, self.secret))

    def authorize(self, verifier: str, **replaced: str | None) -> dict[str, str]:
        """What the client is told: a code, or an error. None leaves a parameter out."""
        page = self.ask(verifier, **replaced)
        for _ in range(STEPS):
            if not page.is_redirect:
                page = self._answer(page)
                continue
            location = urljoin(str(page.url), page.headers["location"])
            if location.startswith(REDIRECT_URI):
                return dict(parse_qsl(urlsplit(location).query))
            page = self.browser.get(location)
        raise NoCode(f"no answer after {STEPS} steps; the last page: {page.url}")

    def ask(self, verifier: str, **replaced: str | None) -> httpx.Response:
        """The first answer of the authorize endpoint."""
        digest = hashlib.sha256(verifier.encode()).digest()
        query: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT_URI,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
            **replaced,
        }
        kept = {name: value for name, value in query.items() if value is not None}
        return self.browser.get(self.metadata["authorization_endpoint"], params=kept)

    def _answer(self, page: httpx.Response) -> httpx.Response:
        """Do what a page asks: give the address and open the letter's link, or press its button."""
        if Form(page).address_field is None:
            return submit(self.browser, page)
        before = len(self.mailbox.letters(SIGN_IN))
        submit(self.browser, page, address=self.address)
        return self.browser.get(self.mailbox.link(before + 1, SIGN_IN))


def sign_in(browser: httpx.Client, url: str, mailbox: Mailbox) -> httpx.Response:
    """Sign a browser in at the server's own page, by letter; the answer to the last click."""
    before = len(mailbox.letters(SIGN_IN))
    submit(browser, browser.get(f"{url}/sign-in"), address=mailbox.address)
    return submit(browser, browser.get(mailbox.link(before + 1, SIGN_IN)))


def submit(browser: httpx.Client, page: httpx.Response, *, address: str = "") -> httpx.Response:
    """Fill in the form of a page, press its first button; redirects are not followed."""
    form = Form(page)
    return browser.request(form.method, form.action, data=form.filled(address))


def anti_forgery_token(page: httpx.Response) -> str:
    """The token in the forms of a page, which scripts put into a header."""
    found = re.search(r'name="anti_forgery" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


class Form(HTMLParser):
    """The first form in the main part of a page: its fields, and its first button's."""

    def __init__(self, page: httpx.Response) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.kinds: set[str] = set()
        self.address_field: str | None = None
        self._attributes: dict[str, str | None] = {}
        self._state = "before main"
        self._has_button = False
        self.feed(page.text)
        if self._state != "after form":
            raise NoCode(f"{page.status_code} {page.url}: a page without a form")
        self.method = (self._attributes.get("method") or "get").upper()
        self.action = urljoin(str(page.url), self._attributes.get("action") or "")

    def filled(self, address: str) -> dict[str, str]:
        """What a browser would send with ``address`` typed where an address is asked for."""
        return {**self.fields, **({self.address_field: address} if self.address_field else {})}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "main":
            self._state = "before form"
        elif tag == "form" and self._state == "before form":
            self._state, self._attributes = "in form", attributes
        elif tag in {"input", "button"} and self._state == "in form":
            self._field(tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._state == "in form":
            self._state = "after form"

    def _field(self, tag: str, attributes: dict[str, str | None]) -> None:
        name, kind = attributes.get("name"), attributes.get("type")
        if tag == "button":
            if self._has_button:
                return
            self._has_button = True
        elif kind in {"checkbox", "radio"} and "checked" not in attributes:
            return
        self.kinds.add(kind or tag)
        if name:
            self.fields[name] = attributes.get("value") or ""
            if kind == "email":
                self.address_field = name
