"""A workspace as the commands for Tiled read it, and what they say when they cannot."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from scopewright.tiled.workspace import API_KEY, URL, WORKSPACE, Failure, Known, Workspace
from tests.guard.loopback import Loopback, loopback, says

ANN = {
    "id": "1",
    "kind": "end_user",
    "name": "ann@example.com",
    "disabled_at": None,
    "roles": ["reader"],
    "identities": [
        {"provider": "github", "subject": "ann-42"},
        {"provider": "email", "subject": "ann@example.com"},
    ],
}
CALLED = {**ANN, "id": "2", "name": "Bob B.", "identities": [{"provider": "x", "subject": "bob"}]}
PUMP = {**ANN, "id": "3", "kind": "client", "name": "Pump", "identities": []}
GONE = {**ANN, "id": "4", "disabled_at": "2026-01-01T00:00:00Z"}


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback(says({"data": [], "next_page": None})) as served:
        yield served


def workspace(server: Loopback, **more: str) -> Workspace:
    return Workspace({URL: server.url, API_KEY: "swk_1_secret", WORKSPACE: "acme", **more})


def test_people_are_known_by_their_user_names_and_services_by_their_ids(server: Loopback) -> None:
    server.respond = says({"data": [ANN, CALLED, PUMP, GONE], "next_page": None})
    found = workspace(server).principals()
    assert {id: one.name for id, one in found.items()} == {
        "1": "ann@example.com",
        "2": "bob",
        "3": "3",
        "4": "ann@example.com",
    }
    assert found["1"] == Known("ann@example.com", "end_user", False, frozenset({"reader"}))
    assert found["4"].is_disabled


def test_every_page_is_read_from_the_server_that_was_named(server: Loopback) -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        rows, more = ([ANN], "https://elsewhere.example/x?cursor=2&limit=1000")
        if "cursor=2" in handler.path:
            rows, more = [PUMP], ""
        says({"data": rows, "next_page": more or None})(handler)

    server.respond = respond
    assert list(workspace(server).principals()) == ["1", "3"]
    assert [path.partition("?")[0] for path in server.requests] == [
        "/api/workspaces/acme/principals"
    ] * 2


def test_without_a_name_it_is_the_workspace_of_the_key(server: Loopback) -> None:
    server.respond = says({"workspace": "mine", "id": "01990b5e"})
    assert workspace(server, **{WORKSPACE: ""}).id == "01990b5e"
    assert server.requests == ["/api/whoami", "/api/workspaces/mine"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (says({"detail": "This needs iotman:principals:read."}, 403), "403 This needs"),
        (says(["no"], 500), "500"),
        (says(b"<html>"), "JSONDecodeError"),
        (says({"elsewhere": True}, 302, location="https://elsewhere.example"), "302"),
    ],
)
def test_what_cannot_be_read_is_said_without_the_key(
    server: Loopback, answer: Any, said: str
) -> None:
    server.respond = answer
    with pytest.raises(Failure, match=said) as failed:
        workspace(server).principals()
    assert "secret" not in str(failed.value)


def test_a_server_that_is_away_is_named(server: Loopback) -> None:
    with loopback(says({})) as gone:
        away = workspace(gone)
    with pytest.raises(Failure, match="ConnectError"):
        away.access_tags()


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, f"set {URL} and {API_KEY}"),
        ({URL: "https://auth.example"}, f"set {API_KEY}"),
        ({URL: "http://auth.example", API_KEY: "k"}, "https"),
        ({URL: "auth.example", API_KEY: "k"}, "https"),
    ],
)
def test_what_is_missing_or_would_be_read_on_the_way_is_refused(
    environment: dict[str, str], said: str
) -> None:
    with pytest.raises(Failure, match=said):
        Workspace(environment)
