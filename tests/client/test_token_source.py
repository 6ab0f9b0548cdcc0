"""Tokens for devices and services, over real HTTP: fetched, reused, renewed, one at a time."""

from __future__ import annotations

import logging
import threading
import time
from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs

import anyio
import httpx
import pytest
import requests

from scopewright.client import TokenRefused, TokenSource, TokenUnavailable
from tests.clock import FrozenClock
from tests.guard.loopback import Loopback, loopback, says

SECRET = "sws_very+secret/value"
Ask = Callable[..., Any]


class World:
    """A token endpoint and a resource on one server; `refused` are tokens answered 401."""

    def __init__(self) -> None:
        self.lifetime: Any = 600
        self.issued: list[str] = []
        self.forms: list[dict[str, list[str]]] = []
        self.basic: list[str] = []
        self.seen: list[str | None] = []
        self.bodies: list[bytes] = []
        self.refused: set[str] = set()
        self.token_answer: Any = None

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        body = _body(handler)
        if handler.path == "/token":
            self.token(handler, body.decode())
        else:
            self.bodies.append(body)
            self.resource(handler)

    def token(self, handler: BaseHTTPRequestHandler, body: str) -> None:
        self.forms.append(parse_qs(body))
        self.basic.append(b64decode(handler.headers["Authorization"].split()[1]).decode())
        if self.token_answer is not None:
            self.token_answer(handler)
            return
        self.issued.append(f"token-{len(self.issued) + 1}")
        said = {"access_token": self.issued[-1], "token_type": "Bearer"}
        says({**said, "expires_in": self.lifetime})(handler)

    def resource(self, handler: BaseHTTPRequestHandler) -> None:
        header = handler.headers["Authorization"]
        self.seen.append(header)
        token = (header or "").removeprefix("Bearer ")
        says({"token": token}, status=401 if token in self.refused else 200)(handler)


def _body(handler: BaseHTTPRequestHandler) -> bytes:
    if handler.headers["Transfer-Encoding"] != "chunked":
        return handler.rfile.read(int(handler.headers["Content-Length"] or 0))
    body = b""
    while size := int(handler.rfile.readline(), 16):
        body += handler.rfile.read(size)
        handler.rfile.readline()
    handler.rfile.readline()
    return body


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def served(world: World) -> Iterator[Loopback]:
    with loopback(world) as server:
        yield server


@pytest.fixture
def source(served: Loopback, clock: FrozenClock) -> TokenSource:
    return TokenSource(
        served.url, client_id="dev:1", client_secret=SECRET, scope="a b", clock=clock
    )


async def _async_post(url: str, source: TokenSource, **options: Any) -> httpx.Response:
    async with httpx.AsyncClient(auth=source.for_httpx()) as client:
        return await client.post(url, **options)


def _sync_post(url: str, source: TokenSource, **options: Any) -> httpx.Response:
    return httpx.post(url, auth=source.for_httpx(), **options)


def _requests_post(url: str, source: TokenSource, **options: Any) -> Any:
    options["data"] = options.pop("content", None)
    return requests.post(url, auth=source.for_requests(), timeout=5, **options)


def _from_loop(url: str, source: TokenSource, **options: Any) -> httpx.Response:
    return anyio.run(lambda: _async_post(url, source, **options))


@pytest.fixture(params=[_sync_post, _from_loop, _requests_post], ids=["sync", "async", "requests"])
def post(request: pytest.FixtureRequest, served: Loopback, source: TokenSource) -> Ask:
    return lambda **options: request.param(f"{served.url}/data", source, **options)


def test_a_token_is_asked_for_with_the_client_credentials_grant(
    world: World, source: TokenSource
) -> None:
    assert source.token() == "token-1"
    assert world.forms == [{"grant_type": ["client_credentials"], "scope": ["a b"]}]
    assert world.basic == ["dev%3A1:sws_very%2Bsecret%2Fvalue"]


