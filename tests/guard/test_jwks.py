"""The issuer's keys over real HTTP: rotation, outages, slow and lying servers, many threads."""

from __future__ import annotations

import gzip
import json
import threading
import time
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import anyio
import pytest

from scopewright.core.errors import InvalidToken
from scopewright.guard import Guard, Policy, Unavailable
from scopewright.guard.fake_issuer import FakeIssuer, sign
from scopewright.guard.jwks import fresh_for
from scopewright.guard.refusals import WouldWait
from tests.clock import FrozenClock
from tests.guard.loopback import Loopback, Respond, loopback, says

AUDIENCE = FakeIssuer.audience


def guard_of(served: Loopback, clock: FrozenClock, **policy: Any) -> Guard:
    return Guard(served.url, AUDIENCE, clock=clock, policy=Policy(timeout=0.4, **policy))


def jwks(issuer: FakeIssuer) -> Any:
    return issuer.answer("/jwks", {})


def test_keys_are_fetched_once_for_many_tokens(issuer: FakeIssuer) -> None:
    guard = issuer.guard()
    for _ in range(5):
        guard.verify(issuer.token())
    assert issuer.requests == ["/jwks"]


def test_a_hundred_threads_and_one_fetch(issuer: FakeIssuer, clock: FrozenClock) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.1)
        says(jwks(issuer))(handler)

    with loopback(slow) as served:
        guard, together = guard_of(served, clock), threading.Barrier(100)

        def check(token: str) -> str:
            together.wait()
            return guard.verify(token).subject

        tokens = [issuer.token(iss=served.url) for _ in range(100)]
        with ThreadPoolExecutor(100) as pool:
            assert set(pool.map(check, tokens)) == {"fake-client"}
        assert served.requests == ["/jwks"]


def test_a_hundred_tasks_and_one_fetch_while_the_loop_goes_on(
    issuer: FakeIssuer, clock: FrozenClock
) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.2)
        says(jwks(issuer))(handler)

    async def everybody(guard: Guard, url: str) -> int:
        turns = 0
        async with anyio.create_task_group() as tasks:
            for _ in range(100):
                tasks.start_soon(guard.check_async, f"Bearer {issuer.token(iss=url)}")
            while not guard._seen:
                await anyio.sleep(0.001)
                turns += 1
        return turns

    with loopback(slow) as served:
        assert anyio.run(everybody, guard_of(served, clock), served.url) > 20
        assert served.requests == ["/jwks"]


def test_a_new_key_is_fetched_when_a_token_names_it(issuer: FakeIssuer, clock: FrozenClock) -> None:
    guard = issuer.guard()
    guard.verify(issuer.token())
    issuer.rotate()
    clock.advance(seconds=10)
    assert guard.verify(issuer.token()).subject == "fake-client"
    assert issuer.requests == ["/jwks", "/jwks"]


def test_invented_key_names_cannot_hammer_the_issuer(
    issuer: FakeIssuer, clock: FrozenClock
) -> None:
    guard, good = issuer.guard(), issuer.token()
    key = next(iter(issuer.keys.values()))
    claims = json.loads(b64decode(good.split(".")[1] + "=="))
    for number in range(60):
        invented = sign(claims, {"typ": "at+jwt", "alg": "ES256", "kid": f"k{number}"}, key)
        with pytest.raises(InvalidToken):
            guard.verify(invented)
        clock.advance(seconds=10 if number % 20 == 19 else 0)
    assert len(issuer.requests) == 3
    assert guard.verify(good)


def test_a_key_taken_out_of_the_set_ends_remembered_tokens_too(
    issuer: FakeIssuer, clock: FrozenClock
) -> None:
    guard = issuer.guard()
    token = issuer.token(exp=int(clock().timestamp()) + 7200)
    guard.verify(token)
    issuer.rotate(forget=True)
    clock.advance(minutes=10)
    with pytest.raises(InvalidToken) as refused:
        guard.verify(token)
    assert refused.value.cause == "kid"


