"""The revocation feed: `GET {issuer}/revocations`, asked again and again or followed as a stream.

It is public, for it names nothing: who does not hold a token cannot tell what was revoked.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence

from scopewright.authority import View
from scopewright.clock import Clock
from scopewright.core.errors import InvalidRequest, NotFound
from scopewright.core.model import Change
from scopewright.guard.revocations import feed_key
from scopewright.metrics import Metrics
from scopewright.services.revocations import Revocations, Revoked
from scopewright.web.events import LAST_EVENT_ID, MEDIA_TYPE, Event, EventStream
from scopewright.web.http import Answer, Request, json_answer
from scopewright.web.instants import spell_instant

VersionOf = Callable[[str], Awaitable[int | None]]
LONGEST_VERSION = 15  # digits; more than a workspace can count


class RevocationFeed:
    """Answers pollers from memory while nothing has changed, and streams to who stays."""

    def __init__(
        self, revocations: Revocations, version_of: VersionOf, clock: Clock, metrics: Metrics
    ) -> None:
        self._revocations = revocations
        self._version_of = version_of
        self._clock = clock
        self._metrics = metrics

    async def feed(self, request: Request, view: View) -> Answer | EventStream:
        """`?after=n`, or as `text/event-stream` after `Last-Event-ID`.

        Raises:
            InvalidRequest: that is no version.
        """
        workspace_id = view.workspace.id
        after = request.query().get("after", "0")
        if _wants_stream(request):
            after = request.header(LAST_EVENT_ID) or after
            return self._stream(request, workspace_id, _version(after))
        revoked = await self._since(workspace_id, _version(after))
        return json_answer(
            {"data": [_shape(change) for change in revoked.changes], "version": revoked.version}
        )

    async def _since(self, workspace_id: str, after: int) -> Revoked:
        if await self._version_of(workspace_id) == after:
            return Revoked(after, ())
        return await asyncio.to_thread(self._revocations.since, workspace_id, after=after)

    def _stream(self, request: Request, workspace_id: str, after: int) -> EventStream:
        reached, is_following = after, False

        async def poll() -> Sequence[Event] | None:
            nonlocal reached, is_following
            try:
                revoked = await self._since(workspace_id, reached)
            except NotFound:
                return None
            if is_following:  # what happened before the stream began has not lagged
                self._note_lag(workspace_id, revoked.changes)
            reached, is_following = revoked.version, True
            return [_event(change) for change in revoked.changes]

        return EventStream(request.scope, request.receive, poll)

    def _note_lag(self, workspace_id: str, changes: Sequence[Change]) -> None:
        now = self._clock()
        for change in changes:
            self._metrics.feed_lag(workspace_id, (now - change.at).total_seconds())


def _wants_stream(request: Request) -> bool:
    accepted = (request.header(b"accept") or "").lower()
    return request.scope["method"] == "GET" and MEDIA_TYPE in accepted


def _version(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > LONGEST_VERSION:
        raise InvalidRequest("A version is a whole number.")
    return int(text)


def _event(change: Change) -> Event:
    return Event(id=str(change.version), data=json.dumps(_shape(change), separators=(",", ":")))


def _shape(change: Change) -> dict[str, str]:
    assert change.forget_at is not None  # the feed is of what revokes
    return {
        "kind": change.kind.value,
        "key": feed_key(change.kind.value, change.subject_id),
        "at": spell_instant(change.at),
        "forget_at": spell_instant(change.forget_at),
    }
