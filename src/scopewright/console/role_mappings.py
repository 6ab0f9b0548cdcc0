"""Role mappings: which role stands for an include that nobody defines."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from scopewright.console.acts import Act
from scopewright.console.composing import flips
from scopewright.console.desk import Desk, Fault, Form
from scopewright.console.lists import listed
from scopewright.console.notes import Note
from scopewright.console.principals import role_names
from scopewright.core.errors import ScopewrightError
from scopewright.languages import spoken

AT = "/role-mappings"
MOST_OFFERED = 1000  # includes to choose from; one beyond that can be asked for by the address


async def index(desk: Desk) -> Response:
    """All includes that are missing or mapped, and the form; the address may choose one."""
    chosen = desk.visit.query("include") or ""
    every = (await desk.read(AT, limit=MOST_OFFERED))["data"]
    stands = next((one["role"] for one in every if one["include"] == chosen), None)
    form = Form([("include", chosen), ("role", stands or "")])
    return await _index(desk, form, None)


async def _index(
    desk: Desk, form: Form, fault: Fault | None, previewed: Any = None, command: str | None = None
) -> Response:
    every = (await desk.read(AT, limit=MOST_OFFERED))["data"]
    return await desk.page(
        "role_mappings.html",
        mappings=await listed(desk, AT),
        every=[(one["include"], one["include"]) for one in every],
        roles=await role_names(desk),
        form=form,
        fault=fault,
        previewed=previewed,
        flips=flips(previewed) if previewed else [],
        would=command,
    )


async def put(desk: Desk) -> Response:
    """Let a role stand for an include; or look first at who gains and loses what by it."""
    form = desk.form()
    include, sent = form.text("include"), {"role": form.text("role")}
    path = _path(include)
    try:
        if form.text("do") == "preview":
            previewed = await desk.change("POST", "/preview", {"mappings": {include: sent["role"]}})
            return await _index(desk, form, None, previewed, desk.command("PUT", path, sent))
        made = await desk.change("PUT", path, sent)
    except ScopewrightError as error:
        return await _index(desk, form, Fault.of(error).beside("include"))
    said = spoken().says("%(role)s stands for %(include)s from now on.") % made
    return desk.back(AT, Note(said, desk.command("PUT", path, sent)))


def _path(include: str) -> str:
    return f"{AT}/{include}"


async def removing(desk: Desk) -> Act:
    """Letting no role stand for an include any more."""
    says, include = spoken().says, desk.named["include"]
    losses = (await desk.change("POST", "/preview", {"mappings": {include: None}}))["losses"]
    lost = sorted({scope for one in losses for scope in one["scopes"]})
    return Act(
        "DELETE",
        _path(include),
        title=says("Let no role stand for %(include)s?") % {"include": include},
        says=(
            says("It is missing again, and gives nothing to whoever has a role that includes it."),
            says("People, services and groups that lose something by it: %(num)s.")
            % {"num": spoken().number(len(losses))},
        ),
        button=says("Take it away"),
        done=says("No role stands for %(include)s any more.") % {"include": include},
        keep=AT,
        back=AT,
        loses=tuple(lost),
    )
