"""One call of the API within this process, by a caller who is known already."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Scope

from scopewright.core.caller import Caller
from scopewright.mcp.tools import Call
from scopewright.web.credentials import KNOWN_CALLER


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

    async def take(self, message: Message) -> None:
        """The next part of the answer (ASGI `send`)."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.chunks.append(message.get("body", b""))


async def answer_to(api: ASGIApp, call: Call, caller: Caller) -> Answer:
    """The API's answer. It checks what it always checks, of this caller instead of a credential."""
    parts = [{"type": "http.request", "body": call.body or b"", "more_body": False}]

    async def receive() -> Message:
        if parts:
            return parts.pop()
        return await asyncio.Future()  # nobody hangs up

    answer = Answer()
    with suppress(Exception):  # the API has logged and answered it when it lets one through
        await api(_scope(call, caller), receive, answer.take)
    return answer


def _scope(call: Call, caller: Caller) -> Scope:
    content = [(b"content-type", b"application/json")] if call.body is not None else []
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
        "headers": content,
        "server": None,
        "client": None,
        KNOWN_CALLER: caller,
    }
