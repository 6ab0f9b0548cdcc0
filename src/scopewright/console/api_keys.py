"""API keys: one's own, and those of anybody: made, looked at, rotated and revoked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from scopewright.console import spans
from scopewright.console.acts import Act
from scopewright.console.desk import EMPTY, Desk, Facts, Fault, Form
from scopewright.console.lists import listed
from scopewright.console.notes import Note
from scopewright.core.errors import ScopewrightError
from scopewright.core.scopes import INHERIT
from scopewright.languages import spoken

AT = "/api-keys"
ONLY = "only"  # of a new key: these scopes, instead of all that its owner holds


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose keys a page is about. `id` is None for the visitor; `at` is the page, `path` the API's.

    `held` are the scopes that the owner holds now.
    """

    id: str | None
    name: str
    at: str
    path: str
    held: list[str]

    def operation(self, verb: str) -> str:
        """The operation that lets the visitor do this with such a key."""
        return f"{'own-' if self.id is None else ''}api-keys:{verb}"


async def _owner(desk: Desk) -> Owner:
    id = desk.named.get("principal")
    if id is None:
        return Owner(None, desk.person, AT, AT, sorted(desk.caller.held))
    found = await desk.read(f"/principals/{id}")
    held = sorted(one["scope"] for one in found["held"])
    path = f"/principals/{found['id']}{AT}"
    return Owner(found["id"], found["name"], f"{AT}/of/{found['id']}", path, held)


async def index(desk: Desk, form: Form = EMPTY, fault: Fault | None = None) -> Response:
    """Somebody's live keys, and the form for a new one."""
    owner = await _owner(desk)
    return await desk.page(
        "api_keys.html",
        owner=owner,
        keys=await listed(desk, owner.path, "q", "sort", at=owner.at),
        units=spans.units(),
        form=form,
        fault=fault,
    )


async def of_everybody(desk: Desk) -> Response:
    """Everybody who can have keys, with how many each has."""
    return await desk.page(
        "api_keys_of_all.html",
        principals=await listed(desk, "/principals", "q", "sort", at=f"{AT}/everybody"),
    )


async def create(desk: Desk) -> Response:
    """Make a key; its secret is shown once."""
    form, owner = desk.form(), await _owner(desk)
    sent = _wanted(form)
    try:
        made = await desk.change("POST", owner.path, sent)
    except ScopewrightError as error:
        return await index(desk, form, Fault.of(error))
    return desk.back(owner.at, note_of(desk, owner.path, sent, made))


def note_of(desk: Desk, path: str, sent: Facts, made: Facts) -> Note:
    """What is said of a new key: its secret, once."""
    says, command = spoken().says, desk.command("POST", path, sent)
    return Note(says("The key is made."), command, made["secret"], says("The API key."))


def _wanted(form: Form) -> dict[str, Any]:
    """What was asked of a new key, as it is sent."""
    sent: dict[str, Any] = {**form.sent("note"), **spans.given(form, "expires_in")}
    if form.text("carries") == ONLY:
        sent["scopes"] = form.texts("scopes")
    tags = [tag.strip() for tag in form.text("tags").split(",") if tag.strip()]
    return {**sent, "tags": tags} if tags else sent


async def show(desk: Desk, form: Form | None = None, fault: Fault | None = None) -> Response:
    """One key: what it may do beside what its owner may, and what became of it."""
    owner = await _owner(desk)
    key = await desk.read(f"{owner.path}/{desk.named['id']}")
    return await desk.page(
        "api_key.html",
        owner=owner,
        key=key,
        inherits=key["scopes"] == [INHERIT],
        rows=_beside(owner.held, key["scopes"]),
        form=form or Form([("note", key["note"])]),
        fault=fault,
    )


def _beside(held: list[str], carried: list[str]) -> list[Mapping[str, Any]]:
    """Each scope of the owner or of the key: who of both has it."""
    everything = carried == [INHERIT]
    names = held if everything else sorted({*held, *carried})
    return [
        {"name": name, "held": name in held, "carried": everything or name in carried}
        for name in names
    ]


async def change(desk: Desk) -> Response:
    """Say what one's own key is for."""
    form, owner = desk.form(), await _owner(desk)
    path, sent = f"{owner.path}/{desk.named['id']}", {"note": form.text("note")}
    try:
        await desk.change("PATCH", path, sent)
    except ScopewrightError as error:
        return await show(desk, form, Fault.of(error))
    said = spoken().says("The key's purpose is changed.")
    return desk.back(
        f"{owner.at}/{desk.named['id']}", Note(said, desk.command("PATCH", path, sent))
    )


async def ask_rotate(desk: Desk) -> Response:
    """Says what rotating a key will come to, and asks how long the old one goes on."""
    return await _ask_rotate(desk, Form(spans.typed("overlap", 86_400)), None)


async def _ask_rotate(desk: Desk, form: Form, fault: Fault | None) -> Response:
    return await desk.page(
        "api_key_rotate.html",
        key=await desk.read(f"{AT}/{desk.named['id']}"),
        units=spans.units(),
        form=form,
        fault=fault,
        command=desk.command("POST", _rotation(desk)),
    )


async def rotate(desk: Desk) -> Response:
    """Let another key follow one's own; its secret is shown once."""
    form = desk.form()
    sent = {"overlap": spans.sent(form, "overlap") or 0}
    try:
        made = await desk.change("POST", _rotation(desk), sent)
    except ScopewrightError as error:
        return await _ask_rotate(desk, form, Fault.of(error))
    note = Note(
        spoken().says("Another key follows this one."),
        desk.command("POST", _rotation(desk), sent),
        made["secret"],
        spoken().says("The API key."),
    )
    return desk.back(AT, note)


def _rotation(desk: Desk) -> str:
    return f"{AT}/{desk.named['id']}/rotate"


async def revoking(desk: Desk) -> Act:
    """Revoking a key."""
    owner, id = await _owner(desk), desk.named["id"]
    at = f"{owner.at}/{id}"
    return await revoking_at(desk, f"{owner.path}/{id}", keep=at, back=owner.at)


async def revoking_at(desk: Desk, path: str, *, keep: str, back: str) -> Act:
    """Revoking the key of this path, from a page of whoever's."""
    says, key = spoken().says, await desk.read(path)
    return Act(
        "DELETE",
        path,
        title=says("Revoke this key?"),
        says=(
            says("Its purpose: %(note)s.") % {"note": key["note"] or "–"},
            says("Whatever presents it is refused from now on."),
            says("So are all keys that were made with it."),
        ),
        button=says("Revoke"),
        done=says("The key is revoked."),
        keep=keep,
        back=back,
    )
