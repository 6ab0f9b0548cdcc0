"""The data plane: where producers post, and where exports are read and followed.

What an endpoint or export asks of a caller is its owner's setting, so no operation stands on these
routes; any token or API key of the workspace may be presented.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fastapi import Request
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from scopewright.api.batches import parse_batch
from scopewright.api.datapoints import Datapoints, DatapointShape, WishHere, listed
from scopewright.api.entrance import (
    WindowHere,
    entrance_of,
    find_bearer,
    find_workspace,
    page_url,
    refusal,
)
from scopewright.authority import View
from scopewright.core.caller import Caller
from scopewright.core.errors import Invalid, NotFound, ScopewrightError
from scopewright.ids import is_id
from scopewright.services.datapoints import Door
from scopewright.services.ingest import Batch
from scopewright.web.credentials import is_presented, presented_of
from scopewright.web.events import LAST_EVENT_ID, Event, streamed
from scopewright.web.http import PRINCIPAL, client_address, header, read_body


class Accepted(BaseModel):
    """How many datapoints were kept, and their ids in the order they came."""

    accepted: int
    ids: list[str]


async def submit(request: Request, workspace: str, url_path: str) -> Accepted:
    """Keep a JSON object, an array of them, or one a line: all of it or nothing."""
    entrance = entrance_of(request)
    ingest, settings = entrance.services.ingest, entrance.settings
    limits, trusted = settings.limits, frozenset(settings.server.trusted_proxies)
    body = await read_body(request.scope, request.receive, limit=limits.batch_body)
    # Only now, or who is revoked during a slow upload would still get in.
    view, caller = await _enter(request, workspace)

    def keep() -> list[str]:
        ingest.check(caller, workspace_id=view.workspace.id, url_path=url_path)
        payloads = parse_batch(header(request.scope, b"content-type"), body, limits)
        source = client_address(request.scope, trusted)
        return ingest.submit(caller, Batch(view.workspace.id, url_path, payloads, source))

    ids = await asyncio.to_thread(keep)
    return Accepted(accepted=len(ids), ids=ids)


async def read(
    request: Request, workspace: str, path: str, window: WindowHere, wish: WishHere
) -> Datapoints:
    """The datapoints that an export lets out, newest first."""
    view, caller = await _enter(request, workspace)
    entrance, door = entrance_of(request), Door(view.workspace.id, path, caller)
    reading = await asyncio.to_thread(entrance.services.datapoints.read, door, wish, window=window)
    return listed(reading, page_url(entrance, request, reading.page.cursor))


async def follow(request: Request, workspace: str, path: str) -> StreamingResponse:
    """The datapoints that an export lets out, as they come in (server-sent events)."""
    after = header(request.scope, LAST_EVENT_ID)
    if after is not None and not is_id(after, kind="dp"):
        raise Invalid("The last event has another id.", field="Last-Event-ID")
    services = entrance_of(request).services
    view, caller = await _enter(request, workspace)
    door = Door(view.workspace.id, path, caller)
    place = await asyncio.to_thread(services.datapoints.begin, door, after=after)

    async def poll() -> Sequence[Event] | None:
        nonlocal place
        try:  # again each time: the credential, the export or its scope may be gone
            view, caller = await _enter(request, workspace, again=True)
            door = Door(view.workspace.id, path, caller)
            news, place = await asyncio.to_thread(services.datapoints.arrived, door, place)
        except ScopewrightError:
            return None
        return [Event(point.id, DatapointShape.of(point).model_dump_json()) for point in news]

    return streamed(poll)


async def _enter(
    request: Request, workspace: str, *, again: bool = False
) -> tuple[View, Caller | None]:
    """The workspace, and who presents a credential of it; None who presents none.

    Asked `again`, a request need not prove its keys once more.

    Raises:
        NotFound: there is no such workspace.
        Unauthenticated: what is presented is no good credential of it.
    """
    entrance = entrance_of(request)
    view = await find_workspace(entrance, workspace)
    if view is None:
        raise NotFound("There is no such workspace.")
    authorization = header(request.scope, b"authorization")
    if not is_presented(authorization, request.scope):
        return view, None
    presented = presented_of(authorization, request.scope)
    caller = None
    if presented is not None:
        caller = await find_bearer(entrance, view, presented, again=again)
    if caller is None:
        raise refusal(entrance, request, view, presented)
    request.scope[PRINCIPAL] = caller.principal.id
    return view, caller
