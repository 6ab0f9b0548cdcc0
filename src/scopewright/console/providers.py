"""Signing in by a provider of identities: a name and a password typed here, or a way elsewhere."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from scopewright.console.render import Console, page
from scopewright.console.sign_in import (
    Typed,
    ask_again,
    browser_cookie,
    checked_continue_to,
)
from scopewright.core.errors import Malformed, ScopewrightError
from scopewright.core.upstream import failure_page
from scopewright.languages import N_
from scopewright.providers import Unusable
from scopewright.services.providers.asking import Arrived, Offer
from scopewright.web.http import parse_pairs
from scopewright.web.visit import Visit

WRONG = N_("This did not work. The name or the password may be mistyped.")

UNRECOGNISED = N_("This did not work. You did not come here by way of where people sign in so.")


def sign_in(console: Console, visit: Visit) -> Response:
    """Take a name and a password, or send the browser to whoever can tell."""
    offers = {offer.name: offer for offer in console.providers.offers()}
    offer = offers.get(visit.path["provider"])
    try:
        if offer is None or offer.is_form:
            return _take(console, visit)
        if offer.is_header:
            return _recognise(console, visit, offer)
        return _send_away(console, visit, offer)
    except Unusable as error:
        return _unusable(error)


def come_back(console: Console, visit: Visit) -> Response:
    """The browser is back, with what proves who its person is."""
    pairs = parse_pairs(visit.scope["query_string"])
    query = dict(pairs)
    if len(query) != len(pairs):
        raise Malformed("A parameter stands more than once.")
    name = visit.path["provider"]
    try:
        arrived, continue_to = console.providers.finish(
            name, query, browser=browser_cookie(console, visit), request=Request(visit.scope)
        )
    except ScopewrightError as error:
        console.count_sign_in(name, succeeded=False)
        return _in_vain(console, name, error)
    console.count_sign_in(name, succeeded=True)
    return _welcome(console, visit, arrived, continue_to=continue_to or "")


def _in_vain(console: Console, name: str, error: ScopewrightError) -> Response:
    """Where the operator has a page for it, that one."""
    is_away, page = isinstance(error, Unusable), console.providers.failure_url(name)
    if page:
        return RedirectResponse(failure_page(page, error, is_away=is_away), 303)
    if is_away:
        return _unusable(error)
    raise error


def _send_away(console: Console, visit: Visit, offer: Offer) -> Response:
    """By a page, not a redirect: `form-action` would have to name every place on the way."""
    browser = browser_cookie(console, visit)
    form = console.form(visit, "continue", cookie=browser)
    continue_to = checked_continue_to(form.get("continue", ""))
    url = console.providers.begin(
        offer.name, browser=browser or "", continue_to=continue_to or None, source=visit.source
    )
    response = page("sign_in_elsewhere.html", title=offer.title, url=url)
    response.headers["refresh"] = f"0; url={url}"
    return response


def _recognise(console: Console, visit: Visit, offer: Offer) -> Response:
    """Whoever the proxy says it is, at the other end of this very connection."""
    form = console.form(visit, "continue", cookie=browser_cookie(console, visit))
    continue_to, peer = checked_continue_to(form.get("continue", "")), visit.scope.get("client")
    headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in visit.scope["headers"]]
    arrived = console.providers.recognise(offer.name, headers, peer=peer[0] if peer else None)
    console.count_sign_in(offer.name, succeeded=arrived is not None)
    if arrived is None:
        return ask_again(
            console, visit, continue_to=continue_to, typed=Typed(offer.name, "", UNRECOGNISED)
        )
    return _welcome(console, visit, arrived, continue_to=continue_to)


def _unusable(error: ScopewrightError) -> Response:
    title = N_("This way to sign in does not answer")
    return page("refusal.html", status=503, title=title, detail=error.detail)


def _take(console: Console, visit: Visit) -> Response:
    """Every kind of failure is answered alike."""
    browser = browser_cookie(console, visit)
    form = console.form(visit, "username", "password", "continue", cookie=browser)
    continue_to, name = checked_continue_to(form.get("continue", "")), visit.path["provider"]
    arrived = console.providers.authenticate(
        name, form.get("username", ""), form.get("password", ""), source=visit.source
    )
    console.count_sign_in(name, succeeded=arrived is not None)
    if arrived is None:
        typed = Typed(name, form.get("username", ""), WRONG)
        return ask_again(console, visit, continue_to=continue_to, typed=typed)
    return _welcome(console, visit, arrived, continue_to=continue_to)


def _welcome(console: Console, visit: Visit, arrived: Arrived, *, continue_to: str) -> Response:
    """Signed in, and on the way; what the operator says to those who come in stands between."""
    signed_in = console.sign_ins.sign_in(
        arrived.identity,
        cookie=console.cookie(visit),
        continue_to=continue_to or None,
        state=arrived.state,
    )
    leads_to = signed_in.continue_to or arrived.page or "/"
    if not arrived.message:
        return console.welcome(RedirectResponse(leads_to, 303), signed_in)
    shown = page("signed_in.html", message=arrived.message, continue_to=leads_to)
    return console.welcome(shown, signed_in)
