"""Changing a thing from its page: what differs is sent, and what is refused is shown again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.responses import Response

from scopewright.console.desk import Desk, Fault
from scopewright.console.notes import Note
from scopewright.core.errors import ScopewrightError
from scopewright.languages import spoken

Again = Callable[[Fault], Awaitable[Response]]


def differing(wanted: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The members that are wanted otherwise than they are."""
    return {name: value for name, value in wanted.items() if value != before[name]}


async def saved(
    desk: Desk, path: str, sent: Mapping[str, Any], *, said: str, again: Again, back: str = ""
) -> Response:
    """Send a change, and go back to the page, which says so; `again` shows a refused form.

    The page is the one of the same path where `back` names none. What changes nothing has no
    command.
    """
    try:
        await desk.change("PATCH", path, sent)
    except ScopewrightError as error:
        return await again(Fault.of(error))
    return desk.back(back or path, Note(said, desk.command("PATCH", path, sent) if sent else None))


async def switched(desk: Desk, path: str, *, on: str, off: str) -> Response:
    """Switch a thing on or off; `on` or `off` is said of it, not translated yet."""
    sent = {"active": desk.form().text("active") == "yes"}
    await desk.change("POST", f"{path}/activate", sent)
    said = spoken().says(on if sent["active"] else off)
    return desk.back(path, Note(said, desk.command("POST", f"{path}/activate", sent)))
