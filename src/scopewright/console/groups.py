"""Groups: who is in them, and what everybody in one holds through it."""

from __future__ import annotations

from starlette.responses import Response

from scopewright.console.acts import Act
from scopewright.console.desk import EMPTY, Desk, Fault, Form
from scopewright.console.lists import listed
from scopewright.console.notes import Note
from scopewright.core.errors import ScopewrightError
from scopewright.languages import spoken

AT = "/groups"


async def index(desk: Desk, form: Form = EMPTY, fault: Fault | None = None) -> Response:
    """All of them, and the form for a new one."""
    return await desk.page(
        "groups.html",
        groups=await listed(desk, AT),
        form=form,
        fault=fault,
    )


async def create(desk: Desk) -> Response:
    """Make a group with nobody in it."""
    form = desk.form()
    sent = form.sent("name")
    try:
        made = await desk.change("POST", AT, sent)
    except ScopewrightError as error:
        return await index(desk, form, Fault.of(error))
    said = spoken().says("The group %(name)s is made. Put somebody into it.") % made
    return desk.back(f"{AT}/{made['id']}", Note(said, desk.command("POST", AT, sent)))


async def show(desk: Desk, form: Form = EMPTY, fault: Fault | None = None) -> Response:
    """One group and everybody in it."""
    here = _path(desk)
    assigned = []
    if desk.may("assignments:read"):
        assigned = (await desk.read(f"/principals/{desk.named['id']}/roles"))["data"]
    return await desk.page(
        "group.html",
        group=await desk.read(here),
        members=await listed(desk, f"{here}/members", at=here),
        assigned=assigned,
        form=form,
        fault=fault,
        here=here,
    )


def _path(desk: Desk) -> str:
    return f"{AT}/{desk.named['id']}"


async def put(desk: Desk) -> Response:
    """Put somebody into a group."""
    form, here = desk.form(), _path(desk)
    path = f"{here}/members/{form.text('principal')}"
    try:
        member = await desk.change("PUT", path)
    except ScopewrightError as error:
        return await show(desk, form, Fault.of(error).beside("principal"))
    said = spoken().says("%(name)s is in the group.") % member["principal"]
    return desk.back(here, Note(said, desk.command("PUT", path)))


async def taking_out(desk: Desk) -> Act:
    """Taking somebody out of a group."""
    says, here = spoken().says, _path(desk)
    group = await desk.read(here)
    who = desk.named["principal"]
    if desk.may("principals:read"):
        who = (await desk.read(f"/principals/{who}"))["name"]
    said = {"name": who, "group": group["name"]}
    return Act(
        "DELETE",
        f"{here}/members/{desk.named['principal']}",
        title=says("Take %(name)s out of the group %(group)s?") % said,
        says=(says("They hold nothing through the group any more."),),
        button=says("Take out"),
        done=says("%(name)s is out of the group.") % said,
        keep=here,
        back=here,
    )


async def deleting(desk: Desk) -> Act:
    """Deleting a group."""
    says, here = spoken().says, _path(desk)
    group = await desk.read(here)
    return Act(
        "DELETE",
        here,
        title=says("Delete the group %(name)s?") % group,
        says=(says("Nobody holds anything through it any more. Whoever is in it stays."),),
        button=says("Delete"),
        done=says("The group %(name)s is deleted.") % group,
        keep=here,
        back=AT,
    )
