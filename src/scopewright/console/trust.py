"""Who is let in from outside: issuers that speak for clients, and tokens to register with."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from scopewright.console import spans
from scopewright.console.acts import Act
from scopewright.console.desk import EMPTY, Desk, Fault, Form
from scopewright.console.lists import listed
from scopewright.console.notes import Note
from scopewright.core.errors import Invalid, ScopewrightError
from scopewright.languages import spoken

ISSUERS, TOKENS = "/trusted-issuers", "/registration-tokens"
AT_ISSUERS, AT_TOKENS = f"/settings{ISSUERS}", f"/settings{TOKENS}"
DAY = 86_400


async def issuers(desk: Desk, form: Form = EMPTY, fault: Fault | None = None) -> Response:
    """The trusted issuers, and the form for one more."""
    return await desk.page(
        "trusted_issuers.html",
        issuers=await listed(desk, ISSUERS, at=AT_ISSUERS),
        form=form,
        fault=fault,
    )


async def trust(desk: Desk) -> Response:
    """Trust one more issuer."""
    form = desk.form()
    try:
        sent = _trusted(form)
        made = await desk.change("POST", ISSUERS, sent)
    except ScopewrightError as error:
        return await issuers(desk, form, Fault.of(error))
    said = spoken().says("%(issuer)s is trusted.") % made
    return desk.back(AT_ISSUERS, Note(said, desk.command("POST", ISSUERS, sent)))


def _trusted(form: Form) -> dict[str, Any]:
    """The issuer with one rule; which claims an assertion must carry is JSON.

    Raises:
        Invalid: it is none.
    """
    try:
        claims = json.loads(form.text("claims") or "{}")
    except ValueError:
        claims = None
    if not isinstance(claims, dict):
        raise Invalid('Write an object such as {"sub": "deployer"}.', field="claims")
    rules = [{"claims": claims, "client_id": form.text("client_id")}]
    return {**form.sent("issuer", "audience", "jwks_uri"), "rules": rules}


async def distrusting(desk: Desk) -> Act:
    """Trusting an issuer no more."""
    says, path = spoken().says, f"{ISSUERS}/{desk.named['id']}"
    trusted = await desk.read(path)
    return Act(
        "DELETE",
        path,
        title=says("Trust %(issuer)s no more?") % trusted,
        says=(
            says("Its assertions are refused from now on."),
            says("Tokens that they have brought about live until they expire."),
        ),
        button=says("Trust it no more"),
        done=says("%(issuer)s is trusted no more.") % trusted,
        keep=AT_ISSUERS,
        back=AT_ISSUERS,
    )


async def tokens(desk: Desk) -> Response:
    """The registration tokens, and the form for one more."""
    return await _tokens(desk, Form(spans.typed("expires_in", DAY)), None)


async def _tokens(desk: Desk, form: Form, fault: Fault | None) -> Response:
    return await desk.page(
        "registration_tokens.html",
        tokens=await listed(desk, TOKENS, at=AT_TOKENS),
        units=spans.units(),
        form=form,
        fault=fault,
    )


async def make_token(desk: Desk) -> Response:
    """Make a token; it is shown once."""
    form = desk.form()
    sent = {**form.sent("note"), **spans.given(form, "expires_in")}
    try:
        made = await desk.change("POST", TOKENS, sent)
    except ScopewrightError as error:
        return await _tokens(desk, form, Fault.of(error))
    note = Note(
        spoken().says("The registration token is made."),
        desk.command("POST", TOKENS, sent),
        made["token"],
        spoken().says("The registration token."),
    )
    return desk.back(AT_TOKENS, note)


async def revoking(desk: Desk) -> Act:
    """Revoking a registration token."""
    says = spoken().says
    return Act(
        "DELETE",
        f"{TOKENS}/{desk.named['id']}",
        title=says("Revoke this registration token?"),
        says=(says("Nobody registers by it any more. Clients that have registered stay."),),
        button=says("Revoke"),
        done=says("The registration token is revoked."),
        keep=AT_TOKENS,
        back=AT_TOKENS,
    )
