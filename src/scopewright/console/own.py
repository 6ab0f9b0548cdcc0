"""What people see of a record of their own, and what they may end of it."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from scopewright.console import spans
from scopewright.console.acts import Act
from scopewright.console.desk import EMPTY, Desk, Fault, Form
from scopewright.console.lists import listed
from scopewright.core.errors import NotFound
from scopewright.languages import spoken

MINE = "/principals/me"
MOST = 200  # that one page shows of what few people have many of


async def show(desk: Desk, form: Form = EMPTY, fault: Fault | None = None) -> Response:
    """All of it: access, applications, sessions, keys, and what is attached."""
    may_have_keys = desk.may("own-api-keys:read")
    return await desk.page(
        "own.html",
        portrait=await desk.read(MINE),
        held=[desk.caller.vocabulary.by_name[one] for one in sorted(desk.caller.held)],
        connections=await _all(desk, f"{MINE}/connections"),
        sessions=await listed(desk, f"{MINE}/sessions", at=""),
        attached=await _all(desk, f"{MINE}/metadata"),
        keys=await _all(desk, "/api-keys") if may_have_keys else [],
        may_have_keys=may_have_keys,
        units=spans.units(),
        form=form,
        fault=fault,
    )


async def disconnecting(desk: Desk) -> Act:
    """Taking an approval back, and ending the sessions through the application."""
    says, one = spoken().says, await _of_id(desk, f"{MINE}/connections", "client_id")
    said = {"name": one["client"]}
    again = says("What you have allowed is taken back: it must ask you again.")
    return Act(
        "DELETE",
        f"{MINE}/connections/{desk.named['id']}",
        title=says("Disconnect %(name)s?") % said,
        says=(again,) if one["approved"] else (),
        button=says("Disconnect"),
        done=says("%(name)s is disconnected.") % said,
        keep="",
        back="",
    )


async def ending(desk: Desk) -> Act:
    """Ending a session."""
    says, one = spoken().says, await _of_id(desk, f"{MINE}/sessions")
    return Act(
        "DELETE",
        f"{MINE}/sessions/{desk.named['id']}",
        title=says("End the session at %(name)s?") % {"name": one["client"]},
        says=(),
        button=says("End the session"),
        done=says("The session is ended."),
        keep="",
        back="",
    )


async def signing_out(desk: Desk) -> Act:
    """Ending every session; this browser, too, must sign in anew."""
    says = spoken().says
    return Act(
        "POST",
        f"{MINE}/sign-out",
        title=says("Sign out of %(name)s everywhere?") % {"name": desk.workspace.name},
        says=(says("You must sign in anew, in this browser, too."),),
        button=says("Sign out everywhere"),
        done="",
        keep="",
        back=None,
        away="/me",
    )


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
