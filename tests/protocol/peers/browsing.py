"""A person's part in an authorization that a foreign client began."""

from __future__ import annotations

from urllib.parse import urljoin

import httpx

from tests.visitors import REDIRECT_URI, STEPS, Form, Mailbox, NoCode, submit


def callback(
    browser: httpx.Client, url: str, mailbox: Mailbox, *, ending: str = REDIRECT_URI
) -> str:
    """Where the browser ends that opens this URL and does what each page asks."""
    page = browser.get(url)
    for _ in range(STEPS):
        if page.is_redirect:
            location = urljoin(str(page.url), page.headers["location"])
            if location.startswith(ending):
                return location
            page = browser.get(location)
        elif Form(page).address_field is None:
            page = submit(browser, page)
        else:
            letters = len(mailbox.letters())
            submit(browser, page, address=mailbox.address)
            page = browser.get(mailbox.link(letters + 1))
    raise NoCode(f"no answer after {STEPS} steps; the last page: {page.url}")
