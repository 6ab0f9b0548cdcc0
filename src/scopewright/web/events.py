"""Server-sent events (the HTML standard, §9.2): spelled, and streamed as they are found."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

MEDIA_TYPE = "text/event-stream"
LAST_EVENT_ID = b"last-event-id"
POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 15.0

_HEARTBEAT = b":\n\n"
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}  # nginx passes each on at once


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `data` is one line. After a break the reader names the `id` it knows."""

    id: str
    data: str

    def spelled(self) -> bytes:
        return f"id: {self.id}\ndata: {self.data}\n\n".encode()


Poll = Callable[[], Awaitable[Sequence[Event] | None]]


@dataclass(frozen=True, slots=True)
class EventStream:
    """An answer that goes on for as long as `poll` finds events or none; None ends it."""

    scope: Scope
    receive: Receive
    poll: Poll

    async def send(self, send: Send) -> None:
        await streamed(self.poll)(self.scope, self.receive, send)


def streamed(poll: Poll) -> StreamingResponse:
    """The same, as Starlette's answer."""
    return StreamingResponse(_following(poll), media_type=MEDIA_TYPE, headers=_HEADERS)


async def _following(poll: Poll) -> AsyncIterator[bytes]:
    yield _HEARTBEAT  # so that the headers leave at once
    quiet = 0.0
    while (found := await poll()) is not None:
        if found:
            yield b"".join(event.spelled() for event in found)
            quiet = 0.0
            continue
        await asyncio.sleep(POLL_SECONDS)
        quiet += POLL_SECONDS
        if quiet >= HEARTBEAT_SECONDS:
            yield _HEARTBEAT
            quiet = 0.0
