"""The page of a pending authorization: it signs in, asks for approval, or sends back."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import RedirectResponse, Response

from scopewright.console.render import Console, page
from scopewright.core.errors import Malformed
from scopewright.core.scopes import Scopes
from scopewright.services.authorization import Question, Redirect, SignInFirst
from scopewright.web.visit import Visit

# In plain words and in this order; what is not here is said by its name.
PROTOCOL_WORDS = {
    "openid": "Recognise you when you come back",
    "profile": "See your name",
    "email": "See your email address",
    "offline_access": "Stay connected while you are away",
}


def go_on(console: Console, visit: Visit) -> Response:
    """Whatever comes next for this authorization in this browser."""
    cookie = console.cookie(visit)
    outcome = console.authorizations.look(*_which(visit), cookie=cookie)
    if isinstance(outcome, Question):
        return _ask(console, visit, outcome, cookie=cookie or "")
    return _sent_on(visit, outcome)


def decide(console: Console, visit: Visit) -> Response:
    """The person's answer: approve or deny."""
    cookie = console.cookie(visit)
    form = console.form(visit, "decision", cookie=cookie)
    assert cookie is not None  # form() refuses who has no cookie
    match form.get("decision"):
        case "approve":
            outcome = console.authorizations.approve(*_which(visit), cookie=cookie)
            return _sent_on(visit, outcome)
        case "deny":
            return _sent_on(visit, console.authorizations.deny(*_which(visit), cookie=cookie))
    raise Malformed("The answer is approve or deny.")


def _ask(console: Console, visit: Visit, question: Question, *, cookie: str) -> Response:
    workspace_id, authorization_id = _which(visit)
    return page(
        "consent.html",
        question=question,
        destination=_destination(question.redirect_uri),
        words=_plain(question.protocol),
        action=f"/w/{workspace_id}/authorize/{authorization_id}",
        continue_to=authorization_id,
        anti_forgery=console.cookies.anti_forgery(cookie),
    )


def _plain(words: Scopes) -> list[str]:
    known = [said for word, said in PROTOCOL_WORDS.items() if word in words]
    return known + sorted(words - PROTOCOL_WORDS.keys())


def _sent_on(visit: Visit, outcome: SignInFirst | Redirect) -> Response:
    headers = {"cache-control": "no-store"}
    if isinstance(outcome, Redirect):
        return RedirectResponse(outcome.url, 303, headers)
    _, authorization_id = _which(visit)
    return RedirectResponse(f"/sign-in?continue={authorization_id}", 303, headers)


def _which(visit: Visit) -> tuple[str, str]:
    return visit.path["workspace_id"], visit.path["authorization_id"]


def _destination(redirect_uri: str) -> str:
    """Where the browser will be sent, short enough to be read: a host, or an app's scheme."""
    parts = urlsplit(redirect_uri)
    return parts.netloc or f"the app {parts.scheme}"
