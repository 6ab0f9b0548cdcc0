"""Signing in by letter: ask for it, type its code or follow its link, sign out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from scopewright import ids
from scopewright.console.render import Console, page
from scopewright.core.device_authorization import path_of as device_path
from scopewright.core.errors import Invalid, Malformed
from scopewright.core.model import EMAIL_PROVIDER, SignIn
from scopewright.core.return_paths import AGAIN, way_back
from scopewright.languages import N_
from scopewright.services.sign_in import SignedIn
from scopewright.web.credentials import SIGN_IN_COOKIE
from scopewright.web.visit import Visit

BROWSER_COOKIE = "scopewright_browser"  # before signing in; it marks the browser that asked
BROWSER_SECONDS = 24 * 3600
WRONG_CODE = N_(
    "This code did not work. It may be mistyped, used, too old, or tried too often."
    " Ask for another letter below."
)
WRONG_ANSWER = N_(
    "This did not work. The link may be used or too old, or its letter went to another address."
)

_AUTHORIZATION_ID = re.compile(r"aut_[0-9a-z]{26}")
_COOKIE = re.compile(r"swb_[0-9A-Za-z]{49}")


# --- asking for a letter ------------------------------------------------------------------------


def ask(console: Console, visit: Visit) -> Response:
    """The form that asks for an address."""
    continue_to = checked_continue_to(visit.query("continue"))
    present = console.sign_in(visit)
    if not continue_to and present is not None:
        return RedirectResponse("/", 303)
    email = _hinted(console, continue_to)
    if present is not None and _is_again(console, visit, continue_to):
        email = _address_of(present)
    return _ask(console, visit, continue_to=continue_to, email=email)


def send(console: Console, visit: Visit) -> Response:
    """Send the letter; the answer is the same for every address."""
    browser = browser_cookie(console, visit)
    form = console.form(visit, "email", "continue", cookie=browser)
    continue_to = checked_continue_to(form.get("continue", ""))
    email = form.get("email", "")
    try:
        console.sign_ins.send_link(
            email, browser=browser or "", continue_to=continue_to or None, source=visit.source
        )
    except Invalid as error:
        return _ask(console, visit, continue_to=continue_to, email=email, fault=error.detail)
    query = f"?{urlencode({'continue': continue_to})}" if continue_to else ""
    return RedirectResponse(f"/sign-in/code{query}", 303)


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed for a provider, and what is wrong with it."""

    provider: str
    username: str
    fault: str


def ask_again(console: Console, visit: Visit, *, continue_to: str, typed: Typed) -> Response:
    """The page once more, with what is wrong beside what was typed for a provider."""
    return _ask(console, visit, continue_to=continue_to, typed=typed)


def _ask(
    console: Console,
    visit: Visit,
    *,
    continue_to: str,
    email: str = "",
    fault: str = "",
    typed: Typed | None = None,
) -> Response:
    browser = browser_cookie(console, visit) or ids.new_secret("swb")
    offers = console.providers.offers()
    response = page(
        "sign_in.html",
        status=422 if fault or typed else 200,
        leads_to=_leads_to(console, continue_to) if offers else None,
        providers=offers,
        typed=typed,
        continue_to=continue_to,
        is_again=_is_again(console, visit, continue_to),
        email=email,
        fault=fault,
        anti_forgery=console.cookies.anti_forgery(browser),
    )
    console.set_cookie(response, BROWSER_COOKIE, browser, max_age=BROWSER_SECONDS)
    return response


def _is_again(console: Console, visit: Visit, continue_to: str) -> bool:
    """Whether one is sent here from a page that asks for another sign-in."""
    comes_back = way_back(continue_to) or device_path(continue_to)
    return comes_back is not None and console.sign_in(visit) is not None


# --- the code -----------------------------------------------------------------------------------


def ask_code(console: Console, visit: Visit) -> Response:
    """Says that a letter is on its way, and takes its code."""
    continue_to = checked_continue_to(visit.query("continue"))
    browser = browser_cookie(console, visit)
    if browser is None:
        return RedirectResponse("/sign-in", 303)
    return _ask_code(console, browser, continue_to=continue_to)


def redeem_code(console: Console, visit: Visit) -> Response:
    """Sign in by the code, in the browser that asked for it."""
    browser = browser_cookie(console, visit)
    form = console.form(visit, "code", "continue", cookie=browser)
    assert browser is not None  # form() refuses who has no cookie
    signed_in = console.sign_ins.redeem_code(
        form.get("code", ""), browser=browser, cookie=console.cookie(visit)
    )
    console.count_sign_in(EMAIL_PROVIDER, succeeded=signed_in is not None)
    if signed_in is None:
        continue_to = checked_continue_to(form.get("continue", ""))
        return _ask_code(console, browser, continue_to=continue_to, fault=WRONG_CODE)
    return go_on(console, signed_in)


