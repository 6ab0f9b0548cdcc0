"""One's own API keys: made and revoked by whoever may have them."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from scopewright.console import own
from scopewright.console.desk import Desk, Fault, Form
from scopewright.console.languages import spoken
from scopewright.console.notes import Note
from scopewright.core.errors import ScopewrightError

SECONDS_OF_A_DAY = 24 * 3600


async def make(desk: Desk) -> Response:
    """Make a key; its secret is on the next page, and never again."""
    form = desk.form()
    sent = _sent(form)
    try:
        made = await desk.change("POST", "/api-keys", sent)
    except ScopewrightError as error:
        return await own.shown(desk, form, Fault.of(error))
    said = spoken().says("The key is made.")
    name = spoken().says("The secret of the key:")
    return desk.back("", Note(said, desk.command("POST", "/api-keys", sent), made["secret"], name))


def _sent(form: Form) -> dict[str, Any]:
    sent: dict[str, Any] = {"note": form.text("note")}
    if not form.has("everything"):
        sent["scopes"] = form.texts("scopes")
    if form.text("days").isdecimal():
        sent["expires_in"] = int(form.text("days")) * SECONDS_OF_A_DAY
    return sent


async def ask_revoke(desk: Desk) -> Response:
    """Says what revoking a key will come to."""
    keys = (await desk.read("/api-keys", limit=own.MOST))["data"]
    key = await desk.read(_path(desk))
    title = spoken().says("Revoke this key?")
    return await desk.page("own_key_revoke.html", title=title, key=key, children=_below(keys, key))


def _below(keys: list[dict[str, Any]], key: dict[str, Any]) -> int:
    """How many keys were made with this one, or with those."""
    made = [one for one in keys if one["parent"] == key["id"]]
    return len(made) + sum(_below(keys, one) for one in made)


async def revoke(desk: Desk) -> Response:
    """Revoke a key."""
    desk.form()
    path = _path(desk)
    await desk.change("DELETE", path)
    return desk.back("", Note(spoken().says("The key is revoked."), desk.command("DELETE", path)))


def _path(desk: Desk) -> str:
    return f"/api-keys/{desk.named['id']}"
