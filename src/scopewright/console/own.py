"""What people see of a record of their own, and what they may end of it."""

from __future__ import annotations

from typing import Any

from starlette.responses import RedirectResponse, Response

from scopewright.console.desk import EMPTY, Desk, Fault, Form
from scopewright.console.languages import spoken
from scopewright.console.lists import listed
from scopewright.console.notes import Note
from scopewright.console.reception import DeskHandler
from scopewright.core.errors import NotFound

OwnHandler = DeskHandler
MINE = "/principals/me"
MOST = 200  # that one page shows of what few people have many of


async def show(desk: Desk) -> Response:
    """All of it: access, applications, sessions, keys, and what is attached."""
    return await shown(desk, EMPTY, None)


async def shown(desk: Desk, form: Form, fault: Fault | None) -> Response:
    """The page, with the form for a key as it was filled in."""
    may_have_keys = desk.may("own-api-keys:read")
    return await desk.page(
        "own.html",
        status=422 if fault else 200,
        portrait=await desk.read(MINE),
        held=[desk.caller.vocabulary.by_name[one] for one in sorted(desk.caller.held)],
        connections=await _all(desk, f"{MINE}/connections"),
        sessions=await listed(desk, f"{MINE}/sessions", ""),
        attached=await _all(desk, f"{MINE}/metadata"),
        keys=await _all(desk, "/api-keys") if may_have_keys else [],
        may_have_keys=may_have_keys,
        form=form,
        fault=fault,
    )


async def ask_end_connection(desk: Desk) -> Response:
    """Says what disconnecting an application will come to."""
    one = await _connection(desk)
    title = spoken().says("Disconnect %(name)s?") % {"name": one["client"]}
    return await desk.page(
        "own_end.html",
        title=title,
        sessions=one["sessions"],
        asks_again=one["approved"],
        button=spoken().says("Disconnect"),
    )


async def end_connection(desk: Desk) -> Response:
    """Take an approval back, and end the sessions through the application."""
    desk.form()
    path, one = f"{MINE}/connections/{desk.named['id']}", await _connection(desk)
    await desk.change("DELETE", path)
    said = spoken().says("%(name)s is disconnected.") % {"name": one["client"]}
    return desk.back("", Note(said, desk.command("DELETE", path)))


async def ask_end_session(desk: Desk) -> Response:
    """Says what ending a session will come to."""
    one = await _of_id(desk, f"{MINE}/sessions")
    title = spoken().says("End the session at %(name)s?") % {"name": one["client"]}
    button = spoken().says("End the session")
    return await desk.page("own_end.html", title=title, sessions=1, asks_again=False, button=button)


async def end_session(desk: Desk) -> Response:
    """End a session."""
    desk.form()
    path = f"{MINE}/sessions/{desk.named['id']}"
    await desk.change("DELETE", path)
    return desk.back("", Note(spoken().says("The session is ended."), desk.command("DELETE", path)))


async def ask_sign_out(desk: Desk) -> Response:
    """Says what signing out everywhere will come to."""
    open_sessions = await _all(desk, f"{MINE}/sessions")
    title = spoken().says("Sign out of %(name)s everywhere?") % {"name": desk.workspace.name}
    button = spoken().says("Sign out everywhere")
    return await desk.page(
        "own_end.html", title=title, sessions=len(open_sessions), asks_again=False, button=button
    )


async def sign_out(desk: Desk) -> Response:
    """End every session; this browser, too, must sign in anew."""
    desk.form()
    await desk.change("POST", f"{MINE}/sign-out")
    return RedirectResponse("/me", 303)


async def _connection(desk: Desk) -> dict[str, Any]:
    return await _of_id(desk, f"{MINE}/connections", "client_id")


async def _of_id(desk: Desk, path: str, key: str = "id") -> dict[str, Any]:
    """The one of a list that the address names.

    Raises:
        NotFound: it is not there (any more).
    """
    for one in await _all(desk, path):
        if one[key] == desk.named["id"]:
            return one
    raise NotFound("It is not there any more.")


async def _all(desk: Desk, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await desk.read(path, limit=MOST))["data"]
    return found
