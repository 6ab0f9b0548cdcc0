"""The command that a page shows for a request makes that very request."""

from __future__ import annotations

import json
import re
import shlex
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from typer.testing import CliRunner

from scopewright.cli.main import commands
from scopewright.commands.nouns import NOUNS
from scopewright.commands.spelled import command_for
from scopewright.commands.verbs import Kind, Verb

WORKSPACE = "acme"
VERBS = [  # but for the one that takes what stands in a file
    (noun, verb)
    for noun, verbs in NOUNS.items()
    for verb in verbs
    if not any(one.kind is Kind.FILE for one in verb.inputs)
]
VALUES: dict[Kind, list[Any]] = {
    Kind.TEXT: ["it's; $HOME", "a b"],
    Kind.LIST: [["one", "two words"]],
    Kind.FLAG: [True, False],
    Kind.NUMBER: [7],
    Kind.DURATION: [600],
    Kind.JSON: [{"a": ["ä", 1]}, "text"],
}


class Recorder(BaseHTTPRequestHandler):
    """Answers everything, and remembers what was asked."""

    asked: list[tuple[str, str, dict[str, Any]]]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):  # of whatever method
            return self.answer
        raise AttributeError(name)

    def answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        sent = json.loads(body) if body else dict(parse_qsl(parts.query))
        self.asked.append((self.command, parts.path, sent))
        answer = json.dumps({"data": [], "next_page": None}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def recorder() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def requests(verb: Verb) -> Iterator[tuple[str, dict[str, Any]]]:
    """Requests that a verb can make: with what it needs, and with all that it takes."""
    path = re.sub(r"{owner}", "/end-users/ann@example.com", verb.path)
    path = re.sub(r"{\w+}", lambda _: quote("a/b: c", safe=""), path)
    needed = {one.name: VALUES[one.kind][0] for one in verb.inputs if one.required}
    yield path, {**needed, **verb.fixed}
    if needed.keys() != {one.name for one in verb.inputs}:
        for which in (0, -1):
            every = {one.name: VALUES[one.kind][which] for one in verb.inputs}
            yield path, {**every, **verb.fixed}
    lists = {one.name: [] for one in verb.inputs if one.kind is Kind.LIST}
    gone = {one.name: None for one in verb.inputs if one.is_taken_away}
    if lists or gone:
        yield path, {**needed, **lists, **gone, **verb.fixed}
    if verb.is_of_anybody:
        yield f"/principals/ann@example.com{path}", {**needed, **verb.fixed}


def as_said(value: Any) -> str:
    """A value as the query of a request has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize(
    ("noun", "verb"), VERBS, ids=[f"{noun} {verb.name}" for noun, verb in VERBS]
)
def test_the_command_for_a_request_makes_that_request(
    recorder: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch, noun: str, verb: Verb
) -> None:
    monkeypatch.setenv("SCOPEWRIGHT_URL", f"http://127.0.0.1:{recorder.server_port}")
    monkeypatch.setenv("SCOPEWRIGHT_API_KEY", "swk_test")
    for path, sent in requests(verb):
        command = command_for(verb.method, path, sent, workspace=WORKSPACE)
        assert command is not None, (path, sent)
        Recorder.asked = []
        done = CliRunner().invoke(commands, shlex.split(command)[1:])
        assert done.exit_code == 0, (command, done.output, done.exception)
        method, asked, received = Recorder.asked[-1]
        below = "" if path.startswith("/api/") else f"/api/workspaces/{WORKSPACE}"
        assert (method, asked) == (verb.method, f"{below}{path}"), command
        if verb.method in ("GET", "DELETE"):
            received.pop("limit", None)
            received = {name: as_said(value) for name, value in received.items()}
            assert received == {name: as_said(value) for name, value in sent.items()}, command
        else:
            assert received == sent, command


def test_what_no_command_does_has_none() -> None:
    assert command_for("POST", "/preview", {}) is None
    assert command_for("POST", "/scopes", {"name": "a", "unheard_of": "b"}) is None
