"""A small application that says what arrives at it, and keeps it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass(frozen=True)
class Arrived:
    """A request as the application got it."""

    method: str
    target: str
    headers: list[tuple[str, str]]

    def all(self, name: str) -> list[str]:
        """The values of a header, empty ones left out."""
        return [value for key, value in self.headers if key.lower() == name and value]


@dataclass
class Echo:
    """`url` is where it listens; `arrived` what has come since it was last cleared."""

    url: str
    arrived: list[Arrived] = field(default_factory=list)


@contextlib.contextmanager
def echo() -> Iterator[Echo]:
    """The application in a thread."""
    arrived: list[Arrived] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            arrived.append(Arrived(self.command, self.path, list(self.headers.items())))
            body = json.dumps({"target": self.path}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield Echo(f"http://127.0.0.1:{server.server_address[1]}", arrived)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