def test_known_keys_serve_through_an_outage_but_not_for_ever(
    issuer: FakeIssuer, clock: FrozenClock
) -> None:
    with loopback(says(jwks(issuer))) as served:
        guard = guard_of(served, clock, keys_stale=timedelta(hours=6))
        guard.verify(issuer.token(iss=served.url))
        served.respond = says(b"oops", status=500)
        clock.advance(hours=6, minutes=9)
        assert guard.verify(issuer.token(iss=served.url))
        clock.advance(minutes=1)
        with pytest.raises(Unavailable):
            guard.verify(issuer.token(iss=served.url))
        served.respond = says(jwks(issuer))
        clock.advance(seconds=10)
        assert guard.verify(issuer.token(iss=served.url))


def test_keys_that_have_not_changed_keep_what_was_verified(
    issuer: FakeIssuer, clock: FrozenClock
) -> None:
    guard = issuer.guard()
    token = issuer.token(exp=int(clock().timestamp()) + 7200)
    before = guard.verify(token)
    clock.advance(hours=1)
    assert guard.verify(token) is before
    assert issuer.requests == ["/jwks"] * 2


def test_the_event_loop_is_not_left_again_during_an_outage(
    issuer: FakeIssuer, clock: FrozenClock
) -> None:
    with loopback(says(jwks(issuer))) as served:
        guard = guard_of(served, clock)
        token = issuer.token(iss=served.url, exp=int(clock().timestamp()) + 7200)
        guard.verify(token)
        served.respond = says(b"", status=500)
        clock.advance(hours=1)
        with pytest.raises(WouldWait):
            guard.verify(token, may_wait=False)
        guard.verify(token)
        assert guard.verify(token, may_wait=False)


def test_while_one_thread_fetches_stale_keys_the_others_go_on(
    issuer: FakeIssuer, clock: FrozenClock
) -> None:
    fetching, go_on = threading.Event(), threading.Event()

    def waits(handler: BaseHTTPRequestHandler) -> None:
        fetching.set()
        go_on.wait(2)
        says(jwks(issuer))(handler)

    with loopback(says(jwks(issuer))) as served, ThreadPoolExecutor(1) as pool:
        guard = Guard(served.url, AUDIENCE, clock=clock)
        token = issuer.token(iss=served.url, exp=int(clock().timestamp()) + 7200)
        guard.verify(token)
        served.respond = waits
        clock.advance(hours=1)
        fetcher = pool.submit(guard.verify, token)
        assert fetching.wait(2)
        assert guard.verify(token)
        assert not fetcher.done()
        go_on.set()
        assert fetcher.result()


def test_a_task_leaves_the_event_loop_to_look_for_a_new_key(
    issuer: FakeIssuer, clock: FrozenClock
) -> None:
    guard = issuer.guard()
    guard.verify(issuer.token())
    issuer.rotate()
    clock.advance(seconds=10)
    header = f"Bearer {issuer.token()}"
    with pytest.raises(WouldWait):
        guard.check(header, may_wait=False)
    assert anyio.run(guard.check_async, header).subject == "fake-client"


def test_an_outage_at_the_start_is_unavailable_and_asked_again_after_a_pause(
    issuer: FakeIssuer, clock: FrozenClock
) -> None:
    with loopback(says(b"", status=503)) as served:
        guard = guard_of(served, clock)
        for _ in range(10):
            with pytest.raises(Unavailable):
                guard.verify(issuer.token(iss=served.url))
        assert len(served.requests) == 1
        served.respond = says(jwks(issuer))
        clock.advance(seconds=10)
        assert guard.verify(issuer.token(iss=served.url))


def test_nobody_there_is_unavailable(clock: FrozenClock) -> None:
    with loopback(says({})) as served:
        url = served.url
    with pytest.raises(Unavailable):
        Guard(url, AUDIENCE, clock=clock).verify("a.b.c")


