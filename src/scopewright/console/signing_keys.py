"""Signing keys: which sign and which still verify, and new ones that follow them."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from scopewright.console.desk import EMPTY, Desk, Fault, Form
from scopewright.console.lists import listed
from scopewright.console.notes import Note
from scopewright.core.errors import ScopewrightError
from scopewright.languages import spoken

AT = "/signing-keys"
ROTATION = "/signing-keys/rotate"
ALL = "all"


async def index(desk: Desk) -> Response:
    """The published keys."""
    says = spoken().says
    return await desk.page(
        "signing_keys.html",
        keys=await listed(desk, AT),
        states={
            "next": says("signs next"),
            "signing": says("signs now"),
            "verifying": says("only verifies"),
        },
    )


async def ask_rotate(desk: Desk, form: Form = EMPTY, fault: Fault | None = None) -> Response:
    """Says what will happen when, before a new key is published."""
    every = spoken().says("Both algorithms")
    return await desk.page(
        "signing_keys_rotate.html",
        algorithms=[(ALL, every), ("ES256", "ES256"), ("RS256", "RS256")],
        form=form,
        fault=fault,
        command=desk.command("POST", ROTATION),
    )


async def rotate(desk: Desk) -> Response:
    """Publish the next key."""
    form = desk.form()
    algorithm = form.text("algorithm")
    sent: dict[str, Any] = {} if algorithm in ("", ALL) else {"algorithm": algorithm}
    try:
        await desk.change("POST", ROTATION, sent)
    except ScopewrightError as error:
        return await ask_rotate(desk, form, Fault.of(error))
    said = spoken().says("The next key is published. Below stands when it begins to sign.")
    return desk.back(AT, Note(said, desk.command("POST", ROTATION, sent)))
