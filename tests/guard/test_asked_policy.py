"""The policy that asks: its cache, and what becomes of every answer that is none."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import pytest

from scopewright.core.access_policies import SEEING, Asker, anonymous
from scopewright.core.errors import Forbidden, Invalid
from scopewright.core.scopes import NONE
from scopewright.core.visibility import EVERYTHING, NOTHING, any_of_tags
from scopewright.guard import AskedPolicy, access_policy
from tests.clock import FrozenClock
from tests.guard.loopback import Loopback, loopback, says

READ = frozenset({SEEING, "read:data"})
ANN = Asker("ann", scopes=READ, id="id-of-ann")
TAGS = frozenset({"t"})
JUNK: list[Any] = [
    b"", b"{", b"[]", b"null", {}, {"result": None}, {"result": "read:data"}, {"result": [1]},
    {"result": {"read:data": True}}, {"result": "true"}, {"result": 1},
    {"result": ["read:data", None]},
]  # fmt: skip


@pytest.fixture
def point() -> Iterator[Loopback]:
    with loopback(says({"result": ["read:data", SEEING]})) as served:
        yield served


@pytest.fixture
def policy(point: Loopback, clock: FrozenClock) -> Iterator[AskedPolicy]:
    asked = AskedPolicy(point.url, credential="swk_x", timeout=0.5, clock=clock)
    yield asked
    asked.close()


def test_the_question_says_who_asks_and_what_narrows_their_credential(
    point: Loopback, policy: AskedPolicy
) -> None:
    seen: list[tuple[str, dict[str, Any], str | None]] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers["Content-Length"])
        asked = json.loads(handler.rfile.read(length))["input"]
        seen.append((handler.path, asked, handler.headers["Authorization"]))
        says({"result": sorted(READ)})(handler)

    point.respond = respond
    assert policy.allowed(ANN, "A", TAGS) == READ
    robot = Asker("r", is_service=True, scopes=READ, only_tags=frozenset({"b", "a"}))
    policy.allowed(robot, "A")
    policy.visible(anonymous(admitted=True), NONE)
    (path, of_ann, credential), (_, of_robot, _), (tags_path, of_nobody, _) = seen
    assert (path, tags_path, credential) == ("/pdp/scopes", "/pdp/tags", "Bearer swk_x")
    assert of_ann == {
        "subject": {"type": "user", "id": "id-of-ann"}, "scopes": sorted(READ),
        "only_tags": None, "tags": ["t"],
    }  # fmt: skip
    assert of_robot["subject"] == {"type": "service", "id": "r"}
    assert (of_robot["only_tags"], of_robot["tags"]) == (["a", "b"], [])
    assert of_nobody["subject"] is None


def test_an_answer_is_believed_for_a_few_seconds_and_then_asked_for_again(
    point: Loopback, policy: AskedPolicy, clock: FrozenClock
) -> None:
    assert policy.allowed(ANN, "A", TAGS) == READ
    point.respond = says({"result": []})
    clock.advance(seconds=4.9)
    assert policy.allowed(ANN, "B", TAGS) == READ
    assert len(point.requests) == 1
    assert policy.allowed(ANN, "A", TAGS | {"u"}) == NONE, "another question is asked for itself"
    clock.advance(seconds=0.1)
    assert policy.allowed(ANN, "A", TAGS) == NONE


@pytest.mark.parametrize("answer", JUNK, ids=repr)
def test_junk_lets_nobody_do_anything(point: Loopback, policy: AskedPolicy, answer: Any) -> None:
    point.respond = says(answer)
    assert policy.allowed(ANN, "A", TAGS) == NONE
    assert policy.visible(ANN, NONE) == NOTHING
    with pytest.raises(Forbidden, match="cannot be decided now"):
        policy.tags_of_new(ANN, TAGS)
    with pytest.raises(Forbidden):
        policy.retagged(ANN, before=TAGS, after=TAGS | {"u"})


@pytest.mark.parametrize("status", [204, 302, 400, 401, 403, 404, 500, 503])
def test_any_other_status_lets_nobody_do_anything(
    point: Loopback, policy: AskedPolicy, status: int
) -> None:
    point.respond = says({"result": sorted(READ)}, status, Location="/elsewhere")
    assert policy.allowed(ANN, "A", TAGS) == NONE


def test_silence_and_slowness_let_nobody_do_anything_and_do_not_last(
    point: Loopback, policy: AskedPolicy, clock: FrozenClock
) -> None:
    def slowly(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(1)

    point.respond = slowly
    assert policy.allowed(ANN, "A", TAGS) == NONE
    point.respond = says({"result": sorted(READ)})
    assert policy.allowed(ANN, "A", TAGS) == NONE
    assert len(point.requests) == 1, "who has just not answered is left in peace"
    clock.advance(seconds=1)
    assert policy.allowed(ANN, "A", TAGS) == READ
    away = AskedPolicy("http://127.0.0.1:9", credential="x", clock=clock)
    assert away.allowed(ANN, "A", TAGS) == NONE
    away.close()


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        ({"all_of": [["a", "b"]]}, any_of_tags(frozenset("ab"))),
        ({"all_of": [["a"], ["b"]]}, any_of_tags(frozenset("a"), frozenset("b"))),
        ({"all_of": [], "everything": True}, EVERYTHING),
        ({"all_of": [], "everything": False}, NOTHING),
        ({"all_of": [], "everything": 1}, NOTHING),
        ({"all_of": [[]]}, any_of_tags(frozenset())),
        ({"all_of": [["a"], None]}, any_of_tags(frozenset("a"), frozenset())),
        ({"result": ["a"]}, NOTHING),
    ],
)
def test_a_filter_is_what_the_answer_says_and_never_more(
    point: Loopback, policy: AskedPolicy, answer: dict[str, Any], seen: Any
) -> None:
    point.respond = says(answer)
    found = policy.visible(ANN, frozenset({"read:data"}))
    assert found == seen
    assert found.is_everything is (seen is EVERYTHING)


def test_no_answer_gives_what_the_credential_has_not(point: Loopback, policy: AskedPolicy) -> None:
    point.respond = says({"result": ["read:data", SEEING, "write:data"], "everything": True})
    assert policy.allowed(ANN, "A", TAGS) == READ
    assert policy.visible(ANN, frozenset({"write:data"})) == NOTHING
    assert len(point.requests) == 1, "what it lacks need not be asked for"
    restricted = Asker("ann", scopes=READ, only_tags=TAGS)
    assert not policy.visible(restricted, NONE).is_everything


def test_it_is_configured_like_any_policy(point: Loopback) -> None:
    args = {"issuer": point.url, "credential": "swk_x", "kept": 0, "timeout": 1}
    for kind in (
        "tiled.access_control:ExternalPolicyDecisionPoint",
        "scopewright.guard:AskedPolicy",
    ):
        made = access_policy({"access_policy": kind, "args": args})
        assert made.allowed(ANN, "A", TAGS) == READ
        assert made.allowed(ANN, "A", TAGS) == READ
    assert len(point.requests) == 4


@pytest.mark.parametrize(
    ("args", "place"),
    [
        ({}, "args.issuer"),
        ({"issuer": "http://auth.example", "credential": "x"}, "args.issuer: an issuer is https"),
        ({"issuer": "https://auth.example"}, "args.credential"),
        ({"issuer": "https://auth.example", "credential": ""}, "args.credential"),
        ({"issuer": "https://auth.example", "credential": "x", "kept": 61}, "args.kept"),
        ({"issuer": "https://auth.example", "credential": "x", "timeout": "1"}, "args.timeout"),
        ({"issuer": "https://auth.example", "credential": "x", "timeout": True}, "args.timeout"),
        ({"isuer": "https://auth.example"}, "did you mean issuer"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(args: dict[str, Any], place: str) -> None:
    with pytest.raises(Invalid, match=place):
        access_policy({"access_policy": "x:AskedPolicy", "args": args})


def test_a_client_of_ones_own_is_left_open(point: Loopback, clock: FrozenClock) -> None:
    with httpx.Client() as http:
        asked = AskedPolicy(point.url, credential="x", http=http, kept=timedelta(0), clock=clock)
        asked.close()
        assert asked.allowed(ANN, "A", TAGS) == READ


def test_what_may_be_tagged_is_answered_with_the_tags_that_there_are_then(
    point: Loopback, policy: AskedPolicy
) -> None:
    point.respond = says({"result": True, "tags": ["user:ann"]})
    assert policy.tags_of_new(ANN) == policy.retagged(ANN, before=None, after=TAGS) == {"user:ann"}
    assert policy.retagged(ANN, before=TAGS, after=TAGS | {"u"}) == {"user:ann"}
    assert point.requests == ["/pdp/allow", "/pdp/allow", "/pdp/modify"]
    point.respond = says({"result": False, "reason": "The tag u is not yours."})
    with pytest.raises(Forbidden, match="is not yours"):
        policy.tags_of_new(ANN, frozenset({"u"}))
