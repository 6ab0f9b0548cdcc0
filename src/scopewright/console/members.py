"""Members: who manages the workspace and in which role, and who is invited to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from starlette.responses import Response

from scopewright.console.acts import Act
from scopewright.console.desk import EMPTY, Desk, Fault, Form
from scopewright.console.lists import listed
from scopewright.console.notes import Note
from scopewright.core.errors import ScopewrightError
from scopewright.languages import spoken

AT = "/members"


async def index(
    desk: Desk,
    form: Form = EMPTY,
    fault: Fault | None = None,
    chosen: Mapping[str, str] | None = None,
) -> Response:
    """All of them, who is invited, and the form for an invitation."""
    invited = None
    if desk.may("invitations:read"):
        invited = (await desk.read("/invitations", limit=1000))["data"]
    return await desk.page(
        "members.html",
        members=await listed(desk, AT, "q", "sort"),
        invited=invited,
        roles=_roles(),
        chosen=chosen or {},
        form=form,
        fault=fault,
    )


def _roles() -> list[tuple[str, str, str]]:
    says = spoken().says
    return [
        ("viewer", says("Viewer"), says("Sees everything and changes nothing.")),
        ("editor", says("Editor"), says("Changes access and data.")),
        ("admin", says("Admin"), says("May do everything here, members too.")),
    ]


async def invite(desk: Desk) -> Response:
    """Send somebody an invitation."""
    form = desk.form()
    sent = form.sent("email", "role")
    try:
        made = await desk.change("POST", AT, sent)
    except ScopewrightError as error:
        return await index(desk, form, Fault.of(error))
    said = spoken().says("An invitation is on its way to %(email)s.") % made
    return desk.back(AT, Note(said, desk.command("POST", AT, sent)))


async def change_role(desk: Desk) -> Response:
    """Give a member another role."""
    sent, path = desk.form().sent("role"), _path(desk)
    try:
        made = await desk.change("PATCH", path, sent)
    except ScopewrightError as error:
        chosen = {desk.named["email"]: sent.get("role", "")}
        return await index(desk, fault=replace(Fault.of(error), field=""), chosen=chosen)
    said = spoken().says("%(email)s is now: %(role)s.") % {
        "email": made["email"],
        "role": next(name for value, name, _ in _roles() if value == made["role"]),
    }
    return desk.back(AT, Note(said, desk.command("PATCH", path, sent)))


async def removing(desk: Desk) -> Act:
    """Removing a member."""
    says, member = spoken().says, await desk.read(_path(desk))
    return Act(
        "DELETE",
        _path(desk),
        title=says("Remove %(email)s?") % member,
        says=(
            says("They manage this workspace no more, from now on."),
            says("What they have made stays."),
        ),
        button=says("Remove"),
        done=says("%(email)s is no member any more.") % member,
        keep=AT,
        back=AT,
    )


async def cancelling(desk: Desk) -> Act:
    """Cancelling an invitation."""
    says, path = spoken().says, f"/invitations/{desk.named['id']}"
    invitation = await desk.read(path)
    stops = says("The link in the letter stops working at once.")
    ended = says("The link in the letter has stopped working already.")
    return Act(
        "DELETE",
        path,
        title=says("Cancel the invitation of %(email)s?") % invitation,
        says=(stops if invitation["state"] == "pending" else ended,),
        button=says("Cancel the invitation"),
        done=says("The invitation of %(email)s is cancelled.") % invitation,
        keep=AT,
        back=AT,
    )


def _path(desk: Desk) -> str:
    return f"{AT}/{desk.named['email']}"
