"""One's own API keys: made and revoked by whoever may have them."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from scopewright.console import api_keys, own, spans
from scopewright.console.acts import Act
from scopewright.console.api_keys import AT
from scopewright.console.desk import Desk, Fault, Form
from scopewright.core.errors import ScopewrightError


async def make(desk: Desk) -> Response:
    """Make a key; its secret is on the next page, and never again."""
    form = desk.form()
    sent = _sent(form)
    try:
        made = await desk.change("POST", AT, sent)
    except ScopewrightError as error:
        return await own.show(desk, form, Fault.of(error))
    return desk.back("", api_keys.note_of(desk, AT, sent, made))


def _sent(form: Form) -> dict[str, Any]:
    sent: dict[str, Any] = {"note": form.text("note"), **spans.given(form, "expires_in")}
    return sent if form.has("everything") else {**sent, "scopes": form.texts("scopes")}


async def revoking(desk: Desk) -> Act:
    """Revoking a key."""
    return await api_keys.revoking_at(desk, f"{AT}/{desk.named['id']}", keep="", back="")
