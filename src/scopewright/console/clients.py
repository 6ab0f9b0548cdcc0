"""OAuth clients: registering, changing and deleting them, and the secrets that follow one another.

A secret is in the note after the call that made it, and nowhere else.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.responses import Response

from scopewright.console.acts import Act
from scopewright.console.changing import differing, saved
from scopewright.console.choices import choices
from scopewright.console.desk import EMPTY, Desk, Fault, Form
from scopewright.console.lists import listed
from scopewright.console.notes import Note
from scopewright.core.errors import ScopewrightError
from scopewright.languages import N_, spoken

AT = "/clients"
FOR_PEOPLE = ("pkce", "authorization_code")  # whose users are sent back to a redirect URI
TYPES = {
    "pkce": (
        N_("Authorization code with PKCE"),
        N_("An app on a phone or in the browser, which cannot keep a secret; people sign in."),
    ),
    "authorization_code": (
        N_("Authorization code"),
        N_("An app with a server of its own, which keeps a secret; people sign in."),
    ),
    "client_credentials": (
        N_("Client credentials"),
        N_("A device or service that acts for itself, with a secret and scopes of its own."),
    ),
    "device": (
        N_("Device"),
        N_("A screen without a keyboard; people sign in on another device, by a code."),
    ),
}
OVERLAPS = {
    "0": N_("at once"),
    "3600": N_("after an hour"),
    "86400": N_("after a day"),
    "604800": N_("after a week"),
    "2592000": N_("after thirty days"),
}
KEPT_A_DAY = Form([("overlap", "86400")])
LIVES = ("access_lifetime", "refresh_lifetime")


async def index(desk: Desk) -> Response:
    """All of them; the address may say whose scopes are unfolded."""
    rows = await listed(desk, AT, "q", "sort")
    unfolded = desk.visit.query("scopes") or ""
    return await desk.page(
        "clients.html",
        rows=rows,
        types=TYPES,
        unfolded=unfolded,
        kept={name: desk.visit.query(name) for name in ("q", "sort", "cursor")},
        choices=await choices(desk) if unfolded else None,
    )


# --- one ----------------------------------------------------------------------------------------


async def show(desk: Desk, form: Form = EMPTY, fault: Fault | None = None) -> Response:
    """One client."""
    client = await desk.read(path_of(desk))
    metadata = f"{path_of(desk)}/metadata"
    return await desk.page(
        "client.html",
        client=client,
        types=TYPES,
        metadata=await desk.read(metadata) if desk.may("metadata:read") else None,
        choices=await choices(desk),
        settings=form if form.text("part") == "settings" else _as_form(client),
        form=form,
        fault=fault,
    )


def path_of(desk: Desk) -> str:
    """The path of the client in the API."""
    return f"{AT}/{desk.named['id']}"


def _as_form(client: dict[str, Any]) -> Form:
    """What the form of settings shows before anything is typed."""
    pairs = [("name", client["name"]), ("redirect_uris", "\n".join(client["redirect_uris"]))]
    pairs += [(life, str(client["tokens"][life] or "")) for life in LIVES]
    pairs += [(one, "yes") for one in ("require_pkce", "allow_both_auth_methods") if client[one]]
    return Form([*pairs, ("scope_default", client["scope_default"])])


async def change(desk: Desk) -> Response:
    """Change what the form of settings says."""
    form, path = desk.form(), path_of(desk)
    sent = _changed(form, await desk.read(path))
    said = spoken().says("The client %(name)s is changed.") % {"name": form.text("name")}
    return await saved(desk, path, sent, said=said, again=partial(show, desk, form))


def _changed(form: Form, client: dict[str, Any]) -> dict[str, Any]:
    """What differs from the client as it is."""
    said: dict[str, Any] = {"name": form.text("name")}
    if client["type"] in FOR_PEOPLE:
        said["redirect_uris"] = form.text("redirect_uris").split()
    if client["type"] == "authorization_code":
        said["require_pkce"] = form.has("require_pkce")
        said["allow_both_auth_methods"] = form.has("allow_both_auth_methods")
    if client["type"] != "client_credentials":
        said["scope_default"] = form.text("scope_default")
    lives = {life: _seconds(form.text(life)) for life in LIVES}
    tokens = differing(lives, client["tokens"])
    return {**differing(said, client), **({"tokens": tokens} if tokens else {})}


def _seconds(typed: str) -> int | str | None:
    """A number where one was typed; the API says what it thinks of anything else."""
    if not typed:
        return None
    return int(typed) if typed.isdecimal() and typed.isascii() else typed


# --- registering --------------------------------------------------------------------------------


async def ask_register(desk: Desk, form: Form = EMPTY, fault: Fault | None = None) -> Response:
    """The form for a new client."""
    return await desk.page(
        "client_new.html",
        types=TYPES,
        for_people=FOR_PEOPLE,
        form=form,
        fault=fault,
    )


async def register(desk: Desk) -> Response:
    """Register a client; one for people is asked for its redirect URI first, where it was not."""
    form = desk.form()
    sent: dict[str, Any] = form.sent("name", "type")
    if sent.get("type") in FOR_PEOPLE:
        if not form.has("redirect_uris"):
            return await ask_register(desk, form)
        sent["redirect_uris"] = form.text("redirect_uris").split()
    try:
        made = await desk.change("POST", AT, sent)
    except ScopewrightError as error:
        return await ask_register(desk, form, Fault.of(error))
    said = spoken().says("The client %(name)s is registered.") % made
    note = _with_secret(Note(said, desk.command("POST", AT, sent)), made)
    return desk.back(f"{AT}/{made['client_id']}", note)


def _with_secret(note: Note, made: dict[str, Any]) -> Note:
    if "client_secret" not in made:
        return note
    name = spoken().says("The secret of %(name)s.") % made
    return Note(note.said, note.command, made["client_secret"], name)


# --- secrets ------------------------------------------------------------------------------------


async def ask_rotate(desk: Desk, form: Form = KEPT_A_DAY, fault: Fault | None = None) -> Response:
    """Asks how long the present secret is to go on."""
    return await desk.page(
        "client_secret.html",
        client=await desk.read(path_of(desk)),
        overlaps=[(seconds, spoken().says(words)) for seconds, words in OVERLAPS.items()],
        form=form,
        fault=fault,
        command=desk.command("POST", _rotation(desk), _overlap(form)),
    )


async def rotate(desk: Desk) -> Response:
    """Make a new secret."""
    form, path = desk.form(), _rotation(desk)
    sent = _overlap(form)
    try:
        made = await desk.change("POST", path, sent)
    except ScopewrightError as error:
        return await ask_rotate(desk, form, Fault.of(error))
    said = spoken().says("%(name)s has a new secret.") % made
    note = _with_secret(Note(said, desk.command("POST", path, sent)), made)
    return desk.back(path_of(desk), note)


def _rotation(desk: Desk) -> str:
    return f"{path_of(desk)}/rotate-secret"


def _overlap(form: Form) -> dict[str, Any]:
    typed = form.text("overlap")
    return {"overlap": _seconds(typed)} if typed else {}


# --- deleting -----------------------------------------------------------------------------------


async def deleting(desk: Desk) -> Act:
    """Deleting a client."""
    says, client = spoken().says, await desk.read(path_of(desk))
    return Act(
        "DELETE",
        path_of(desk),
        title=says("Delete %(name)s?") % client,
        says=(
            says(
                "Its tokens are refused here at once. Resource servers that verify by themselves"
                " accept them until they expire, unless they follow the feed of revocations."
            ),
        ),
        button=says("Delete"),
        done=says("The client %(name)s is deleted.") % client,
        keep=path_of(desk),
        back=AT,
    )
