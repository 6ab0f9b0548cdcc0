"""Server-sent events as a reader meets them: one stream, its events in order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class Received:
    """One event."""

    id: str
    data: Any


@dataclass
class Stream:
    """An open stream; asking for an event waits until there is one."""

    answer: httpx.Response
    lines: Iterator[str]

    def take(self, count: int) -> list[Received]:
        """The next events, exactly so many."""
        return [self._one() for _ in range(count)]

    def heartbeat(self) -> None:
        """Read on to the next comment."""
        assert next(line for line in self.lines if line).startswith(":")

    def is_over(self) -> bool:
        """Whether the server ends it; waits until it does."""
        return all(line in ("", ":") for line in self.lines)

    def _one(self) -> Received:
        fields: dict[str, str] = {}
        for line in self.lines:
            if not line and fields:
                return Received(fields["id"], json.loads(fields["data"]))
            name, _, value = line.partition(": ")
            if name not in ("", ":"):
                fields[name] = value
        raise AssertionError("the stream ended")


@contextmanager
def streaming(http: httpx.Client, url: str, **headers: str) -> Iterator[Stream]:
    """The stream at a URL, whose headers have arrived; a read that takes too long fails."""
    accept = {"accept": "text/event-stream", **headers}
    with http.stream("GET", url, headers=accept, timeout=10) as answer:
        if answer.status_code != 200:
            answer.read()
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        stream = Stream(answer, answer.iter_lines())
        stream.heartbeat()
        yield stream
