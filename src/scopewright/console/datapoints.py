"""Datapoints: what came in, newest first, by time, endpoint and sender; as rows and as a chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from starlette.responses import Response

from scopewright.console.chart import lines_of
from scopewright.console.desk import Desk, Fault
from scopewright.console.lists import Listing, listed
from scopewright.core.errors import Invalid, NotFound

AT = "/datapoints"
MOST_NAMED = 20  # senders of one page
ASKED = ("endpoint", "from", "to", "principal")


async def index(desk: Desk) -> Response:
    """The ones that the address asks for."""
    fault, form = None, {name: desk.visit.query(name) or "" for name in ASKED}
    try:
        points = await listed(desk, AT, *ASKED)
    except Invalid as error:
        fault, points = Fault.of(error), Listing([], desk.at(AT), {}, None, is_first=True)
    return await desk.page(
        "datapoints.html",
        points=points,
        lines=lines_of(points.rows),
        senders=await senders(desk, points.rows),
        endpoints=await _endpoints(desk),
        typed=form,
        fault=fault,
    )


async def senders(desk: Desk, points: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What those who sent these datapoints are called, as far as the member may see it.

    A person is called by the address; a client that sent for itself by its name.
    """
    through = {one["principal_id"]: one["oauth2_client_id"] for one in points}
    called: dict[str, str] = {}
    for principal, client in list(through.items())[:MOST_NAMED]:
        is_client = principal == client
        noun = "clients" if is_client else "end-users"
        if principal and desk.may(f"{noun}:read"):
            with suppress(NotFound):  # gone since, or a member
                found = await desk.read(f"/{noun}/{principal}")
                called[principal] = found["name"] if is_client else found["email"] or found["name"]
    return called


async def _endpoints(desk: Desk) -> list[tuple[str, str]]:
    """The endpoints to choose from, as far as the member may see them."""
    if not desk.may("endpoints:read"):
        return []
    found = (await desk.read("/endpoints", limit=1000))["data"]
    return [(one["id"], one["name"]) for one in found]
