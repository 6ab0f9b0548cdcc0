"""RFC 9470: a route may ask for a sign-in that is fresh, or strong enough, and says which."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from scopewright.guard import Guard, InsufficientAuthentication
from scopewright.guard.fake_issuer import FakeIssuer
from scopewright.guard.starlette import protected
from scopewright.guard.step_up import StepUp
from tests.clock import FrozenClock
from tests.guard.applications import TestClient

READ = "sensor:read"
STRONG = ("urn:example:silver", "urn:example:gold")


def meets(needed: StepUp, clock: FrozenClock, **claims: Any) -> bool:
    try:
        needed.check(claims, now=clock())
    except InsufficientAuthentication:
        return False
    return True


def test_an_authentication_is_fresh_for_so_many_seconds(clock: FrozenClock) -> None:
    needed, moment = StepUp(max_age=60), int(clock().timestamp())
    for age, is_fresh in ((0, True), (60, True), (61, False), (10**6, False)):
        assert meets(needed, clock, auth_time=moment - age) is is_fresh
    assert meets(StepUp(max_age=0), clock, auth_time=moment)


@pytest.mark.parametrize("auth_time", [None, "1767225600", True, [], {}])
def test_who_never_authenticated_is_never_fresh(auth_time: Any, clock: FrozenClock) -> None:
    assert not meets(StepUp(max_age=60), clock)
    assert not meets(StepUp(max_age=60), clock, auth_time=auth_time)


def test_any_of_the_named_contexts_is_enough_and_no_other(clock: FrozenClock) -> None:
    needed = StepUp(acr_values=STRONG)
    assert all(meets(needed, clock, acr=one) for one in STRONG)
    for acr in ("urn:example:bronze", "", None, list(STRONG), " ".join(STRONG)):
        assert not meets(needed, clock, acr=acr)
    assert not meets(needed, clock)


def test_where_both_are_asked_for_both_are_needed(clock: FrozenClock) -> None:
    needed, moment = StepUp(60, STRONG), int(clock().timestamp())
    assert meets(needed, clock, acr=STRONG[0], auth_time=moment)
    assert not meets(needed, clock, acr=STRONG[0], auth_time=moment - 61)
    assert not meets(needed, clock, acr="other", auth_time=moment)


def fastapi_client(guard: Guard) -> TestClient:
    app = FastAPI()
    fresh = Depends(guard.requires(READ, max_age=60))
    strong = Depends(guard.requires(READ, acr_values=STRONG))

    @app.get("/fresh", dependencies=[fresh])
    @app.get("/strong", dependencies=[strong])
    def readings() -> str:
        return "read"

    return TestClient(app)


def starlette_client(guard: Guard) -> TestClient:
    @protected(guard, READ, max_age=60)
    async def fresh(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("read")

    @protected(guard, READ, acr_values=STRONG)
    def strong(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("read")

    return TestClient(Starlette(routes=[Route("/fresh", fresh), Route("/strong", strong)]))


@pytest.fixture(params=[fastapi_client, starlette_client])
def client(request: pytest.FixtureRequest, issuer: FakeIssuer) -> TestClient:
    made: TestClient = request.param(issuer.guard(resource="https://sensors.example"))
    return made


def test_a_route_refuses_a_stale_sign_in_and_says_what_to_ask_for(
    client: TestClient, issuer: FakeIssuer, clock: FrozenClock
) -> None:
    moment = int(clock().timestamp())
    assert client.get("/fresh", headers=issuer.headers(READ, auth_time=moment)).status_code == 200
    answer = client.get("/fresh", headers=issuer.headers(READ, auth_time=moment - 61))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer error="insufficient_user_authentication", error_description="This needs another'
        ' authentication.", max_age="60", resource_metadata='
        '"https://sensors.example/.well-known/oauth-protected-resource"'
    )


def test_a_route_refuses_a_weak_sign_in_and_says_what_to_ask_for(
    client: TestClient, issuer: FakeIssuer
) -> None:
    assert client.get("/strong", headers=issuer.headers(READ, acr=STRONG[1])).status_code == 200
    answer = client.get("/strong", headers=issuer.headers(READ))
    assert answer.status_code == 401
    said = answer.headers["WWW-Authenticate"]
    assert f'acr_values="{" ".join(STRONG)}"' in said
    assert "max_age" not in said


def test_a_missing_scope_is_said_before_a_stale_sign_in(
    client: TestClient, issuer: FakeIssuer
) -> None:
    assert client.get("/fresh", headers=issuer.headers()).status_code == 403


def test_under_dpop_it_is_said_in_the_words_of_dpop(client: TestClient, issuer: FakeIssuer) -> None:
    headers = issuer.dpop_headers("GET", "https://sensors.example/fresh", READ)
    said = client.get("/fresh", headers=headers).headers["WWW-Authenticate"]
    assert said.startswith('DPoP error="insufficient_user_authentication"')
