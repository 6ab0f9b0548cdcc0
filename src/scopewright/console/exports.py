"""Exports: where data comes out; made, changed and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.responses import Response

from scopewright.console.acts import Act
from scopewright.console.changing import differing, saved
from scopewright.console.desk import EMPTY, Desk, Fault, Form
from scopewright.console.lists import listed
from scopewright.console.notes import Note
from scopewright.core.errors import ScopewrightError
from scopewright.languages import spoken

AT = "/exports"
PUBLIC = "public"


async def index(desk: Desk) -> Response:
    """All of them."""
    return await desk.page(
        "exports.html",
        exports=await listed(desk, AT),
        endpoints=dict(await _endpoints(desk)),
    )


async def ask_create(desk: Desk, form: Form = EMPTY, fault: Fault | None = None) -> Response:
    """The form for a new one."""
    return await desk.page(
        "export_new.html",
        endpoints=await _endpoints(desk),
        form=form,
        fault=fault,
    )


async def create(desk: Desk) -> Response:
    """Make one."""
    form = desk.form()
    sent: dict[str, Any] = dict(form.sent("name", "path", "endpoint", "required_scope"))
    if form.has(PUBLIC):
        sent["auth_methods"] = _methods(form)
    try:
        made = await desk.change("POST", AT, sent)
    except ScopewrightError as error:
        return await ask_create(desk, form, Fault.of(error))
    said = spoken().says("The export %(name)s can be read from now on.") % made
    return desk.back(f"{AT}/{made['id']}", Note(said, desk.command("POST", AT, sent)))


async def show(desk: Desk, form: Form | None = None, fault: Fault | None = None) -> Response:
    """One of them."""
    export = await desk.read(_path(desk))
    return await desk.page(
        "export.html",
        export=export,
        endpoints=await _endpoints(desk),
        form=form or _as_it_is(export),
        fault=fault,
    )


def _as_it_is(export: Mapping[str, Any]) -> Form:
    names = ("name", "path", "endpoint", "required_scope")
    pairs = [(name, export[name] or "") for name in names]
    return Form([*pairs, (PUBLIC, "yes")] if "none" in export["auth_methods"] else pairs)


async def change(desk: Desk) -> Response:
    """Change what is different from before."""
    form, path = desk.form(), _path(desk)
    wanted = {
        "name": form.text("name"),
        "path": form.text("path"),
        "endpoint": form.text("endpoint") or None,
        "required_scope": form.text("required_scope") or None,
        "auth_methods": _methods(form),
    }
    sent = differing(wanted, await desk.read(path))
    said = spoken().says("The export is changed.")
    return await saved(desk, path, sent, said=said, again=partial(show, desk, form))


def _methods(form: Form) -> list[str]:
    return ["oauth2", "none"] if form.has(PUBLIC) else ["oauth2"]


async def deleting(desk: Desk) -> Act:
    """Deleting an export."""
    says, export = spoken().says, await desk.read(_path(desk))
    return Act(
        "DELETE",
        _path(desk),
        title=says("Delete the export %(name)s?") % export,
        says=(says("Nobody can read at its address any more. The datapoints stay."),),
        button=says("Delete"),
        done=says("The export %(name)s is deleted.") % export,
        keep=_path(desk),
        back=AT,
    )


async def _endpoints(desk: Desk) -> list[tuple[str, str]]:
    """The endpoints to choose from, as far as the member may see them."""
    found = [("", spoken().says("all endpoints"))]
    if desk.may("endpoints:read"):
        answer = await desk.read("/endpoints", limit=1000)
        found += [(one["id"], one["name"]) for one in answer["data"]]
    return found


def _path(desk: Desk) -> str:
    return f"{AT}/{desk.named['id']}"
