"""The launchpad: a tile for each application that the person may open, of any workspace."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from scopewright.console.desk import Desk
from scopewright.console.render import Console, page
from scopewright.core.model import EMAIL_PROVIDER
from scopewright.store.pages import Window
from scopewright.web.visit import Visit

AT = "/launchpad"
TILES = 60  # of a page


def show(console: Console, visit: Visit) -> Response:
    """What is open to the person by what they hold now, by whatever record."""
    cookie, sign_in = console.cookie(visit), console.sign_in(visit)
    if sign_in is None or cookie is None:
        return RedirectResponse("/sign-in", 303)
    identity, records = sign_in.identity, console.account.of(sign_in.identity)
    is_address = identity.provider == EMAIL_PROVIDER or not records
    cursor = visit.query("cursor")
    tiles = console.launchpad.of_identity(identity, window=Window(limit=TILES, cursor=cursor))
    return page(
        "launchpad.html",
        person=identity.subject if is_address else records[0].principal.name,
        tiles=tiles.items,
        workspaces={record.workspace.id: record.workspace.name for record in records},
        following=f"{AT}?{urlencode({'cursor': tiles.cursor})}" if tiles.cursor else None,
        anti_forgery=console.cookies.anti_forgery(cookie),
    )


async def lead(_: Desk) -> Response:
    """From the menu of a workspace: what one may open is asked of all that one has."""
    return RedirectResponse(AT, 303)
