"""Active sessions: who is signed in through which client, and ending one."""

from __future__ import annotations

from starlette.responses import Response

from scopewright.console.desk import Desk
from scopewright.console.languages import spoken
from scopewright.console.lists import listed
from scopewright.console.notes import Note

AT = "/sessions"


async def index(desk: Desk) -> Response:
    """All that are active."""
    rows = await listed(desk, "/sessions", AT, "q", "sort")
    prefix = desk.opener("workspace:read").partition(":")[0] + ":"
    return await desk.page("sessions.html", rows=rows, prefix=prefix)


async def ask_revoke(desk: Desk) -> Response:
    """Says what revoking a session will come to, before it is done."""
    path = _path(desk)
    return await desk.page(
        "session_revoke.html",
        session=await desk.read(path),
        changes=await desk.rehearse("DELETE", path),
        command=desk.command("DELETE", path),
    )


async def revoke(desk: Desk) -> Response:
    """End a session."""
    desk.form()
    path = _path(desk)
    session = await desk.read(path)
    await desk.change("DELETE", path)
    said = spoken().says("The session of %(who)s at %(client)s is over.")
    said %= {"who": session["principal"]["label"], "client": session["client"]}
    return desk.back(AT, Note(said, desk.command("DELETE", path)))


def _path(desk: Desk) -> str:
    return f"{AT}/{desk.named['id']}"
