"""Scopes: the workspace's own, to define and delete, and those of the catalogues, to look at."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from scopewright.console.desk import EMPTY, Desk, Fault, Form
from scopewright.console.languages import spoken
from scopewright.console.lists import listed
from scopewright.console.notes import Note
from scopewright.core.errors import Conflict, ScopewrightError

AT = "/scopes"


async def index(desk: Desk) -> Response:
    """All of them, and the form for a new one."""
    return await _index(desk, EMPTY, None)


async def _index(desk: Desk, form: Form, fault: Fault | None) -> Response:
    own = await listed(desk, "/scopes", AT, "q", "sort")
    words = await desk.read("/vocabulary")
    return await desk.page(
        "scopes.html",
        status=422 if fault else 200,
        own=own,
        catalogues=[one for one in words["catalogues"] if one["resources"]],
        form=form,
        fault=fault,
    )


async def define(desk: Desk) -> Response:
    """Define a scope."""
    form = desk.form()
    sent = form.sent("name", "description")
    try:
        made = await desk.change("POST", "/scopes", sent)
    except ScopewrightError as error:
        return await _index(desk, form, Fault.of(error))
    said = spoken().says("The scope %(name)s is defined.") % made
    return desk.back(AT, Note(said, desk.command("POST", "/scopes", sent)))


async def ask_delete(desk: Desk) -> Response:
    """Says what deleting a scope will come to, before it is done."""
    return await _ask_delete(desk, None)


async def _ask_delete(desk: Desk, fault: Fault | None) -> Response:
    scope = await desk.read(_path(desk))
    return await desk.page(
        "scope_delete.html",
        status=409 if fault else 200,
        scope=scope,
        changes=await desk.rehearse("DELETE", _path(desk), {"force": True}),
        fault=fault,
        command=desk.command("DELETE", _path(desk)),
    )


async def delete(desk: Desk) -> Response:
    """Delete a scope; in use it is only when that was said."""
    form = desk.form()
    sent: dict[str, Any] = {"force": True} if form.has("force") else {}
    path = _path(desk)
    try:
        await desk.change("DELETE", path, sent)
    except Conflict as error:
        return await _ask_delete(desk, Fault.of(error))
    said = spoken().says("The scope %(name)s is deleted.") % desk.named
    return desk.back(AT, Note(said, desk.command("DELETE", path, sent)))


def _path(desk: Desk) -> str:
    return f"/scopes/{desk.named['name']}"
