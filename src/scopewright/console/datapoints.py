"""Datapoints: what came in, newest first, by time, endpoint and sender; as rows and as a chart."""

from __future__ import annotations

from starlette.responses import Response

from scopewright.console.chart import lines_of
from scopewright.console.desk import Desk, Fault
from scopewright.console.lists import Listing, listed
from scopewright.core.errors import Invalid

AT = "/datapoints"
ASKED = ("endpoint", "from", "to", "principal")


async def index(desk: Desk) -> Response:
    """The ones that the address asks for."""
    fault, form = None, {name: desk.visit.query(name) or "" for name in ASKED}
    try:
        points = await listed(desk, AT, AT, *ASKED)
    except Invalid as error:
        fault, points = Fault.of(error), Listing([], desk.at(AT), {}, None, is_first=True)
    return await desk.page(
        "datapoints.html",
        status=422 if fault else 200,
        points=points,
        lines=lines_of(points.rows),
        endpoints=await _endpoints(desk),
        typed=form,
        fault=fault,
    )


async def _endpoints(desk: Desk) -> list[tuple[str, str]]:
    """The endpoints to choose from, as far as the member may see them."""
    if not desk.may("endpoints:read"):
        return []
    found = (await desk.read("/endpoints", limit=1000))["data"]
    return [(one["id"], one["name"]) for one in found]
