"""The guard: headers in, claims or a refusal out; memory, API keys, the revocation feed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import anyio
import httpx
import pytest

from scopewright.core.errors import Conflict, InvalidToken, NotFound, Unauthenticated
from scopewright.guard import Guard, InsufficientScope, Policy, Unavailable
from scopewright.guard.fake_issuer import FakeIssuer
from scopewright.guard.memory import Memory
from scopewright.guard.refusals import WouldWait
from scopewright.guard.revocations import feed_key
from tests.clock import FrozenClock
from tests.guard import hostile
from tests.guard.loopback import loopback, says

READ = frozenset({"sensor:read"})
FEED = Policy(revocations=timedelta(hours=1))  # polled by the tests themselves


@pytest.fixture
def following(issuer: FakeIssuer) -> Guard:
    return issuer.guard(policy=FEED)


def heard(guard: Guard) -> Guard:
    assert guard.revocations
    guard.revocations.poll()
    return guard


def is_refused(guard: Guard, token: str) -> bool:
    try:
        guard.verify(token)
    except InvalidToken:
        return True
    return False


def test_a_good_credential_with_the_scope_passes(issuer: FakeIssuer) -> None:
    header = f"Bearer {issuer.token('sensor:read', 'sensor:write')}"
    assert issuer.guard().check(header, READ).scopes == {"sensor:read", "sensor:write"}


def test_the_scheme_is_read_in_any_case(issuer: FakeIssuer) -> None:
    assert issuer.guard().check(f"bEARER {issuer.token('sensor:read')}", READ)


@pytest.mark.parametrize("header", [None, ""])
def test_no_header_is_no_credential(header: str | None, issuer: FakeIssuer) -> None:
    with pytest.raises(Unauthenticated):
        issuer.guard().check(header)


def test_a_header_of_another_kind_is_refused(issuer: FakeIssuer) -> None:
    token = issuer.token("sensor:read")
    headers = ["Bearer", "Bearer ", token, f"Basic {token}", f"Bearer  {token}", f"Bearer{token}"]
    twice = f"Bearer {token}, Bearer {token}"
    for header in [*headers, twice, f"Bearer {token} x", f"Bearer {token}é", "Bearer é"]:
        with pytest.raises(InvalidToken):
            issuer.guard().check(header)


def test_a_missing_scope_is_named(issuer: FakeIssuer) -> None:
    with pytest.raises(InsufficientScope) as refused:
        issuer.guard().check(f"Bearer {issuer.token('video:gold')}", READ | {"video:gold"})
    assert refused.value.missing == ("sensor:read",)


def test_a_remembered_token_ends_when_it_expires(issuer: FakeIssuer, clock: FrozenClock) -> None:
    guard, token = issuer.guard(), issuer.token()
    assert guard.verify(token) is guard.verify(token)
    clock.advance(minutes=5)
    with pytest.raises(InvalidToken) as refused:
        guard.verify(token)
    assert refused.value.cause == "expired"


def test_the_memory_is_bounded_and_forgets_the_oldest() -> None:
    memory: Memory[int] = Memory(3)
    for number in range(10):
        memory.keep(b"%d" % number, number)
    assert len(memory) == 3
    assert [memory.get(b"%d" % number) for number in (6, 7, 9)] == [None, 7, 9]


def test_the_memory_holds_no_credential(issuer: FakeIssuer) -> None:
    guard, token = issuer.guard(), issuer.token()
    guard.verify(token)
    assert token not in repr(vars(guard._seen))


def test_every_hostile_token_is_refused_before_and_after_a_good_one(
    issuer: FakeIssuer, clock: FrozenClock
) -> None:
    kid, key = next(iter(issuer.keys.items()))
    jwk = issuer.answer("/jwks", {})["keys"][0]
    claims = {"iss": issuer.issuer, "aud": issuer.audience, "sub": "s", "client_id": "c"}
    now = int(clock().timestamp())
    forge = hostile.Forge(key, kid, {**claims, "jti": "j", "iat": now, "exp": now + 60}, jwk)
    guard = issuer.guard(credential=None)
    for name, token in hostile.tokens(forge):
        assert is_refused(guard, token), name
    assert guard.verify(forge.good())
    assert len(guard._seen) == 1


def test_no_refusal_and_no_log_line_repeats_a_credential(
    issuer: FakeIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    guard = issuer.guard()
    caplog.set_level(logging.DEBUG)
    for token in (issuer.token(aud="other"), "swk_secret_secret", issuer.token()[:-3]):
        with pytest.raises(InvalidToken) as refused:
            guard.check(f"Bearer {token}")
        said = guard.refusal(refused.value)
        everything = f"{said.headers}{said.body!r}{refused.value.cause}{caplog.text}"
        assert not any(part in everything for part in token.split(".") if part)
    assert issuer.credential.partition(":")[2] not in caplog.text


# API keys


@pytest.mark.parametrize("scheme", ["Bearer", "Apikey"])
def test_an_api_key_is_asked_about(scheme: str, issuer: FakeIssuer) -> None:
    key = issuer.api_key("sensor:read", client_id="device-7", jti="key-1")
    claims = issuer.guard().check(f"{scheme} {key}", READ)
    assert (claims.client_id, claims.token_id, claims.scopes) == ("device-7", "key-1", READ)


def test_without_a_credential_of_its_own_the_guard_refuses_api_keys(issuer: FakeIssuer) -> None:
    key = issuer.api_key("sensor:read")
    with pytest.raises(InvalidToken):
        issuer.guard(credential=None).verify(key)
    assert issuer.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        {"active": False},
        {"active": "true"},
        {"active": 1},
        {"token_type": None},
        {"token_type": "refresh_token"},
        {"aud": None},
        {"aud": "another"},
        {"aud": ["another"]},
        {"iss": "https://attacker.example"},
        {"sub": None},
        {"scope": ["sensor:read"]},
        {"exp": 1},
    ],
)
def test_an_answer_that_does_not_vouch_here_is_a_refusal(
    answer: dict[str, Any], issuer: FakeIssuer
) -> None:
    with pytest.raises(InvalidToken):
        issuer.guard().verify(issuer.api_key("sensor:read", **answer))


def test_an_answer_is_believed_for_some_seconds_only(
    issuer: FakeIssuer, clock: FrozenClock
) -> None:
    guard, key = issuer.guard(), issuer.api_key("sensor:read")
    for _ in range(5):
        guard.verify(key)
    assert issuer.requests == ["/introspect"]
    issuer.forget(key)
    clock.advance(seconds=4.9)
    guard.verify(key)
    clock.advance(seconds=0.1)
    for _ in range(5):
        with pytest.raises(InvalidToken):
            guard.verify(key)
    assert issuer.requests == ["/introspect"] * 2


def test_an_answer_is_not_believed_beyond_the_end_of_the_key(
    issuer: FakeIssuer, clock: FrozenClock
) -> None:
    guard = issuer.guard()
    key = issuer.api_key(exp=int(clock().timestamp()) + 2)
    guard.verify(key)
    clock.advance(seconds=2)
    with pytest.raises(InvalidToken):
        guard.verify(key)


def test_believing_nothing_asks_each_time(issuer: FakeIssuer) -> None:
    guard = issuer.guard(policy=Policy(introspection_kept=timedelta(0)))
    key = issuer.api_key("sensor:read")
    assert [guard.verify(key).subject for _ in range(3)] == ["fake-client"] * 3
    assert len(issuer.requests) == 3


def test_answers_cannot_be_believed_for_minutes() -> None:
    with pytest.raises(ValueError, match="too long"):
        Policy(introspection_kept=timedelta(minutes=1))


@pytest.mark.parametrize(
    ("credential", "header"),
    [
        ("swk_1_secret", "Bearer swk_1_secret"),
        ("id:secret", "Basic aWQ6c2VjcmV0"),
        ("i:s:t", "Basic aTpzJTNBdA=="),
    ],
)
def test_the_guard_authenticates_as_key_or_client(
    credential: str, header: str, clock: FrozenClock
) -> None:
    seen: list[str | None] = []

    def respond(handler: Any) -> None:
        seen.append(handler.headers["Authorization"])
        says({"active": True, "sub": "someone", "aud": "aud", "token_type": "Bearer"})(handler)

    with loopback(respond) as served:
        guard = Guard(served.url, "aud", credential=credential, clock=clock)
        assert guard.verify("swk_2_other").subject == "someone"
    assert seen == [header]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 302])
def test_an_issuer_that_does_not_answer_is_unavailable_not_a_refusal(
    status: int, clock: FrozenClock
) -> None:
    with loopback(
        says({"active": True, "sub": "x", "token_type": "Bearer"}, status=status)
    ) as served:
        guard = Guard(served.url, "aud", credential="a:b", clock=clock)
        with pytest.raises(Unavailable):
            guard.verify("swk_1_x")


# The revocation feed


@pytest.mark.parametrize(
    ("kind", "identifier"),
    [("token", "t1"), ("session", "s1"), ("client", "c1"), ("principal", "p1")],
)
def test_what_the_feed_names_is_refused_although_remembered(
    kind: str, identifier: str, issuer: FakeIssuer, following: Guard
) -> None:
    token = issuer.token(jti="t1", sid="s1", client_id="c1", sub="p1")
    other = issuer.token(jti="t2", sid="s2", client_id="c2", sub="p2")
    following.verify(token)
    issuer.revoke(kind, identifier)
    heard(following)
    with pytest.raises(InvalidToken) as refused:
        following.verify(token)
    assert refused.value.cause == "revoked"
    assert following.verify(other)


def test_the_feed_says_hashes_only() -> None:
    assert feed_key("session", "ses_1") == "k72VpjDekJUogM9vAXHWk99AlYIDIV3AreMWYvXd9ds"


def test_what_a_principal_is_given_after_a_revocation_is_good(
    issuer: FakeIssuer, following: Guard, clock: FrozenClock
) -> None:
    issuer.revoke("principal", "p1")
    clock.advance(seconds=1)
    assert heard(following).verify(issuer.token(sub="p1"))


def test_a_revocation_is_kept_as_long_as_the_issuer_says(
    issuer: FakeIssuer, following: Guard, clock: FrozenClock
) -> None:
    token = issuer.token(jti="t1", exp=int(clock().timestamp()) + 3600)
    issuer.revoke("token", "t1")
    for minutes in (0, 4):
        clock.advance(minutes=minutes)
        with pytest.raises(InvalidToken):
            heard(following).verify(token)
    clock.advance(minutes=1)
    assert heard(following).revocations
    assert following.revocations._revoked == {}  # type: ignore[union-attr]


def test_the_feed_is_resumed_where_it_was_left_after_an_outage(
    issuer: FakeIssuer, clock: FrozenClock
) -> None:
    with loopback(says({"data": [], "version": 7})) as served:
        guard = Guard(served.url, "aud", policy=FEED, clock=clock)
        feed = heard(guard).revocations
        assert feed
        served.respond = says(b"", status=500)
        with pytest.raises(Unavailable):
            feed.poll()
        times = {"at": "2026-01-01T00:00:00Z", "forget_at": 4_000_000_000}
        entry = {"kind": "token", "key": feed_key("token", "t1"), **times}
        served.respond = says({"data": [entry], "version": 8})
        feed.poll()
        assert feed.version == 8
        assert served.requests == [f"/revocations?after={n}" for n in (0, 7, 7, 8)]
        assert feed.includes((feed_key("token", "t1"), ()), clock())


def test_a_feed_that_went_back_is_read_from_its_beginning(clock: FrozenClock) -> None:
    with loopback(says({"data": [], "version": 7})) as served:
        feed = heard(Guard(served.url, "aud", policy=FEED, clock=clock)).revocations
        assert feed
        served.respond = says({"data": [], "version": 3})
        feed.poll()
        assert served.requests[1:] == ["/revocations?after=7", "/revocations?after=0"]
        assert feed.version == 3


def test_a_feed_that_tells_a_bounded_number_at_once_is_read_to_its_end(clock: FrozenClock) -> None:
    times = {"at": 1_767_225_600, "forget_at": 4_000_000_000}
    data = [{"kind": "token", "key": feed_key("token", f"{n}"), **times} for n in range(1, 6)]

    def bounded(handler: BaseHTTPRequestHandler) -> None:
        after = int(handler.path.rpartition("=")[2])
        told = data[after : after + 2]
        says({"data": told, "version": after + len(told)})(handler)

    with loopback(bounded) as served:
        feed = heard(Guard(served.url, "aud", policy=FEED, clock=clock)).revocations
        assert feed
        assert all(feed.includes((feed_key("token", f"{n}"), ()), clock()) for n in range(1, 6))


def test_a_feed_of_many_thousands_is_read_whole(clock: FrozenClock) -> None:
    times = {"at": 1_767_225_600, "forget_at": 4_000_000_000}
    data = [{"kind": "token", "key": feed_key("token", f"{n}"), **times} for n in range(20_000)]
    with loopback(says({"data": data, "version": len(data)})) as served:
        feed = heard(Guard(served.url, "aud", policy=FEED, clock=clock)).revocations
        assert feed
        assert len(feed._revoked) == 20_000


LATER = "2026-02-01T00:00:00Z"


@pytest.mark.parametrize(
    "lie",
    [
        {},
        {"data": []},
        {"data": [], "version": "7"},
        {"data": [], "version": True},
        {"data": {}, "version": "x"},
        {"data": [1], "version": 1},
        {"data": [{"key": "k"}], "version": 1},
        {"data": [{"key": "k", "at": "2026-01-01T00:00:00", "forget_at": LATER}], "version": 1},
        {"data": [{"key": "k", "at": LATER, "forget_at": 10**30}], "version": 1},
        {"data": [{"key": "k", "at": LATER, "forget_at": None}], "version": 1},
        {"data": [{"key": ["k"], "at": LATER, "forget_at": LATER}], "version": 1},
        [],
        b"<html>",
    ],
)
def test_a_lying_feed_changes_nothing(lie: Any, clock: FrozenClock) -> None:
    with loopback(says(lie)) as served:
        feed = Guard(served.url, "aud", policy=FEED, clock=clock).revocations
        assert feed
        with pytest.raises(Unavailable):
            feed.poll()
        assert (feed.version, feed.heard_at, feed._revoked) == (0, None, {})


def test_nobody_passes_before_the_feed_was_asked_once(issuer: FakeIssuer) -> None:
    token = issuer.token(jti="t1")
    issuer.revoke("token", "t1")
    guard, together = issuer.guard(policy=FEED), threading.Barrier(20)

    def refused(_: int) -> bool:
        together.wait()
        with pytest.raises(InvalidToken):
            guard.verify(token)
        return True

    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(refused, range(20)))
    assert issuer.requests.count("/revocations") == 2  # what there is, and that there is no more


def test_a_task_leaves_the_event_loop_for_the_first_question(issuer: FakeIssuer) -> None:
    guard = issuer.guard(policy=FEED)
    for header in (f"Bearer {issuer.token()}", f"Bearer {issuer.api_key()}"):
        with pytest.raises(WouldWait):
            guard.check(header, may_wait=False)
        assert anyio.run(guard.check_async, header).subject == "fake-client"
        assert guard.check(header, may_wait=False)


def test_a_feed_that_is_away_from_the_start_is_borne_or_not(
    issuer: FakeIssuer, clock: FrozenClock
) -> None:
    keys = issuer.answer("/jwks", {})

    def respond(handler: Any) -> None:
        says(keys, status=200 if handler.path == "/jwks" else 500)(handler)

    with loopback(respond) as served:
        token = issuer.token(iss=served.url)
        strict = replace(FEED, revocations_limit=timedelta(minutes=1))
        assert Guard(served.url, issuer.audience, policy=FEED, clock=clock).verify(token)
        with pytest.raises(Unavailable):
            Guard(served.url, issuer.audience, policy=strict, clock=clock).verify(token)


def test_an_error_that_is_no_refusal_is_not_answered_as_one(issuer: FakeIssuer) -> None:
    with pytest.raises(Conflict):
        issuer.guard().refusal(Conflict("The name is taken.", conflict="name"))


def test_what_may_not_be_seen_is_not_there(issuer: FakeIssuer) -> None:
    refusal = issuer.guard().refusal(NotFound("It is not there."))
    assert (refusal.status, "WWW-Authenticate" in refusal.headers) == (404, False)


def test_a_client_of_ones_own_is_left_open(issuer: FakeIssuer) -> None:
    with httpx.Client() as http:
        guard = issuer.guard(policy=Policy(http=http))
        guard.verify(issuer.token())
        guard.close()
        assert not http.is_closed


def test_the_feed_is_polled_by_itself(issuer: FakeIssuer) -> None:
    guard = issuer.guard(policy=Policy(revocations=timedelta(milliseconds=5)))
    token = issuer.token(jti="t1")
    guard.verify(token)
    issuer.revoke("token", "t1")
    polled = len(issuer.requests)
    while len(issuer.requests) < polled + 3:
        threading.Event().wait(0.005)
    with pytest.raises(InvalidToken):
        guard.verify(token)


def test_with_a_limit_a_silent_feed_is_unavailable(clock: FrozenClock) -> None:
    with FakeIssuer(clock=clock) as issuer:
        limit = timedelta(minutes=1)
        policy = Policy(revocations=timedelta(hours=1), revocations_limit=limit)
        guard = issuer.guard(policy=policy)
        guard.verify(issuer.token())
        clock.advance(seconds=60)
        guard.verify(issuer.token())
        clock.advance(seconds=1)
        with pytest.raises(Unavailable):
            guard.verify(issuer.token())
        assert heard(guard).verify(issuer.token())


def test_without_a_limit_a_silent_feed_is_borne(issuer: FakeIssuer, clock: FrozenClock) -> None:
    guard = issuer.guard(policy=FEED)
    guard.verify(issuer.token())
    clock.advance(minutes=9)
    assert guard.verify(issuer.token())


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    assert threading.active_count() < 100