def hangs(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(1.5)


def drips(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(15):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


LIES: dict[str, Respond] = {
    "html": says(b"<html>maintenance</html>", Content_Type="text/html"),
    "empty": says(b""),
    "a list": says([]),
    "no keys": says({"keys": []}),
    "null": says(None),
    "only secrets": says({"keys": [{"kty": "oct", "kid": "a", "k": "c2VjcmV0"}]}),
    "deep": says(b'{"keys":' + b"[" * 100_000),
    "invalid UTF-8": says(b'{"keys": "\xff"}'),
    "huge": says(b'{"keys": [], "x": "' + b"x" * 2**21 + b'"}'),
    "a gzip bomb": says(gzip.compress(b" " * 2**24), Content_Encoding="gzip"),
    "a redirect": says({}, status=302, Location="http://127.0.0.1:1/jwks"),
    "no content": says(b"", status=204),
    "unauthorized": says({}, status=401),
    "hanging": hangs,
    "dripping": drips,
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_or_slow_key_server_never_replaces_good_keys(
    lie: str, issuer: FakeIssuer, clock: FrozenClock
) -> None:
    with loopback(LIES[lie]) as served:
        guard = guard_of(served, clock)
        began = time.monotonic()
        with pytest.raises(Unavailable):
            guard.verify(issuer.token(iss=served.url))
        assert time.monotonic() - began < 1.2
        clock.advance(seconds=10)
        served.respond = says(jwks(issuer))
        guard.verify(issuer.token(iss=served.url))
        clock.advance(hours=1)
        served.respond = LIES[lie]
        assert guard.verify(issuer.token(iss=served.url))


def test_even_good_keys_are_not_read_from_a_huge_or_compressed_answer(
    issuer: FakeIssuer, clock: FrozenClock
) -> None:
    huge = says({**jwks(issuer), "x": "x" * 2**21})
    packed = gzip.compress(json.dumps(jwks(issuer)).encode())
    for respond in (huge, says(packed, Content_Encoding="gzip")):
        with loopback(respond) as served, pytest.raises(Unavailable):
            guard_of(served, clock).verify(issuer.token(iss=served.url))


def test_answers_are_asked_for_uncompressed(issuer: FakeIssuer, clock: FrozenClock) -> None:
    asked: list[str] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.headers["Accept-Encoding"])
        says(jwks(issuer))(handler)

    with loopback(respond) as served:
        guard_of(served, clock).verify(issuer.token(iss=served.url))
    assert asked == ["identity"]


def test_a_redirect_is_not_followed(issuer: FakeIssuer, clock: FrozenClock) -> None:
    with loopback(says(jwks(issuer))) as elsewhere:
        away = says({}, status=302, Location=f"{elsewhere.url}/jwks")
        with loopback(away) as served, pytest.raises(Unavailable):
            guard_of(served, clock).verify(issuer.token(iss=served.url))
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("header", "minutes"),
    [
        ("", 10),
        ("max-age=1800", 30),
        ("public, max-age=1", 1),
        ("max-age=999999999", 60),
        ("no-store", 1),
        ("no-cache, max-age=3600", 1),
        ("s-maxage=1800", 10),
        ("max-age=soon", 10),
    ],
)
def test_cache_control_is_respected_within_bounds(header: str, minutes: int) -> None:
    assert fresh_for(header) == timedelta(minutes=minutes)


def test_fresh_keys_are_not_asked_for_and_stale_ones_are(
    issuer: FakeIssuer, clock: FrozenClock
) -> None:
    with loopback(says(jwks(issuer), Cache_Control="max-age=120")) as served:
        guard = guard_of(served, clock)
        for seconds, fetches in ((0, 1), (119, 1), (1, 2), (119, 2)):
            clock.advance(seconds=seconds)
            guard.verify(issuer.token(iss=served.url))
            assert len(served.requests) == fetches


@pytest.mark.parametrize(
    "issuer_url",
    [
        "http://auth.example/w/1",
        "ftp://127.0.0.1/w/1",
        "http://127.0.0.1.example/w/1",
        "https://auth.example/w/1/",
        "https://auth.example/w/1?a=b",
        "https://auth.example/w/1#a",
        "auth.example",
    ],
)
def test_an_issuer_that_could_be_impersonated_is_refused(issuer_url: str) -> None:
    with pytest.raises(ValueError, match="issuer"):
        Guard(issuer_url, AUDIENCE)


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "[::1]:8080", "localhost"])
def test_plain_http_is_for_the_loopback_interface(host: str) -> None:
    assert Guard(f"http://{host}/w/1", AUDIENCE)
