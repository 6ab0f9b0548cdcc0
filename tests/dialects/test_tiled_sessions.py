"""Sessions and tokens as Tiled's users look for them, a test a behaviour, over HTTP.

`timed` is a workspace of the test's own on a server whose clock the test moves, with the catalogue
of Tiled's scopes.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from tests.clock import FrozenClock
from tests.dialects.conftest import Site
from tests.dialects.nodes import nodes
from tests.dialects.test_iotman import header
from tests.dialects.test_mindsphere import define, made, refused, scopes_of, unassign
from tests.dialects.test_tiled import USER_MEANS, person, portrait, robot
from tests.people import Forms
from tests.servers import Installation
from tests.visitors import Person, an_address
from tests.worlds import KnownClient, World

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
DAY = 86_400


@pytest.fixture
def timed(frozen_site: Site) -> World:
    """A workspace of the test's own."""
    return frozen_site.first.another(catalogues=["tiled"])


# --- what the tests say often -------------------------------------------------------------------


def app(someone: Person) -> KnownClient:
    """The client at which somebody signs in."""
    return KnownClient(someone.client_id)


def refreshed(world: World, someone: Person, tokens: dict[str, Any]) -> dict[str, Any]:
    return made(world.refresh(app(someone), tokens["refresh_token"]))


