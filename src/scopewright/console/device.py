"""The page where a person answers for a device: type its code, see who asks, allow or refuse.

Opening it changes nothing, with a code in its address neither. Each step sends the code again.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import RedirectResponse, Response

from scopewright.console.consent import plain_words
from scopewright.console.render import Console, page
from scopewright.core.device_authorization import continuation, shown_code, typed_code
from scopewright.core.errors import AccessDenied, InvalidScope, Malformed, SignInTooOld
from scopewright.core.model import SignIn
from scopewright.languages import N_
from scopewright.services.device_authorization import Visitor
from scopewright.web.visit import Visit

WRONG_CODE = N_("This code did not work. It may be mistyped, used, or too old.")


def ask(console: Console, visit: Visit) -> Response:
    """The form for the code, once the person is signed in."""
    console.devices.check_workspace(visit.path["workspace_id"])
    code = typed_code(visit.query("user_code")) or ""
    sign_in = console.sign_in(visit)
    if sign_in is None:
        return _sign_in_first(visit, code)
    return _ask_code(console, visit, sign_in, code=shown_code(code) if code else "")


def answer(console: Console, visit: Visit) -> Response:
    """The code alone shows the question; with a decision it is answered."""
    sign_in = console.sign_in(visit)
    if sign_in is None:
        return _sign_in_first(visit, "")
    form = console.form(visit, "user_code", "decision", cookie=console.cookie(visit))
    code, decision = form.get("user_code", ""), form.get("decision")
    visitor, fault = Visitor(sign_in, visit.source), WRONG_CODE
    try:
        answered = (
            _look(console, visit, visitor, code)
            if decision is None
            else _decide(console, visit, visitor, code, decision)
        )
    except SignInTooOld:
        return _sign_in_first(visit, typed_code(code) or "")
    except (AccessDenied, InvalidScope) as error:
        answered, fault = None, error.detail
    return answered or _ask_code(console, visit, sign_in, code=code, fault=fault)


def _look(console: Console, visit: Visit, visitor: Visitor, code: str) -> Response | None:
    question = console.devices.look(visit.path["workspace_id"], code, visitor)
    if question is None:
        return None
    return _page(
        console,
        visit,
        "device_question.html",
        question=question,
        words=plain_words(question.protocol),
        user_code=shown_code(typed_code(code) or ""),
    )


def _decide(
    console: Console, visit: Visit, visitor: Visitor, code: str, decision: str
) -> Response | None:
    decisions = {"approve": console.devices.allow, "deny": console.devices.deny}
    if decision not in decisions:
        raise Malformed("The answer is approve or deny.")
    if not decisions[decision](visit.path["workspace_id"], code, visitor):
        return None
    return page("device_done.html", is_allowed=decision == "approve")


def _ask_code(
    console: Console, visit: Visit, sign_in: SignIn, *, code: str, fault: str = ""
) -> Response:
    facts = {"person": sign_in.identity.subject, "user_code": code, "fault": fault}
    return _page(console, visit, "device.html", **facts)


def _page(console: Console, visit: Visit, template: str, **facts: Any) -> Response:
    """A page of ours with its forms, for a browser that is signed in."""
    workspace_id = visit.path["workspace_id"]
    return page(
        template,
        action=f"/w/{workspace_id}/device",
        continue_to=continuation(workspace_id, None),
        anti_forgery=console.cookies.anti_forgery(console.cookie(visit) or ""),
        **facts,
    )


def _sign_in_first(visit: Visit, code: str) -> Response:
    continue_to = continuation(visit.path["workspace_id"], code)
    headers = {"cache-control": "no-store"}
    return RedirectResponse(f"/sign-in?continue={continue_to}", 303, headers)
