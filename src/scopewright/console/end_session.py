"""Signing out because an application asks for it (OpenID Connect RP-Initiated Logout)."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from scopewright.console.answer import destination_of
from scopewright.console.render import Console, page
from scopewright.core.logout import LogoutRequest
from scopewright.core.model import Client
from scopewright.services.logout import Question, SignedOut
from scopewright.web.credentials import SIGN_IN_COOKIE
from scopewright.web.http import unique_parameters
from scopewright.web.visit import Visit

_CARRIED_ON = ("client_id", "post_logout_redirect_uri", "state")


def ask(console: Console, visit: Visit) -> Response:
    """Sign out, where that cannot be meant otherwise; else ask the person."""
    request = LogoutRequest.of(unique_parameters(visit.parameters()))
    cookie = console.cookie(visit)
    if visit.scope["method"] == "POST" and cookie is None:
        # From another site browsers send no cookie with a form, but they do on the way from here.
        return _sent_on(f"{_address(visit)}?{urlencode(request.parameters())}")
    outcome = console.logout.begin(visit.path["workspace_id"], request, cookie=cookie)
    if isinstance(outcome, Question):
        return _ask(console, visit, outcome, request, cookie=cookie or "")
    return _signed_out(console, visit, outcome)


def confirm(console: Console, visit: Visit) -> Response:
    """The person has pressed the button."""
    cookie = console.cookie(visit)
    form = console.form(visit, *_CARRIED_ON, cookie=cookie)
    assert cookie is not None  # form() refuses who has no cookie
    workspace_id = visit.path["workspace_id"]
    outcome = console.logout.confirm(workspace_id, LogoutRequest.of(form), cookie=cookie)
    return _signed_out(console, visit, outcome)


def _ask(
    console: Console, visit: Visit, question: Question, request: LogoutRequest, *, cookie: str
) -> Response:
    carried = {}
    if question.client is not None and question.answer_at is not None:
        named = replace(request, id_token_hint=None, client_id=question.client.client_id)
        carried = named.parameters()
    return page(
        "end_session.html",
        person=question.person,
        client=_name(question.client),
        leads_to=question.answer_at,
        destination=destination_of(question.answer_at) if question.answer_at else "",
        action=f"{_address(visit)}/confirmation",
        carried=carried,
        anti_forgery=console.cookies.anti_forgery(cookie),
    )


def _signed_out(console: Console, visit: Visit, outcome: SignedOut) -> Response:
    """Back to the application, or to a page that says so; the cookie goes in any case."""
    response: Response
    if outcome.answer_at is not None and outcome.is_sure:
        response = _sent_on(outcome.answer_at)
    elif visit.scope["method"] == "POST":
        response = _sent_on(_address(visit))
    else:
        response = page(
            "signed_out.html", client=_name(outcome.client), answer_at=outcome.answer_at
        )
    console.set_cookie(response, SIGN_IN_COOKIE, "", max_age=0)
    return response


def _sent_on(url: str) -> Response:
    return RedirectResponse(url, 303, {"cache-control": "no-store"})


def _address(visit: Visit) -> str:
    return f"/w/{visit.path['workspace_id']}/end-session"


def _name(client: Client | None) -> str:
    return "" if client is None else client.name
