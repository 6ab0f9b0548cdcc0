"""Applications: which there are, making and registering one, and what is said of it."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.responses import Response

from scopewright.console.acts import Act
from scopewright.console.changing import differing, saved
from scopewright.console.desk import EMPTY, Desk, Fault, Form
from scopewright.console.lists import listed
from scopewright.console.notes import Note
from scopewright.core.errors import Conflict, ScopewrightError
from scopewright.languages import spoken

AT = "/applications"
MOST_PARTS = 1000  # scopes and roles of one application that its page shows


async def index(desk: Desk, form: Form = EMPTY, fault: Fault | None = None) -> Response:
    """All of them, and the form for a new one."""
    return await desk.page(
        "applications.html",
        own=await listed(desk, AT),
        form=form,
        fault=fault,
    )


async def create(desk: Desk) -> Response:
    """Make an application with the roles that every one has."""
    form = desk.form()
    sent = form.sent("name", "title", "launch_url", "resource")
    try:
        made = await desk.change("POST", AT, sent)
    except ScopewrightError as error:
        return await index(desk, form, Fault.of(error))
    said = spoken().says("The application %(name)s is made. Define its scopes now.") % made
    return desk.back(at(made["name"]), Note(said, desk.command("POST", AT, sent)))


def at(name: str) -> str:
    """The page of an application; also its path in the API."""
    return f"{AT}/{name}"


async def show(desk: Desk, form: Form | None = None, fault: Fault | None = None) -> Response:
    """One application with its scopes and roles."""
    here = at(desk.named["name"])
    application = await desk.read(here)
    return await desk.page(
        "application.html",
        application=application,
        scopes=(await desk.read(f"{here}/scopes", limit=MOST_PARTS))["data"],
        roles=await roles_of(desk, here, application),
        brings=await _brings(desk),
        form=form or Form([("name", f"{application['name']}.")]),
        fault=fault,
        here=here,
    )


async def roles_of(desk: Desk, here: str, application: Any) -> list[dict[str, Any]]:
    """The roles with what each comes to, under the names that people read."""
    roles = (await desk.read(f"{here}/roles", limit=MOST_PARTS))["data"]
    by_name = {one["name"]: one for one in roles}
    return [
        {**by_name[one["role"]], "own_name": one["name"], "title": one["title"]}
        for one in application["roles"]
        if one["role"] in by_name
    ]


async def _brings(desk: Desk) -> dict[str, list[str]]:
    """What each role of the vocabulary comes to, as far as the member may see it."""
    if not desk.may("scopes:read"):
        return {}
    words = await desk.read("/vocabulary")
    return {role["name"]: role["scopes"] for one in words["catalogues"] for role in one["roles"]}


async def register(desk: Desk) -> Response:
    """Let its roles be assigned from now on."""
    desk.form()
    here = at(desk.named["name"])
    try:
        await desk.change("POST", f"{here}/register")
    except Conflict as error:
        return await show(desk, fault=Fault.of(error))
    said = spoken().says("The application is registered: its roles can be assigned.")
    return desk.back(here, Note(said, desk.command("POST", f"{here}/register")))


# --- what is said of it -------------------------------------------------------------------------


async def ask_settings(desk: Desk) -> Response:
    """Its title, launch URL and resource, to change."""
    application = await desk.read(at(desk.named["name"]))
    fields = ("title", "launch_url", "resource")
    return await _settings(desk, Form([(one, application[one] or "") for one in fields]), None)


async def _settings(desk: Desk, form: Form, fault: Fault | None) -> Response:
    here = at(desk.named["name"])
    return await desk.page(
        "application_settings.html",
        name=desk.named["name"],
        here=here,
        form=form,
        fault=fault,
    )


async def change(desk: Desk) -> Response:
    """Change what is said of it; an empty field takes the URL or resource away."""
    form, here = desk.form(), at(desk.named["name"])
    wanted = {one: form.text(one) or None for one in ("title", "launch_url", "resource")}
    sent = differing(wanted, await desk.read(here))
    said = spoken().says("The application %(name)s is changed.") % desk.named
    return await saved(desk, here, sent, said=said, again=partial(_settings, desk, form))


async def deleting(desk: Desk) -> Act:
    """Deleting an application with its scopes and roles."""
    says, here = spoken().says, at(desk.named["name"])
    return Act(
        "DELETE",
        here,
        title=says("Delete the application %(name)s?") % desk.named,
        says=(says("Its scopes, roles and routes go with it, from everybody who has them."),),
        button=says("Delete"),
        done=says("The application %(name)s is deleted.") % desk.named,
        keep=here,
        back=AT,
        is_forcible=True,
    )
