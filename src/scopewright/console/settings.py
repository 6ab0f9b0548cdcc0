"""Settings of the workspace: its name, how long tokens live, what keys must be, and its end."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.responses import Response

from scopewright.console import spans
from scopewright.console.acts import Act
from scopewright.console.changing import differing, saved
from scopewright.console.desk import Desk, Fault, Form
from scopewright.languages import spoken

AT = "/settings"
LIVES = ("access_lifetime", "refresh_lifetime", "session_lifetime", "refresh_grace")
_DEFAULT = "default"  # of a choice: as the server says
_YES_NO = {"yes": True, "no": False}


async def show(desk: Desk, form: Form | None = None, fault: Fault | None = None) -> Response:
    """All of them, as a form."""
    workspace = await desk.read("")
    return await desk.page(
        "settings.html",
        workspace=workspace,
        units=spans.units(),
        form=form or _as_it_is(workspace),
        fault=fault,
    )


def _as_it_is(workspace: Mapping[str, Any]) -> Form:
    tokens, policy = workspace["tokens"], workspace["policy"]
    keys = policy["api_keys"]
    live = {True: "yes", False: "no"}.get(tokens["live_scopes"], _DEFAULT)
    pairs = [
        ("name", workspace["name"]),
        ("live_scopes", live),
        ("signing_algorithm", tokens["signing_algorithm"] or _DEFAULT),
        ("security_profile", policy["security_profile"]),
        ("client_registration", policy["client_registration"]),
        ("scopes", " ".join(keys["scopes"] or ())),
        *spans.typed("maximum_lifetime", keys["maximum_lifetime"]),
    ]
    for name in LIVES:
        pairs += spans.typed(name, tokens[name])
    if keys["must_expire"]:
        pairs.append(("must_expire", "yes"))
    return Form(pairs)


async def change(desk: Desk) -> Response:
    """Change what is different from before."""
    form = desk.form()
    sent = _changed(_wanted(form), await desk.read(""))
    said = spoken().says("The settings are saved.")
    return await saved(desk, "", sent, said=said, again=partial(show, desk, form), back=AT)


def _wanted(form: Form) -> dict[str, Any]:
    algorithm = form.text("signing_algorithm")
    scopes = form.text("scopes").replace(",", " ").split()
    return {
        "name": form.text("name"),
        "tokens": {
            **{name: spans.sent(form, name) for name in LIVES},
            "live_scopes": _YES_NO.get(form.text("live_scopes")),
            "signing_algorithm": None if algorithm == _DEFAULT else algorithm,
        },
        "policy": {
            "security_profile": form.text("security_profile"),
            "client_registration": form.text("client_registration"),
            "api_keys": {
                "maximum_lifetime": spans.sent(form, "maximum_lifetime"),
                "must_expire": form.has("must_expire"),
                "scopes": scopes or None,
            },
        },
    }


def _changed(wanted: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """What is wanted differently; the key policy is always replaced as a whole."""
    sent = differing({"name": wanted["name"]}, before)
    parts = {part: differing(wanted[part], before[part]) for part in ("tokens", "policy")}
    return {**sent, **{part: each for part, each in parts.items() if each}}


async def deleting(desk: Desk) -> Act:
    """Deleting the workspace with everything in it."""
    says, name = spoken().says, desk.workspace.name
    return Act(
        "DELETE",
        "",
        title=says("Delete %(name)s?") % {"name": name},
        says=(says("Everything in it is gone at once and for good: nobody can bring it back."),),
        button=says("Delete the workspace"),
        done="",
        keep=AT,
        back=None,
        typed=name,
    )
