"""Active sessions: who is signed in through which client, and ending one."""

from __future__ import annotations

from starlette.responses import Response

from scopewright.console.acts import Act
from scopewright.console.desk import Desk
from scopewright.console.lists import listed
from scopewright.console.render import instant
from scopewright.languages import spoken

AT = "/sessions"


async def index(desk: Desk) -> Response:
    """All that are active."""
    rows = await listed(desk, AT, "q", "sort")
    prefix = desk.opener("workspace:read").partition(":")[0] + ":"
    return await desk.page("sessions.html", rows=rows, prefix=prefix)


async def revoking(desk: Desk) -> Act:
    """Ending a session."""
    says, session = spoken().says, await desk.read(_path(desk))
    told = {"who": session["principal"]["label"], "client": session["client"]}
    begun = spoken().moment(instant(session["created_at"]))
    return Act(
        "DELETE",
        _path(desk),
        title=says("Revoke the session of %(who)s at %(client)s?") % told,
        says=(
            says("It began on %(moment)s.") % {"moment": begun},
            says(
                "Its refresh token and its access tokens are refused here at once. The other"
                " sessions of the same person go on, and the person may sign in again."
            ),
        ),
        button=says("Revoke"),
        done=says("The session of %(who)s at %(client)s is over.") % told,
        keep=AT,
        back=AT,
    )


def _path(desk: Desk) -> str:
    return f"{AT}/{desk.named['id']}"
