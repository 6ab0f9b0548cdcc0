"""Accepting the invitation to manage a workspace."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from scopewright import ids
from scopewright.console.render import Console, page
from scopewright.console.sign_in import (
    BROWSER_COOKIE,
    BROWSER_SECONDS,
    WRONG_ANSWER,
    browser_cookie,
)
from scopewright.web.visit import Visit


def ask(console: Console, visit: Visit) -> Response:
    """The page of an invitation's link. It changes nothing, and tells a stranger nothing."""
    return _ask(console, visit, token=visit.query("token"))


def accept(console: Console, visit: Visit) -> Response:
    """Become a member, by the link and the address that it went to; signs the browser in."""
    form = console.form(visit, "token", "email", cookie=browser_cookie(console, visit))
    token = form.get("token", "")
    member = console.invitations.accept(token, form.get("email", ""))
    if member is None or member.identity is None:
        return _ask(console, visit, token=token, fault=WRONG_ANSWER)
    signed_in = console.sign_ins.sign_in(member.identity, cookie=console.cookie(visit))
    return console.welcome(RedirectResponse("/", 303), signed_in)


def _ask(console: Console, visit: Visit, *, token: str, fault: str = "") -> Response:
    browser = browser_cookie(console, visit) or ids.new_secret("swb")
    response = page(
        "invitation.html",
        token=token,
        fault=fault,
        anti_forgery=console.cookies.anti_forgery(browser),
    )
    console.set_cookie(response, BROWSER_COOKIE, browser, max_age=BROWSER_SECONDS)
    return response
