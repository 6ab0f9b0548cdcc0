"""Metadata of end-users and clients: JSON values by key, written in an editor that measures them.

What stands under `ingest_context` of an end-user is stamped on what they submit from then on.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from scopewright.console import clients, end_users
from scopewright.console.acts import Act
from scopewright.console.desk import Desk, Fault, Form
from scopewright.console.notes import Note
from scopewright.core.errors import Invalid, NotFound, ScopewrightError
from scopewright.languages import spoken

STAMPED = "ingest_context"


def _owner(desk: Desk) -> str:
    """The path of whom it is attached to, in the API and of their page."""
    return end_users.path_of(desk) if "email" in desk.named else clients.path_of(desk)


async def ask(desk: Desk) -> Response:
    """The editor: of the key that the address names, or of a new one."""
    key = desk.visit.query("key") or ""
    value = await _present(desk, key) if key else None
    typed = "" if value is None else json.dumps(value["value"], indent=2, ensure_ascii=False)
    return await _ask(desk, Form([("key", key), ("value", typed)]), None)


async def _present(desk: Desk, key: str) -> Any:
    try:
        return await desk.read(f"{_owner(desk)}/metadata/{key}")
    except NotFound:
        return None


async def _ask(desk: Desk, form: Form, fault: Fault | None) -> Response:
    key = form.text("key")
    told = await desk.read(f"{_owner(desk)}/metadata", limit=1)
    return await desk.page(
        "metadata.html",
        owner=_owner(desk),
        name=await _name(desk),
        longest=told["longest_value"],
        size=_size(form.text("value")),
        is_stamped=key == STAMPED and "email" in desk.named,
        form=form,
        fault=fault,
    )


async def _name(desk: Desk) -> str:
    told = await desk.read(_owner(desk))
    return str(told.get("email") or told["name"])


def _size(typed: str) -> int:
    """Bytes as the API counts them; of what is no JSON, as it was typed."""
    with suppress(ValueError, RecursionError):
        typed = json.dumps(json.loads(typed), separators=(",", ":"), ensure_ascii=False)
    return len(typed.encode(errors="replace"))


async def put(desk: Desk) -> Response:
    """Attach what was typed."""
    form = desk.form()
    key = form.text("key")
    path = f"{_owner(desk)}/metadata/{key}"
    try:
        sent = {"value": _value(form.text("value"))}
        if not key or "/" in key:
            raise Invalid("Name a key.", field="key")
        await desk.change("PUT", path, sent)
    except ScopewrightError as error:
        return await _ask(desk, form, Fault.of(error))
    said = spoken().says("%(key)s of %(name)s is saved.")
    said %= {"key": key, "name": await _name(desk)}
    return desk.back(quote(_owner(desk)), Note(said, desk.command("PUT", path, sent)))


def _value(typed: str) -> Any:
    """The JSON that was typed.

    Raises:
        Invalid: it is none.
    """
    try:
        return json.loads(typed)
    except json.JSONDecodeError as error:
        where = {"line": error.lineno, "column": error.colno}
        said = spoken().says("This is not JSON: look at line %(line)s, column %(column)s.")
        raise Invalid(said % where, field="value") from None
    except RecursionError:
        raise Invalid("This is nested too deeply.", field="value") from None


async def deleting(desk: Desk) -> Act:
    """Taking a value off."""
    says, path = spoken().says, f"{_owner(desk)}/metadata/{desk.named['key']}"
    entry = await desk.read(path)
    told = {"key": entry["key"], "name": await _name(desk)}
    stays = says("New data are without it. Data that are in keep what they were stamped with.")
    is_stamped = entry["key"] == STAMPED and "email" in desk.named
    return Act(
        "DELETE",
        path,
        title=says("Delete %(key)s of %(name)s?") % told,
        says=(stays if is_stamped else says("The value is gone; nothing else changes."),),
        button=says("Delete"),
        done=says("%(key)s of %(name)s is deleted.") % told,
        keep=quote(_owner(desk)),
        back=quote(_owner(desk)),
    )
