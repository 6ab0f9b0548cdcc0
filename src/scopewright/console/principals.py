"""People and roles: everybody who can hold scopes, what each holds and why."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from scopewright.console.desk import EMPTY, Desk, Fault, Form
from scopewright.console.lists import listed
from scopewright.console.notes import Note
from scopewright.core.errors import ScopewrightError
from scopewright.languages import spoken

AT = "/principals"
KINDS = ("member", "end_user", "client", "group")


async def index(desk: Desk, form: Form = EMPTY, fault: Fault | None = None) -> Response:
    """Everybody, filtered as the address asks, and the form for a new service."""
    return await desk.page(
        "principals.html",
        everybody=await listed(desk, AT, "q", "kind", "disabled", "sort"),
        kinds=KINDS,
        roles=await role_names(desk),
        form=form,
        fault=fault,
    )


async def role_names(desk: Desk) -> list[str]:
    """Every role that could be assigned, as far as the member may see them."""
    if not desk.may("scopes:read"):
        return []
    words = await desk.read("/vocabulary")
    return [role["name"] for one in words["catalogues"] for role in one["roles"]]


async def create(desk: Desk) -> Response:
    """Make a service; it acts by API keys."""
    form = desk.form()
    sent: dict[str, Any] = form.sent("name", "owner")
    if form.texts("roles"):
        sent["roles"] = form.texts("roles")
    try:
        made = await desk.change("POST", AT, sent)
    except ScopewrightError as error:
        return await index(desk, form, Fault.of(error))
    said = spoken().says("The service %(name)s is made. It acts by API keys.") % made
    return desk.back(at(made["id"]), Note(said, desk.command("POST", AT, sent)))


def at(id: str) -> str:
    """The page of somebody; also their path in the API."""
    return f"{AT}/{id}"


async def show(desk: Desk, form: Form = EMPTY, fault: Fault | None = None) -> Response:
    """Somebody: what they hold by which paths, their roles, groups, identities, keys, sessions."""
    portrait = await desk.read(at(desk.named["id"]))
    return await desk.page(
        "principal.html",
        who=portrait,
        here=at(portrait["id"]),
        in_groups={one["id"]: one["name"] for one in portrait["groups"]},
        roles=await role_names(desk),
        form=form,
        fault=fault,
    )


async def assign(desk: Desk) -> Response:
    """Assign a role."""
    form, here = desk.form(), at(desk.named["id"])
    path = f"{here}/roles/{form.text('role')}"
    try:
        made = await desk.change("PUT", path)
    except ScopewrightError as error:
        return await show(desk, form, Fault.of(error).beside("role"))
    said = spoken().says("The role %(role)s is assigned.") % made
    return desk.back(here, Note(said, desk.command("PUT", path)))


async def grant(desk: Desk) -> Response:
    """Grant a scope by itself, to an end-user or a client."""
    form, here = desk.form(), at(desk.named["id"])
    who, sent = await desk.read(here), {"scope": form.text("scope")}
    called = who["name"] if "@" in who["name"] else who["id"]
    owner = f"/end-users/{called}" if who["kind"] == "end_user" else f"/clients/{who['id']}"
    try:
        await desk.change("POST", f"{owner}/scopes", sent)
    except ScopewrightError as error:
        return await show(desk, form, Fault.of(error))
    said = spoken().says("The scope %(scope)s is granted.") % sent
    return desk.back(here, Note(said, desk.command("POST", f"{owner}/scopes", sent)))


async def link(desk: Desk) -> Response:
    """Let a person prove who they are by one more identity."""
    form, here = desk.form(), at(desk.named["id"])
    path = f"{here}/identities/{form.text('provider')}/{form.text('subject')}"
    try:
        await desk.change("PUT", path)
    except ScopewrightError as error:
        return await show(desk, form, Fault.of(error).beside("subject"))
    said = spoken().says("The identity %(subject)s is linked.") % {"subject": form.text("subject")}
    return desk.back(here, Note(said, desk.command("PUT", path)))


async def enable(desk: Desk) -> Response:
    """Accept again what somebody presents."""
    desk.form()
    here = at(desk.named["id"])
    await desk.change("POST", f"{here}/enable")
    said = spoken().says("What they present is accepted again. They must sign in anew.")
    return desk.back(here, Note(said, desk.command("POST", f"{here}/enable")))
