"""Choosing the language of the pages, for this browser."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from scopewright.console.render import Console
from scopewright.core.errors import Invalid
from scopewright.core.return_paths import page_of_ours
from scopewright.languages import CODES
from scopewright.web.cookies import LANGUAGE_COOKIE
from scopewright.web.visit import Visit

SECONDS = 365 * 24 * 3600


def choose(console: Console, visit: Visit) -> Response:
    """Answer this browser in one language from now on. Nothing else hangs on it.

    Raises:
        Invalid: there is no such language.
    """
    form = visit.form(known=frozenset({"language", "back"}))
    chosen, back = form.get("language", ""), form.get("back", "")
    if chosen not in CODES:
        raise Invalid(f"Choose one of {', '.join(CODES)}.", field="language")
    response = RedirectResponse(page_of_ours(back) or "/", 303)
    console.set_cookie(response, LANGUAGE_COOKIE, chosen, max_age=SECONDS)
    return response
