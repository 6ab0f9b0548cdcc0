"""Schemathesis' cases as messages to the application, and whether an answer changed anything."""

from __future__ import annotations

import asyncio
import sqlite3
import time
import traceback
from typing import Any
from urllib.parse import unquote

import requests
import schemathesis
from schemathesis.core.transport import Response

from scopewright.store import schema
from tests.inprocess import Running

ADDRESS = ("127.0.0.1", 8080)
URL = f"http://{ADDRESS[0]}:{ADDRESS[1]}"

BOOKKEEPING = {"limits", "leases"}  # counters of requests, and which process looks after things
TABLES = sorted(set(schema.metadata.tables) - BOOKKEEPING)


class Wire:
    """Sends as a server would hand it on; a stream of events is left after its first."""

    def __init__(self, running: Running, runner: asyncio.Runner) -> None:
        self._application = running.application
        self._runner = runner
        path = running.database.url.database
        assert path is not None
        self._watching = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self._seen: int | None = None
        self._rows: dict[str, list[Any]] = {}

    def close(self) -> None:
        self._watching.close()

    def send(self, case: schemathesis.Case, credential: str | None) -> Response:
        """The answer to a case.

        Raises:
            requests.RequestException, ValueError: it cannot be written as HTTP at all.
        """
        headers = {} if credential is None else {"Authorization": f"Bearer {credential}"}
        said = case.as_transport_kwargs(base_url=URL, headers=headers)
        if credential is None:
            said["headers"].pop("Authorization", None)
        prepared = requests.Request(**said).prepare()
        started = time.perf_counter()
        status, sent, body = self._runner.run(self._exchange(prepared))
        elapsed = time.perf_counter() - started
        return Response(status, sent, body, prepared, elapsed, verify=False)

    def everything(self) -> dict[str, list[Any]]:
        """Every row of every table but `BOOKKEEPING`; read again only after a commit.

        A commit need not change a row: operations of one moment share a transaction, and one of
        them that is refused is rolled back within it.
        """
        version = self._watching.execute("PRAGMA data_version").fetchone()[0]
        if version != self._seen:
            self._rows = {
                name: self._watching.execute(f'SELECT * FROM "{name}" ORDER BY rowid').fetchall()
                for name in TABLES
            }
            self._seen = version
        return self._rows

    async def _exchange(
        self, request: requests.PreparedRequest
    ) -> tuple[int, dict[str, list[str]], bytes]:
        status, headers, body = 0, dict[str, list[str]](), bytearray()
        waiting, left = [_body(request)], asyncio.Event()

        async def receive() -> dict[str, Any]:
            if waiting:
                return {"type": "http.request", "body": waiting.pop(), "more_body": False}
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                for name, value in message["headers"]:
                    headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
            else:
                body.extend(message.get("body", b""))
                if headers.get("content-type", [""])[0].startswith("text/event-stream"):
                    left.set()

        try:
            await self._application(_scope(request), receive, send)
        except Exception:  # a server would have written it to its log
            body.extend(traceback.format_exc().encode())
        return status or 500, headers, bytes(body)


def _body(request: requests.PreparedRequest) -> bytes:
    return request.body.encode() if isinstance(request.body, str) else request.body or b""


def _scope(request: requests.PreparedRequest) -> dict[str, Any]:
    raw, _, query = request.path_url.partition("?")
    headers = [
        (_latin(name).lower(), _latin(value).strip()) for name, value in request.headers.items()
    ]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(raw),
        "raw_path": raw.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", URL.encode()[7:]), *headers],
        "client": ("127.0.0.1", 1),
        "server": ADDRESS,
    }


def _latin(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")
