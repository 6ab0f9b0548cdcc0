"""One call of the API within this process, most by a caller who is known already."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Scope

from scopewright.core.caller import Caller
from scopewright.web.credentials import KNOWN_CALLER


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the API. `path` is not encoded; `body` is JSON, None where none belongs."""

    method: str
    path: str
    query: str
    body: bytes | None


@dataclass(slots=True)
class Answer:
    """What the API answered: an HTTP status and a JSON value, None where there is no body."""

    status: int = 500
    chunks: list[bytes] = field(default_factory=list)

    @property
    def is_refusal(self) -> bool:
        return self.status >= 400

    @property
    def value(self) -> Any:
        body = b"".join(self.chunks)
        return json.loads(body) if body else None

    @property
    def text(self) -> str:
        """The body as text."""
        return b"".join(self.chunks).decode()

    async def take(self, message: Message) -> None:
        """The next part of the answer (ASGI `send`)."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.chunks.append(message.get("body", b""))


async def answer_to(api: ASGIApp, call: Call, who: Caller | str) -> Answer:
    """The API's answer. It checks what it always checks, of this caller instead of a credential.

    `who` may be a credential as well, which the call presents.
    """
    parts = [{"type": "http.request", "body": call.body or b"", "more_body": False}]

    async def receive() -> Message:
        if parts:
            return parts.pop()
        return await asyncio.Future()  # nobody hangs up

    answer = Answer()
    with suppress(Exception):  # the API has logged and answered it when it lets one through
        await api(_scope(call, who), receive, answer.take)
    return answer


def _scope(call: Call, who: Caller | str) -> Scope:
    headers = [(b"content-type", b"application/json")] if call.body is not None else []
    known: dict[str, Any] = {KNOWN_CALLER: who}
    if isinstance(who, str):
        headers, known = [*headers, (b"authorization", b"Bearer " + who.encode())], {}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": call.method,
        "path": call.path,
        "raw_path": quote(call.path).encode(),
        "query_string": call.query.encode(),
        "root_path": "",
        "headers": headers,
        "server": None,
        "client": None,
        **known,
    }