def test_without_a_scope_none_is_asked_for(
    world: World, served: Loopback, clock: FrozenClock
) -> None:
    TokenSource(served.url, client_id="d", client_secret="s", clock=clock).token()
    assert world.forms == [{"grant_type": ["client_credentials"]}]


def test_a_token_is_sent_and_used_again(world: World, post: Ask) -> None:
    for _ in range(3):
        assert post(content=b"21.5").status_code == 200
    assert world.seen == ["Bearer token-1"] * 3
    assert world.bodies == [b"21.5"] * 3
    assert len(world.issued) == 1


def test_a_refused_token_is_replaced_once(world: World, post: Ask) -> None:
    post()
    world.refused = {"token-1"}
    answer = post(content=b"21.5")
    assert answer.status_code == 200
    assert answer.json() == {"token": "token-2"}
    assert world.bodies[1:] == [b"21.5", b"21.5"]


def test_a_second_refusal_is_handed_on(world: World, post: Ask) -> None:
    world.refused = {f"token-{number}" for number in range(9)}
    assert post().status_code == 401
    assert len(world.seen) == 2


def test_a_spent_stream_is_not_sent_again(
    world: World, post: Ask, request: pytest.FixtureRequest
) -> None:
    async def async_stream() -> AsyncIterator[bytes]:
        yield b"21.5"

    world.refused = {"token-1"}
    stream = async_stream() if "async" in request.node.name else iter([b"21.5"])
    assert post(content=stream).status_code == 401
    assert world.bodies == [b"21.5"]


def test_a_redirect_to_another_host_gets_no_token(
    world: World, source: TokenSource, served: Loopback
) -> None:
    elsewhere_seen: list[str | None] = []

    def elsewhere(handler: BaseHTTPRequestHandler) -> None:
        elsewhere_seen.append(handler.headers["Authorization"])
        says({}, status=401)(handler)

    with loopback(elsewhere) as other:
        away = f"http://localhost:{other.server.server_port}/"
        world.resource = says({}, status=307, Location=away)  # type: ignore[method-assign]
        url = f"{served.url}/data"
        requests.get(url, auth=source.for_requests(), timeout=5)
        httpx.get(url, auth=source.for_httpx(), follow_redirects=True)
    assert set(elsewhere_seen) == {None}


def test_a_token_is_renewed_before_it_expires(
    world: World, source: TokenSource, clock: FrozenClock
) -> None:
    for seconds, token in ((0, "token-1"), (539, "token-1"), (1, "token-2")):
        clock.advance(seconds=seconds)
        assert source.token() == token


def test_a_short_token_serves_half_its_life_at_least(
    world: World, source: TokenSource, clock: FrozenClock
) -> None:
    world.lifetime = 10
    for seconds, token in ((0, "token-1"), (4, "token-1"), (1, "token-2")):
        clock.advance(seconds=seconds)
        assert source.token() == token


def test_while_the_server_is_away_the_old_token_serves_to_its_end(
    world: World, source: TokenSource, clock: FrozenClock
) -> None:
    source.token()
    world.token_answer = says(b"", status=503)
    clock.advance(seconds=540)
    assert [source.token() for _ in range(5)] == ["token-1"] * 5
    assert len(world.forms) == 2
    clock.advance(seconds=5)
    assert source.token() == "token-1"
    assert len(world.forms) == 3
    clock.advance(seconds=55)
    with pytest.raises(TokenUnavailable):
        source.token()


def test_a_hundred_threads_and_one_fetch(world: World, source: TokenSource) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.1)
        says({"access_token": "slow", "token_type": "bearer", "expires_in": 60})(handler)

    world.token_answer, together = slow, threading.Barrier(100)

    def ask(_: int) -> str:
        together.wait()
        return source.token()

    with ThreadPoolExecutor(100) as pool:
        assert set(pool.map(ask, range(100))) == {"slow"}
    assert len(world.forms) == 1