def lost(world: World, someone: Person, tokens: dict[str, Any]) -> dict[str, Any]:
    """What is said to a refresh token that is no good."""
    answer = world.refresh(app(someone), tokens["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    return dict(answer.json())


def me(world: World, token: str) -> httpx.Response:
    return world.api(token).get("/principals/me")


def is_good(world: World, token: str) -> bool:
    answer = me(world, token)
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


def sessions(world: World, tokens: dict[str, Any]) -> list[dict[str, Any]]:
    """One's own sessions, as the list of them says."""
    return list(made(world.api(tokens["access_token"]).get("/principals/me/sessions"))["data"])


# --- signing in elsewhere -----------------------------------------------------------------------


def test_059_a_device_is_let_in_from_elsewhere(timed: World, clock: FrozenClock) -> None:
    """A device shows a code, XXXX-XXXX, for fifteen minutes, and waits until a person who is
    signed in has typed it; a wrong code is refused, and the right one works once."""
    someone, device = person(timed), timed.register("device")
    someone.session()

    def begun() -> dict[str, Any]:
        url = timed.metadata["device_authorization_endpoint"]
        return made(timed.http.post(url, data={"client_id": device.id}))

    def polled(told: dict[str, Any]) -> httpx.Response:
        clock.advance(seconds=told["interval"])
        form = {"grant_type": DEVICE_CODE, "client_id": device.id}
        form["device_code"] = told["device_code"]
        return timed.http.post(timed.metadata["token_endpoint"], data=form)

    told, late = begun(), begun()
    assert re.fullmatch(r"[A-Z0-9]{4}-[A-Z0-9]{4}", told["user_code"])
    assert told["expires_in"] == 15 * 60
    assert polled(told).json()["error"] == "authorization_pending"
    assert typed(timed, someone, "ZZZZ-ZZZZ").status_code == 422
    assert polled(told).json()["error"] == "authorization_pending"
    allow(someone, typed(timed, someone, told["user_code"]))
    assert is_good(timed, made(polled(told))["access_token"])
    assert polled(told).json()["error"] == "invalid_grant"
    assert typed(timed, someone, told["user_code"]).status_code == 422
    clock.advance(minutes=15)
    assert polled(late).json()["error"] == "expired_token"
    assert typed(timed, someone, late["user_code"]).status_code == 422


def typed(world: World, someone: Person, code: str) -> httpx.Response:
    """The page after a code was typed on the page for devices."""
    page = someone.browser.get(f"{world.issuer}/device")
    form = Forms(page.text).found[0]
    fields = {**form["fields"], "user_code": code}
    return someone.browser.post(urljoin(str(page.url), form["action"]), data=fields)


def allow(someone: Person, page: httpx.Response) -> None:
    """Press the first button of the question, which allows."""
    form = Forms(page.text).found[0]
    fields = {**form["fields"], **form["buttons"][0]}
    done = someone.browser.post(urljoin(str(page.url), form["action"]), data=fields)
    assert done.status_code == 200, done.text


# --- how long -----------------------------------------------------------------------------------


def test_063_signing_in_tells_how_long_both_tokens_live(timed: World, clock: FrozenClock) -> None:
    """Who signs in gets an access and a refresh token with both lifetimes, in seconds; these and
    the longest life of a session can be set."""

    def lifetimes(tokens: dict[str, Any]) -> tuple[int, int]:
        return tokens["expires_in"], tokens["refresh_token_expires_in"]

    someone = person(timed)
    assert lifetimes(someone.session()) == (3600, 30 * DAY)
    wanted = {"access_lifetime": 900, "refresh_lifetime": 7 * DAY, "session_lifetime": 365 * DAY}
    timed.change(tokens=wanted)
    shown = made(timed.admin.get(timed.address))["tokens"]
    assert shown.items() >= wanted.items()
    tokens = someone.session()
    assert lifetimes(tokens) == (900, 7 * DAY)
    assert lifetimes(refreshed(timed, someone, tokens)) == (900, 7 * DAY)
    clock.advance(seconds=899)
    assert is_good(timed, tokens["access_token"])
    clock.advance(seconds=1)
    assert not is_good(timed, tokens["access_token"])
    for name in wanted:
        answer = timed.admin.patch(timed.address, json={"tokens": {name: 0}})
        assert answer.status_code == 422


def test_064_a_session_goes_on_while_it_is_used_and_not_for_ever(
    timed: World, clock: FrozenClock
) -> None:
    """Each refresh brings a new pair and puts the end off; who stays away too long is refused, and
    so is everybody when the session is as old as it may be."""
    timed.change(tokens={"refresh_lifetime": 600, "session_lifetime": 1500})
    someone, other = person(timed), person(timed)
    first, idle = someone.session(), other.session()
    clock.advance(seconds=500)
    second = refreshed(timed, someone, first)
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    clock.advance(seconds=100)
    lost(timed, other, idle)
    clock.advance(seconds=400)
    third = refreshed(timed, someone, second)
    assert third["refresh_token_expires_in"] == 500
    clock.advance(seconds=499)
    last = refreshed(timed, someone, third)
    assert last["refresh_token_expires_in"] == 1
    clock.advance(seconds=1)
    lost(timed, someone, last)
    refreshed(timed, someone, someone.session())


# --- what goes on -------------------------------------------------------------------------------


def test_065_a_refreshed_token_has_what_is_held_now(timed: World) -> None:
    """The next token of a session has the scopes of the roles that its person has then; the one
    before has its own as long as it lives."""
    address = an_address()
    someone = person(timed, address)
    define(timed, "watcher", "metrics")
    tokens = someone.session()
    made(timed.admin.put(f"/principals/{address}/roles/watcher"))
    assert scopes_of(tokens["access_token"]) == USER_MEANS
    tokens = refreshed(timed, someone, tokens)
    assert scopes_of(tokens["access_token"]) == USER_MEANS | {"metrics"}
    unassign(timed, address, "watcher")
    tokens = refreshed(timed, someone, tokens)
    assert scopes_of(tokens["access_token"]) == USER_MEANS


def test_066_a_session_ends_by_its_refresh_token(timed: World, clock: FrozenClock) -> None:
    """Revoking a refresh token ends its session, access token included; what is said afterwards is
    what an expired or invented one is told."""
    timed.change(tokens={"refresh_lifetime": 600})
    someone = person(timed)
    revoked, expired, kept = someone.session(), someone.session(), someone.session()
    form = {"token": revoked["refresh_token"], "client_id": someone.client_id}
    form["token_type_hint"] = "refresh_token"
    for _ in range(2):
        answer = timed.http.post(timed.metadata["revocation_endpoint"], data=form)
        assert answer.status_code == 200
    said = lost(timed, someone, revoked)
    assert not is_good(timed, revoked["access_token"])
    kept = refreshed(timed, someone, kept)
    clock.advance(seconds=600)
    assert lost(timed, someone, expired) == said
    assert lost(timed, someone, {"refresh_token": "swr_invented"}) == said


def test_067_ones_own_session_is_ended_by_its_id(timed: World) -> None:
    """Everybody ends their own sessions by their ids, and sees nobody else's to end."""
    someone, other = person(timed), person(timed)
    here, there, foreign = someone.session(), someone.session(), other.session()
    mine = timed.api(here["access_token"])
    ids = [one["id"] for one in sessions(timed, here)]
    (stranger,) = (one["id"] for one in sessions(timed, foreign))
    assert len(ids) == 2
    assert stranger not in ids
    assert mine.delete(f"/principals/me/sessions/{ids[1]}").status_code == 204
    lost(timed, someone, there)
    assert not is_good(timed, there["access_token"])
    for id in (ids[1], stranger, "ses_none"):
        refused(mine.delete(f"/principals/me/sessions/{id}"), 404)
    refreshed(timed, other, foreign)
    refreshed(timed, someone, here)


def test_068_everybody_sees_their_sessions(timed: World, clock: FrozenClock) -> None:
    """Whoever asks about themselves is told their sessions: when each expires, and which of them
    have been ended."""
    someone = person(timed)
    here, there = someone.session(), someone.session()
    mine = timed.api(here["access_token"])
    newest = sessions(timed, here)[1]["id"]
    assert mine.delete(f"/principals/me/sessions/{newest}").status_code == 204
    shown = portrait(timed, timed.as_bearer(here["access_token"]))["sessions"]
    assert {one["id"]: one["ended"] for one in shown} == {
        sessions(timed, here)[0]["id"]: False,
        newest: True,
    }
    for one in shown:
        assert datetime.fromisoformat(one["expires_at"]) == clock.now + timedelta(days=30)
        assert (one["ended_at"] is not None) == one["ended"]
    lost(timed, someone, there)


def test_069_a_token_that_is_too_old_is_told_to_be_refreshed(
    timed: World, clock: FrozenClock
) -> None:
    """A token that has expired is refused with the hint to refresh it, here and by a guarded
    service; one that is no good for another reason is not."""
    someone = person(timed)
    tokens = someone.session()
    old = tokens["access_token"]
    clock.advance(hours=1)
    hint = "expired: refresh it."
    with nodes(timed) as service:
        for answer in (
            me(timed, old),
            timed.http.get("/api/whoami", headers=timed.as_bearer(old)),
            timed.http.get("/api/launchpad", headers=timed.as_bearer(old)),
        ):
            assert hint in refused(answer, 401)["detail"]
            assert answer.json()["expired"] is True
            assert 'error="invalid_token"' in answer.headers["www-authenticate"]
            assert hint in answer.headers["www-authenticate"]
        answer = service.get("/search", headers=timed.as_bearer(old))
        assert answer.status_code == 401
        assert hint in answer.headers["www-authenticate"]
        new = refreshed(timed, someone, tokens)["access_token"]
        assert is_good(timed, new)
        body, signature = old.rsplit(".", 1)
        for bad in (f"{body}.{signature[::-1]}", f"{body}.", new.replace(".", "", 1), "x"):
            for answer in (me(timed, bad), service.get("/search", headers=timed.as_bearer(bad))):
                assert answer.status_code == 401
                assert "expired" not in answer.text + answer.headers["www-authenticate"]


def test_070_tokens_outlive_a_rotation_and_a_restart(
    site: Site, installed: Installation, timed: World, clock: FrozenClock
) -> None:
    """After a rotation the new key signs and the old one verifies; a server that is started again
    has the same keys, so tokens of before are good."""
    timed.change(tokens={"access_lifetime": DAY})
    program = robot(timed, "read:data")
    old = timed.access_token(program)
    made(timed.admin.post("/signing-keys/rotate", json={"algorithm": "ES256"}))
    clock.advance(hours=2)
    new = timed.access_token(program)
    assert header(old)["kid"] != header(new)["kid"]
    assert is_good(timed, old)
    assert is_good(timed, new)

    world = site.first.another(catalogues=["tiled"])
    program = robot(world, "read:data")
    before = world.access_token(program)
    installed.servers[-1].stop()
    installed.serve()
    assert is_good(world, before)
    assert header(world.access_token(program))["kid"] == header(before)["kid"]


def test_072_signing_out_ends_the_session_and_takes_the_cookie_back(timed: World) -> None:
    """Who signs out at a client is signed out: its session has ended, its tokens are refused, and
    the browser's cookie is gone."""
    someone = person(timed)
    tokens = someone.session(scope="openid read:data")
    assert "scopewright" in someone.browser.cookies
    query = {"id_token_hint": tokens["id_token"], "client_id": someone.client_id}
    answer = someone.browser.get(timed.metadata["end_session_endpoint"], params=query)
    assert answer.status_code == 200, answer.text
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert "scopewright" not in someone.browser.cookies
    lost(timed, someone, tokens)
    assert not is_good(timed, tokens["access_token"])
    me_page = someone.browser.get(f"{timed.url}/me")
    assert me_page.status_code == 303
