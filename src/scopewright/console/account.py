"""What the signed-in person is here, and the way in."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from scopewright.console.render import Console, page
from scopewright.core.model import EMAIL_PROVIDER
from scopewright.web.visit import Visit


def home(console: Console, visit: Visit) -> Response:
    """To the workspace that you manage, to a choice of them, to what you are, or to the way in."""
    sign_in = console.sign_in(visit)
    if sign_in is None:
        return RedirectResponse("/sign-in", 303)
    managed = console.account.managed(sign_in.identity)
    if len(managed) == 1:
        return RedirectResponse(f"/workspaces/{quote(managed[0].slug)}", 303)
    return RedirectResponse("/workspaces" if managed else "/me", 303)


def me(console: Console, visit: Visit) -> Response:
    """Every record of the person, with what it holds."""
    cookie, sign_in = console.cookie(visit), console.sign_in(visit)
    if sign_in is None or cookie is None:
        return RedirectResponse("/sign-in", 303)
    identity, records = sign_in.identity, console.account.of(sign_in.identity)
    # What a provider calls somebody may be a number.
    is_address = identity.provider == EMAIL_PROVIDER or not records
    return page(
        "me.html",
        person=identity.subject if is_address else records[0].principal.name,
        records=records,
        public_url=console.sign_ins.public_url,
        anti_forgery=console.cookies.anti_forgery(cookie),
    )
