"""Scopes: the workspace's own, to define and delete, and those of the catalogues, to look at."""

from __future__ import annotations

from starlette.responses import Response

from scopewright.console.acts import Act
from scopewright.console.choices import OWN
from scopewright.console.desk import EMPTY, Desk, Fault, Form
from scopewright.console.lists import listed
from scopewright.console.notes import Note
from scopewright.core.errors import ScopewrightError
from scopewright.languages import spoken

AT = "/scopes"


async def index(desk: Desk, form: Form = EMPTY, fault: Fault | None = None) -> Response:
    """All of them, and the form for a new one."""
    own = await listed(desk, AT, "q", "sort")
    words = await desk.read("/vocabulary")
    return await desk.page(
        "scopes.html",
        own=own,
        catalogues=[one for one in words["catalogues"] if one["resources"] and one["name"] != OWN],
        form=form,
        fault=fault,
    )


async def define(desk: Desk) -> Response:
    """Define a scope."""
    form = desk.form()
    sent = form.sent("name", "description")
    try:
        made = await desk.change("POST", AT, sent)
    except ScopewrightError as error:
        return await index(desk, form, Fault.of(error))
    said = spoken().says("The scope %(name)s is defined.") % made
    return desk.back(AT, Note(said, desk.command("POST", AT, sent)))


async def deleting(desk: Desk) -> Act:
    """Deleting a scope."""
    says, scope = spoken().says, await desk.read(_path(desk))
    return Act(
        "DELETE",
        _path(desk),
        title=says("Delete %(name)s?") % scope,
        says=(
            says(
                "Whoever was granted it loses it at once. What demands it goes on demanding it, and"
                " then nobody can hold it: nothing becomes public."
            ),
        ),
        button=says("Delete"),
        done=says("The scope %(name)s is deleted.") % scope,
        keep=AT,
        back=AT,
        is_forcible=True,
    )


def _path(desk: Desk) -> str:
    return f"{AT}/{desk.named['name']}"