def _ask_code(console: Console, browser: str, *, continue_to: str, fault: str = "") -> Response:
    return page(
        "check_mail.html",
        leads_to=_leads_to(console, continue_to),
        continue_to=continue_to,
        fault=fault,
        anti_forgery=console.cookies.anti_forgery(browser),
    )


# --- the link -----------------------------------------------------------------------------------


def ask_link(console: Console, visit: Visit) -> Response:
    """The page of a letter's link. It changes nothing, and tells a stranger nothing."""
    return _ask_link(console, visit, token=visit.query("token"))


def redeem_link(console: Console, visit: Visit) -> Response:
    """Sign in by the link, where the letter was asked for or with the address it went to."""
    browser = browser_cookie(console, visit)
    form = console.form(visit, "token", "email", cookie=browser)
    token = form.get("token", "")
    signed_in = console.sign_ins.redeem_link(
        token, browser=browser, email=form.get("email"), cookie=console.cookie(visit)
    )
    console.count_sign_in(EMAIL_PROVIDER, succeeded=signed_in is not None)
    if signed_in is None:
        return _ask_link(console, visit, token=token, fault=WRONG_ANSWER)
    return go_on(console, signed_in)


def _ask_link(console: Console, visit: Visit, *, token: str, fault: str = "") -> Response:
    known = browser_cookie(console, visit)
    browser = known or ids.new_secret("swb")
    asked = console.sign_ins.asked_here(token, browser=known)
    response = page(
        "sign_in_link.html",
        leads_to=None if asked is None else _leads_to(console, asked.continue_to),
        token=token,
        email="" if asked is None else asked.email,
        fault=fault,
        anti_forgery=console.cookies.anti_forgery(browser),
    )
    console.set_cookie(response, BROWSER_COOKIE, browser, max_age=BROWSER_SECONDS)
    return response


# --- signed in, and out -------------------------------------------------------------------------


def sign_out(console: Console, visit: Visit) -> Response:
    """Sign this browser out; on its way to an authorization it may sign in as somebody else."""
    cookie = console.cookie(visit)
    form = console.form(visit, "continue", cookie=cookie)
    assert cookie is not None  # form() refuses who has no cookie
    continue_to = checked_continue_to(form.get("continue", ""))
    console.sign_ins.sign_out(cookie)
    query = f"?{urlencode({'continue': continue_to})}" if continue_to else ""
    response = RedirectResponse(f"/sign-in{query}", 303)
    console.set_cookie(response, SIGN_IN_COOKIE, "", max_age=0)
    return response


def again(console: Console, visit: Visit) -> Response:
    """Says to whoever has signed in again how to go on, in the tab with the form."""
    if console.sign_in(visit) is None:
        return RedirectResponse(f"/sign-in?{urlencode({'continue': AGAIN})}", 303)
    return page("signed_in_again.html")


def browser_cookie(console: Console, visit: Visit) -> str | None:
    """The mark of this browser, if it is one that we could have given."""
    cookie = console.cookie(visit, BROWSER_COOKIE)
    return cookie if cookie is not None and _COOKIE.fullmatch(cookie) else None


def go_on(console: Console, signed_in: SignedIn) -> Response:
    """Signed in, and on the way that the browser was on."""
    path = signed_in.continue_to or "/"
    return console.welcome(RedirectResponse(path, 303), signed_in)


def _address_of(sign_in: SignIn) -> str:
    identity = sign_in.identity
    return identity.subject if identity.provider == EMAIL_PROVIDER else ""


def _hinted(console: Console, continue_to: str) -> str:
    """The address that the client expects; whether it is known here is not looked up."""
    waiting = console.authorizations.waiting(continue_to)
    return "" if waiting is None else waiting.particulars.login_hint or ""


def _leads_to(console: Console, continue_to: str | None) -> str | None:
    """Where the client that waits for this sign-in may have the browser sent at once."""
    waiting = console.authorizations.waiting(continue_to) if continue_to else None
    return None if waiting is None else waiting.redirect_uri


def checked_continue_to(value: str) -> str:
    """The authorization, device page or page of a workspace to go on with; empty for none."""
    known = (
        _AUTHORIZATION_ID.fullmatch(value) is not None
        or device_path(value) is not None
        or way_back(value) is not None
    )
    if value and not known:
        raise Malformed("The address of this page is not one of ours.")
    return value
