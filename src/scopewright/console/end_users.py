"""End-users: who uses what the workspace protects, what each holds, inviting and removing them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from scopewright.console.acts import Act
from scopewright.console.choices import choices, pressed
from scopewright.console.desk import EMPTY, Desk, Fault, Form
from scopewright.console.lists import listed
from scopewright.console.notes import Note
from scopewright.core.errors import ScopewrightError
from scopewright.languages import spoken

AT = "/end-users"


async def index(desk: Desk) -> Response:
    """All of them, with what was granted to each."""
    people = await listed(desk, AT, "q", "sort")
    return await desk.page("end_users.html", people=people, choices=await choices(desk))


# --- one ----------------------------------------------------------------------------------------


async def show(desk: Desk, form: Form = EMPTY, fault: Fault | None = None) -> Response:
    """One person: everything that is known and held, and what is attached."""
    person = await desk.read(path_of(desk))
    return await desk.page(
        "end_user.html",
        person=person,
        portrait=await _portrait(desk, person["id"]),
        metadata=await _metadata(desk),
        choices=await choices(desk),
        form=form,
        fault=fault,
    )


def path_of(desk: Desk) -> str:
    """The path of the person in the API."""
    return f"{AT}/{desk.named['email']}"


async def _portrait(desk: Desk, id: str) -> Any:
    return await desk.read(f"/principals/{id}") if desk.may("principals:read") else None


async def _metadata(desk: Desk) -> Any:
    return await desk.read(f"{path_of(desk)}/metadata") if desk.may("metadata:read") else None


# --- inviting -----------------------------------------------------------------------------------


async def ask_invite(desk: Desk, form: Form = EMPTY, fault: Fault | None = None) -> Response:
    """The form for an invitation."""
    return await desk.page(
        "end_user_invite.html",
        choices=await choices(desk),
        form=form,
        fault=fault,
    )


async def invite(desk: Desk) -> Response:
    """Invite somebody; or, where a chip was pressed, show the form with its boxes switched."""
    form = desk.form()
    switched = pressed(form, await choices(desk), "internal_scopes")
    if switched is not None:
        return await ask_invite(desk, switched)
    lists = {name: form.texts(name) for name in ("scopes", "internal_scopes", "roles")}
    sent = {"email": form.text("email"), **{name: each for name, each in lists.items() if each}}
    try:
        made = await desk.change("POST", AT, sent)
    except ScopewrightError as error:
        return await ask_invite(desk, form, Fault.of(error))
    said = spoken().says("A letter with a link is on its way to %(email)s.") % made
    return desk.back(AT, Note(said, desk.command("POST", AT, sent)))


async def send_again(desk: Desk) -> Response:
    """Send a letter with a fresh link to somebody who has not come yet."""
    desk.form()
    path = f"{path_of(desk)}/invitation"
    made = await desk.change("POST", path)
    said = spoken().says("A letter with a link is on its way to %(email)s.") % made
    return desk.back(quote(path_of(desk)), Note(said, desk.command("POST", path)))


# --- removing -----------------------------------------------------------------------------------


async def removing(desk: Desk) -> Act:
    """Removing a person."""
    says, person = spoken().says, await desk.read(path_of(desk))
    called = {"name": person["email"] or person["name"]}
    return Act(
        "DELETE",
        path_of(desk),
        title=says("Remove %(name)s?") % called,
        says=(
            says(
                "The person is forgotten, with all that was given and attached. Tokens are refused"
                " here at once. Data that the person has submitted stay as they are."
            ),
        ),
        button=says("Remove"),
        done=says("%(email)s is removed.") % desk.named,
        keep=quote(path_of(desk)),
        back=AT,
    )
