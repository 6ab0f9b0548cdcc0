"""The page of a pending authorization: it signs in, asks for approval, or sends back."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import RedirectResponse, Response

from scopewright.console.answer import answered, destination_of
from scopewright.console.render import Console, page
from scopewright.core.authorization_response import AuthorizationResponse
from scopewright.core.errors import Malformed
from scopewright.core.scopes import Scopes
from scopewright.languages import N_
from scopewright.services.authorization.answers import SignInFirst
from scopewright.services.authorization.asking import AccountChoice, Question, Which
from scopewright.web.visit import Visit

# In plain words and in this order; what is not here is said by its name.
PROTOCOL_WORDS = {
    "openid": N_("Recognise you when you come back"),
    "profile": N_("See your name"),
    "email": N_("See your email address"),
    "offline_access": N_("Stay connected while you are away"),
}


def go_on(console: Console, visit: Visit) -> Response:
    """Whatever comes next for this authorization in this browser."""
    which = _which(console, visit)
    match console.authorizations.look(which):
        case SignInFirst():
            return _redirect(f"/sign-in?continue={which.id}")
        case AuthorizationResponse() as response:
            return answered(response)
        case AccountChoice() as choice:
            return _asked(console, which, "choose_account.html", choice)
        case Question() as question:
            words = plain_words(question.protocol)
            return _asked(console, which, "consent.html", question, words=words)


def decide(console: Console, visit: Visit) -> Response:
    """The person's answer: go on as who they are, approve, or deny."""
    which = _which(console, visit)
    form = console.form(visit, "decision", cookie=which.cookie)
    match form.get("decision"):
        case "choose":
            console.authorizations.choose(which)
            return _redirect(_path(which))
        case "approve":
            response = console.authorizations.approve(which)
            # Something else has to be asked first: the page says what.
            return _redirect(_path(which)) if response is None else answered(response)
        case "deny":
            return answered(console.authorizations.deny(which))
    raise Malformed("The answer is choose, approve or deny.")


def _asked(
    console: Console,
    which: Which,
    template: str,
    asked: AccountChoice | Question,
    words: Sequence[str] = (),
) -> Response:
    assert which.cookie is not None  # nobody else is signed in, and only who is, is asked
    return page(
        template,
        leads_to=asked.redirect_uri,
        question=asked,
        destination=destination_of(asked.redirect_uri),
        action=_path(which),
        continue_to=which.id,
        anti_forgery=console.cookies.anti_forgery(which.cookie),
        words=words,
    )


def plain_words(words: Scopes) -> list[str]:
    """What the protocol's own words mean for the person."""
    known = [said for word, said in PROTOCOL_WORDS.items() if word in words]
    return known + sorted(words - PROTOCOL_WORDS.keys())


def _redirect(path: str) -> Response:
    return RedirectResponse(path, 303, {"cache-control": "no-store"})


def _which(console: Console, visit: Visit) -> Which:
    path = visit.path
    return Which(path["workspace_id"], path["authorization_id"], console.cookie(visit))


def _path(which: Which) -> str:
    return f"/w/{which.workspace_id}/authorize/{which.id}"
