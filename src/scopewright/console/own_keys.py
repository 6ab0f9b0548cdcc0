"""One's own API keys: made and revoked by whoever may have them."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from scopewright.console import own, spans
from scopewright.console.acts import Act
from scopewright.console.desk import Desk, Fault, Form
from scopewright.console.notes import Note
from scopewright.core.errors import ScopewrightError
from scopewright.languages import spoken


async def make(desk: Desk) -> Response:
    """Make a key; its secret is on the next page, and never again."""
    form = desk.form()
    sent = _sent(form)
    try:
        made = await desk.change("POST", "/api-keys", sent)
    except ScopewrightError as error:
        return await own.show(desk, form, Fault.of(error))
    said = spoken().says("The key is made.")
    name = spoken().says("The secret of the key.")
    return desk.back("", Note(said, desk.command("POST", "/api-keys", sent), made["secret"], name))


def _sent(form: Form) -> dict[str, Any]:
    sent: dict[str, Any] = {"note": form.text("note"), **spans.given(form, "expires_in")}
    return sent if form.has("everything") else {**sent, "scopes": form.texts("scopes")}


async def revoking(desk: Desk) -> Act:
    """Revoking a key."""
    says, path = spoken().says, f"/api-keys/{desk.named['id']}"
    key = await desk.read(path)
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
        keep="",
        back="",
    )
