"""Roles: the workspace's own, to compose, and what was changed about them, to undo."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from scopewright.console.acts import Act
from scopewright.console.choices import OWN
from scopewright.console.composing import Composition, compose, composed
from scopewright.console.desk import EMPTY, Desk, Fault, Form
from scopewright.console.lists import listed
from scopewright.console.notes import Note
from scopewright.core.errors import ScopewrightError
from scopewright.languages import spoken

AT = "/roles"


async def index(desk: Desk, form: Form = EMPTY, fault: Fault | None = None) -> Response:
    """Those of the workspace and of its applications, and the form for a new one."""
    return await desk.page(
        "roles.html",
        own=await listed(desk, AT),
        form=form,
        fault=fault,
    )


async def define(desk: Desk) -> Response:
    """Define a role that comes to nothing yet, and go on to compose it."""
    form = desk.form()
    sent = form.sent("name", "description")
    try:
        made = await desk.change("POST", AT, sent)
    except ScopewrightError as error:
        return await index(desk, form, Fault.of(error))
    said = spoken().says("The role %(name)s is defined. Choose what it is made of.") % made
    return desk.back(f"{AT}/{made['name']}/compose", Note(said, desk.command("POST", AT, sent)))


async def show(desk: Desk) -> Response:
    """One role of whatever owner, all that it comes to, and from where."""
    role = await desk.read(_path(desk))
    return await desk.page("role.html", role=role, at=_page_of(role), is_own=role["owner"] == OWN)


def _page_of(role: dict[str, Any]) -> str | None:
    """Where a role is composed; a catalogue's nowhere."""
    if role["application"] is not None:
        own_name = role["name"].rpartition(".")[2]
        return f"/applications/{role['application']}/roles/{own_name}"
    return f"{AT}/{role['name']}" if role["owner"] == OWN else None


async def _composition(desk: Desk) -> Composition:
    role = await desk.read(_path(desk))
    at = f"{AT}/{role['name']}"
    return Composition(role, at=at, path=f"{AT}/{role['name']}", operation="roles:update")


async def ask_compose(desk: Desk) -> Response:
    """The boxes of all that a role may be made of."""
    return await compose(desk, await _composition(desk))


async def save(desk: Desk) -> Response:
    """Look at a change of a role, or make it."""
    return await composed(desk, await _composition(desk))


async def deleting(desk: Desk) -> Act:
    """Deleting a role."""
    says, name = spoken().says, desk.named["name"]
    return Act(
        "DELETE",
        _path(desk),
        title=says("Delete the role %(name)s?") % {"name": name},
        says=(says("Whoever has it loses at once what it alone gives. It can be undone."),),
        button=says("Delete"),
        done=says("The role %(name)s is deleted.") % {"name": name},
        keep=f"{AT}/{name}",
        back=AT,
        is_forcible=True,
    )


def _path(desk: Desk) -> str:
    return f"{AT}/{desk.named['name']}"


# --- what was changed ---------------------------------------------------------------------------


async def revisions(desk: Desk) -> Response:
    """Every change of roles, scopes and mappings, newest first."""
    changed = await listed(desk, "/revisions")
    told = [{**one, "added": _new(one), "removed": _gone(one)} for one in changed.rows]
    return await desk.page("revisions.html", changed=changed, told=told)


def _new(revision: dict[str, Any]) -> list[str]:
    return sorted(_words(revision["after"]) - _words(revision["before"]))


def _gone(revision: dict[str, Any]) -> list[str]:
    return sorted(_words(revision["before"]) - _words(revision["after"]))


def _words(said: dict[str, Any] | None) -> set[str]:
    """What a role or scope names: its scopes, includes, and what it implies."""
    lists = (said or {}).values()
    return {str(word) for one in lists if isinstance(one, list) for word in one}


async def undo(desk: Desk) -> Response:
    """Bring back what was before a change."""
    desk.form()
    path = f"/revisions/{desk.named['id']}/undo"
    undone = await desk.change("POST", path)
    said = spoken().says("The change of %(name)s is undone.") % undone
    return desk.back("/revisions", Note(said, desk.command("POST", path)))
