"""The scopes and roles of an application: defining, composing and deleting them."""

from __future__ import annotations

from starlette.responses import Response

from scopewright.console.acts import Act
from scopewright.console.applications import at, roles_of, show
from scopewright.console.composing import Composition, compose, composed
from scopewright.console.desk import EMPTY, Desk, Fault, Form
from scopewright.console.notes import Note
from scopewright.core.errors import ScopewrightError
from scopewright.languages import spoken


async def define_scope(desk: Desk) -> Response:
    """Define a scope of an application."""
    form, here = desk.form(), at(desk.named["name"])
    sent = form.sent("name", "description")
    try:
        made = await desk.change("POST", f"{here}/scopes", sent)
    except ScopewrightError as error:
        return await show(desk, form, Fault.of(error))
    said = spoken().says("The scope %(name)s is defined.") % made
    return desk.back(here, Note(said, desk.command("POST", f"{here}/scopes", sent)))


async def deleting_scope(desk: Desk) -> Act:
    """Deleting a scope of an application."""
    says, here, scope = spoken().says, at(desk.named["name"]), {"name": desk.named["scope"]}
    return Act(
        "DELETE",
        f"{here}/scopes/{desk.named['scope']}",
        title=says("Delete the scope %(name)s?") % scope,
        says=(says("It goes from the roles that list it, and from everybody who holds it."),),
        button=says("Delete"),
        done=says("The scope %(name)s is deleted.") % scope,
        keep=here,
        back=here,
        is_forcible=True,
    )


async def ask_role(desk: Desk, form: Form = EMPTY, fault: Fault | None = None) -> Response:
    """The form for one more role."""
    return await desk.page(
        "application_role_new.html",
        name=desk.named["name"],
        here=at(desk.named["name"]),
        form=form,
        fault=fault,
    )


async def define_role(desk: Desk) -> Response:
    """Define a role of an application, and go on to compose it."""
    form, here = desk.form(), at(desk.named["name"])
    sent = form.sent("name", "description")
    try:
        await desk.change("POST", f"{here}/roles", sent)
    except ScopewrightError as error:
        return await ask_role(desk, form, Fault.of(error))
    said = spoken().says("The role %(name)s is defined. Choose what it is made of.") % sent
    note = Note(said, desk.command("POST", f"{here}/roles", sent))
    return desk.back(f"{here}/roles/{sent['name']}/compose", note)


async def _composition(desk: Desk) -> Composition:
    here, own_name = at(desk.named["name"]), desk.named["role"]
    path = f"{here}/roles/{own_name}"
    others = await roles_of(desk, here, await desk.read(here))
    return Composition(
        await desk.read(path),
        at=path,
        path=path,
        operation="applications:update",
        application=desk.named["name"],
        siblings={one["title"]: one for one in others if one["own_name"] != own_name},
    )


async def show_role(desk: Desk) -> Response:
    """One role of an application, and all that it comes to."""
    of = await _composition(desk)
    return await desk.page("application_role.html", of=of, own_name=desk.named["role"])


async def ask_compose(desk: Desk) -> Response:
    """The boxes of all that the role may be made of."""
    return await compose(desk, await _composition(desk))


async def save_role(desk: Desk) -> Response:
    """Look at a change of the role, or make it."""
    return await composed(desk, await _composition(desk))


async def deleting_role(desk: Desk) -> Act:
    """Deleting a role of an application."""
    says, here, role = spoken().says, at(desk.named["name"]), {"name": desk.named["role"].upper()}
    path = f"{here}/roles/{desk.named['role']}"
    return Act(
        "DELETE",
        path,
        title=says("Delete the role %(name)s?") % role,
        says=(says("Whoever has it loses at once what it alone gives. It can be undone."),),
        button=says("Delete"),
        done=says("The role %(name)s is deleted.") % role,
        keep=path,
        back=here,
        is_forcible=True,
    )