def test_a_hundred_threads_share_one_failure(world: World, source: TokenSource) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.1)
        says({}, status=500)(handler)

    world.token_answer, together = slow, threading.Barrier(100)

    def ask(_: int) -> bool:
        together.wait()
        with pytest.raises(TokenUnavailable):
            source.token()
        return True

    with ThreadPoolExecutor(100) as pool:
        assert all(pool.map(ask, range(100)))
    assert len(world.forms) == 1


def test_many_threads_that_are_refused_replace_the_token_once(
    world: World, source: TokenSource
) -> None:
    source.token()
    with ThreadPoolExecutor(20) as pool:
        fresh = set(pool.map(lambda _: source.token(instead_of="token-1"), range(20)))
    assert fresh == {"token-2"}
    assert len(world.issued) == 2


def test_a_refusal_is_told_in_the_servers_words(
    world: World, source: TokenSource, clock: FrozenClock
) -> None:
    said = {"error": "invalid_scope", "error_description": "Not granted: b."}
    world.token_answer = says(said, status=400)
    with pytest.raises(TokenRefused, match=r"invalid_scope: Not granted: b\.") as refused:
        source.token()
    assert (refused.value.error, refused.value.description) == tuple(said.values())
    world.token_answer = None
    clock.advance(seconds=1)
    assert source.token() == "token-1"


GOOD = {"access_token": "t", "token_type": "Bearer", "expires_in": 60}


@pytest.mark.parametrize(
    "answer",
    [
        says(b"<html>"),
        says([]),
        says({}),
        says({**GOOD, "access_token": None}),
        says({**GOOD, "token_type": "DPoP"}),
        says({**GOOD, "expires_in": "soon"}),
        says({**GOOD, "expires_in": True}),
        says(GOOD, status=500),
        says({"error": "invalid_client"}, status=500),
        says(b"", status=302, Location="http://127.0.0.1:1/token"),
        says(b"[" * 100_000),
    ],
)
def test_an_answer_without_a_token_is_unavailable(
    answer: Any, world: World, source: TokenSource
) -> None:
    world.token_answer = answer
    with pytest.raises(TokenUnavailable):
        source.token()


def test_the_secret_does_not_follow_a_redirect(world: World, source: TokenSource) -> None:
    with loopback(says(GOOD)) as elsewhere:
        world.token_answer = says(b"", status=307, Location=f"{elsewhere.url}/token")
        with pytest.raises(TokenUnavailable):
            source.token()
        assert elsewhere.requests == []


@pytest.mark.parametrize(("lifetime", "served_after"), [(10**30, True), (-5, False), (0, False)])
def test_an_absurd_lifetime_is_borne(
    lifetime: int, served_after: bool, world: World, source: TokenSource, clock: FrozenClock
) -> None:
    world.lifetime = lifetime
    assert source.token() == "token-1"
    assert source.token() == ("token-1" if served_after else "token-2")


def test_nobody_there_is_unavailable(clock: FrozenClock) -> None:
    with loopback(says({})) as server:
        url = server.url
    with pytest.raises(TokenUnavailable):
        TokenSource(url, client_id="d", client_secret=SECRET, clock=clock).token()


@pytest.mark.parametrize("issuer", ["http://auth.example/w/1", "ftp://127.0.0.1", "auth.example"])
def test_a_secret_is_never_sent_in_the_clear(issuer: str) -> None:
    with pytest.raises(ValueError, match="https"):
        TokenSource(issuer, client_id="d", client_secret=SECRET)


def test_neither_secret_nor_token_is_logged_or_shown(
    world: World, source: TokenSource, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = source.token()
    world.token_answer = says(b"", status=500)
    with pytest.raises(TokenUnavailable) as failed:
        source.token(instead_of=token)
    shown = f"{caplog.text}{source!r}{source._token!r}{failed.value}"
    assert not any(word in shown for word in (SECRET, "sws_very", token))
