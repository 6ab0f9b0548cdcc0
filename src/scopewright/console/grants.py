"""Giving scopes and roles to an end-user or a client, and taking them back, one or a preset."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from starlette.responses import Response

from scopewright.console import clients, end_users
from scopewright.console.choices import choices
from scopewright.console.desk import EMPTY, Desk, Fault, Form
from scopewright.console.notes import Note
from scopewright.core.errors import NotFound, ScopewrightError
from scopewright.languages import spoken


@dataclass(frozen=True, slots=True)
class Owner:
    """To whom something is given: `path` is theirs in the API, and their page's."""

    path: str
    name: str
    id: str
    scopes: tuple[str, ...]


async def _owner(desk: Desk) -> Owner:
    path = end_users.path_of(desk) if "email" in desk.named else clients.path_of(desk)
    told = await desk.read(path)
    name = told.get("email") or told["name"]
    held = (*told["scopes"], *told["internal_scopes"])
    return Owner(path, name, told.get("client_id") or told["id"], held)


async def _again(desk: Desk, form: Form, error: ScopewrightError) -> Response:
    """The page of whoever was to be given something, with the form that was refused."""
    return await show(desk, form, Fault.of(error))


async def show(desk: Desk, form: Form = EMPTY, fault: Fault | None = None) -> Response:
    """The page of whoever it is: one comes here from a form that was refused."""
    page = end_users.show if "email" in desk.named else clients.show
    return await page(desk, form, fault)


def _back(desk: Desk, form: Form, owner: Owner) -> str:
    """The page of this workspace from which the form was sent: the list, or the owner's own."""
    back, here = form.text("back"), desk.at("/")
    asked = urlsplit(back)
    is_ours = not asked.netloc and not asked.scheme and back.startswith(here)
    return back.removeprefix(desk.at("")) if is_ours else quote(owner.path)


# --- scopes -------------------------------------------------------------------------------------


async def give(desk: Desk) -> Response:
    """Grant one scope."""
    form, owner = desk.form(), await _owner(desk)
    sent = {"scope": form.text("scope")}
    path = f"{owner.path}/scopes"
    try:
        await desk.change("POST", path, sent)
    except ScopewrightError as error:
        return await _again(desk, form, error)
    said = spoken().says("%(scope)s is given to %(name)s. The next token has it.")
    said %= {**sent, "name": owner.name}
    return desk.back(_back(desk, form, owner), Note(said, desk.command("POST", path, sent)))


async def revoke(desk: Desk) -> Response:
    """Take one scope back."""
    form, owner = desk.form(), await _owner(desk)
    scope = form.text("scope")
    path = f"{owner.path}/scopes/{scope}"
    await desk.change("DELETE", path)
    said = spoken().says(
        "%(scope)s is taken from %(name)s. Tokens that are out keep it until they expire."
    )
    said %= {"scope": scope, "name": owner.name}
    return desk.back(_back(desk, form, owner), Note(said, desk.command("DELETE", path)))


async def preset(desk: Desk) -> Response:
    """Give every scope of a preset; or, where all are held, take every one of them back."""
    form, owner = desk.form(), await _owner(desk)
    bundle = (await choices(desk)).chip(f"preset:{form.text('preset')}")
    if bundle is None:
        raise NotFound("There is no such preset.")
    path = f"{owner.path}/scopes"
    if bundle.is_on(owner.scopes):
        sent = {"take": list(bundle.scopes)}
        said = spoken().says("All scopes of %(label)s are taken from %(name)s.")
    else:
        sent = {"give": [one for one in bundle.scopes if one not in owner.scopes]}
        said = spoken().says("All scopes of %(label)s are given to %(name)s.")
    try:
        await desk.change("PATCH", path, sent)
    except ScopewrightError as error:
        return await _again(desk, form, error)
    said %= {"label": spoken().says(bundle.label), "name": owner.name}
    return desk.back(_back(desk, form, owner), Note(said, desk.command("PATCH", path, sent)))


# --- roles --------------------------------------------------------------------------------------


async def assign(desk: Desk) -> Response:
    """Assign a role."""
    form, owner = desk.form(), await _owner(desk)
    role = form.text("role")
    path = f"/principals/{owner.id}/roles/{role}"
    try:
        await desk.change("PUT", path)
    except ScopewrightError as error:
        return await _again(desk, form, error)
    said = spoken().says("The role %(role)s is assigned to %(name)s.")
    said %= {"role": role, "name": owner.name}
    return desk.back(_back(desk, form, owner), Note(said, desk.command("PUT", path)))


async def unassign(desk: Desk) -> Response:
    """Take a role away."""
    form, owner = desk.form(), await _owner(desk)
    role = form.text("role")
    path = f"/principals/{owner.id}/roles/{role}"
    await desk.change("DELETE", path)
    said = spoken().says("The role %(role)s is taken from %(name)s.")
    said %= {"role": role, "name": owner.name}
    return desk.back(_back(desk, form, owner), Note(said, desk.command("DELETE", path)))
