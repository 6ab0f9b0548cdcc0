"""The real Tiled with our authenticator in place of its own: our keys and tokens, and nothing else.

The number in a test's name is the behaviour's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.peers.keys import Key, a_key, revoke
from tests.peers.test_real_tiled import through
from tests.peers.tiled import FORGETFUL, Tiled, serving
from tests.ports import free_port
from tests.proofs import ProofKey
from tests.visitors import an_address
from tests.worlds import World

READ = ("read:metadata", "read:data")
KEPT_SECONDS = 1
SLACK_SECONDS = 1  # for the requests themselves, on a busy machine
A = "/array/full/A?format=application/json"


@pytest.fixture(scope="module")
def asking(world: World) -> Key:
    """What Tiled asks us with."""
    return a_key(world, world.device().id)


@pytest.fixture(scope="module")
def tiled(world: World, asking: Key, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiled]:
    port = free_port()
    root = f"http://127.0.0.1:{port}/api/v1/auth/provider/ours"
    web = world.server_app(
        name="tiled",
        redirect_uris=[f"{root}/code", f"{root}/device_code"],
        require_pkce=False,
        allow_both_auth_methods=True,
    )
    arguments = {
        "audience": world.id,
        "client_id": web.id,
        "client_secret": web.secret,
        "device_flow_client_id": world.register("device", name="tiled-cli").id,
        "well_known_uri": f"{world.issuer}/.well-known/openid-configuration",
        "kept": KEPT_SECONDS,
    }
    authenticator = "scopewright.tiled:Authenticator"
    ours = {"provider": "ours", "authenticator": authenticator, "args": arguments}
    with serving(
        tmp_path_factory.mktemp("plugin"),
        {"providers": [ours]},
        environment={"SCOPEWRIGHT_GUARD_KEY": asking.secret},
        database=FORGETFUL,
        port=port,
    ) as tiled:
        yield tiled


def an_end_user(world: World, *scopes: str) -> tuple[str, str]:
    """The address and the id of a new person that holds these scopes."""
    email = an_address()
    return email, str(world.end_user(email, scopes=scopes)["id"])


def seconds_until(refused: Callable[[], httpx.Response]) -> float:
    """How long it takes until something is answered with 401, in real time."""
    begun = time.monotonic()
    while (took := time.monotonic() - begun) < 3 * KEPT_SECONDS:
        answer = refused()
        if answer.status_code == 401:
            return took
        assert answer.status_code == 200, answer.text
        time.sleep(0.05)
    raise AssertionError("it is taken for ever")


def test_085_our_api_key_is_a_bearer_at_tiled_with_its_scopes(world: World, tiled: Tiled) -> None:
    """Our API keys are bearers at the real Tiled with their scopes, and what is revoked here
    is refused there within seconds.
    """
    email, person = an_end_user(world, *READ)
    key = a_key(world, person).secret
    assert tiled.listed(key) == {"A", "B", "C", "D"}
    assert tiled.get(A, key).status_code == 200
    shown = tiled.get("/auth/whoami", key).json()
    assert [identity["id"] for identity in shown["identities"]] == [email]
    narrow = a_key(world, person, "read:metadata").secret
    assert tiled.listed(narrow) == {"A", "B", "C", "D"}
    refused = tiled.get(A, narrow)
    assert refused.status_code == 401
    assert "read:data" in refused.text


def test_085_a_key_that_is_revoked_here_is_refused_there_in_time(
    world: World, tiled: Tiled, capsys: pytest.CaptureFixture[str]
) -> None:
    key = a_key(world, an_end_user(world, *READ)[1])
    assert tiled.get("/search/", key.secret).status_code == 200
    revoke(world, key)
    took = seconds_until(lambda: tiled.get("/search/", key.secret))
    with capsys.disabled():
        print(f"\na revoked key was refused by Tiled after {took:.2f} s of {KEPT_SECONDS}")
    assert took <= KEPT_SECONDS + SLACK_SECONDS


def test_085_a_session_that_is_ended_here_is_refused_there_in_time(
    world: World, tiled: Tiled, capsys: pytest.CaptureFixture[str]
) -> None:
    email, _ = an_end_user(world, *READ)
    token = str(world.person(email, world.phone_app()).session()["access_token"])
    assert tiled.get("/search/", token).status_code == 200
    (session,) = [one for one in world.listed("/sessions") if one["principal"]["label"] == email]
    assert world.admin.delete(f"/sessions/{session['id']}").is_success
    took = seconds_until(lambda: tiled.get("/search/", token))
    with capsys.disabled():
        print(f"\nan ended session was refused by Tiled after {took:.2f} s of {KEPT_SECONDS}")
    assert took <= KEPT_SECONDS + SLACK_SECONDS


def test_085_scopes_that_a_person_loses_are_lost_there_in_time(world: World, tiled: Tiled) -> None:
    email, person = an_end_user(world, *READ)
    key = a_key(world, person).secret
    assert tiled.get(A, key).status_code == 200
    assert world.admin.delete(f"/end-users/{email}/scopes/read:data").is_success
    assert seconds_until(lambda: tiled.get(A, key)) <= KEPT_SECONDS + SLACK_SECONDS
    assert tiled.listed(key) == {"A", "B", "C", "D"}


def test_085_a_service_is_one_at_tiled_and_never_made_a_person(world: World, tiled: Tiled) -> None:
    service = world.device(scopes=[*READ, "read:principals"])
    key = a_key(world, service.id).secret
    assert tiled.listed(key) == {"A", "B", "C", "D"}
    assert tiled.listed(world.access_token(service)) == {"A", "B", "C", "D"}
    known = tiled.get("/auth/principal", key).json()
    names = {identity["id"] for one in known for identity in one["identities"]}
    assert not {service.id, service.id.replace("-", "")} & names
    assert f"service:{service.id}" in tiled.log.read_text()


def test_085_our_names_of_old_for_scopes_count_by_those_of_today(
    world: World, tiled: Tiled
) -> None:
    _, person = an_end_user(world, *READ, "apikeys")
    asked: dict[str, Any] = {"json": {"expires_in": 60, "scopes": ["inherit"]}}
    assert tiled.ask("POST", "/auth/apikey", a_key(world, person).secret, **asked).is_success
    without = a_key(world, person, *READ).secret
    assert tiled.ask("POST", "/auth/apikey", without, **asked).status_code == 401


def test_085_a_key_restricted_to_tags_is_refused_rather_than_widened(
    world: World, tiled: Tiled
) -> None:
    _, person = an_end_user(world, *READ)
    assert tiled.get("/search/", a_key(world, person, *READ, tags=["A"]).secret).status_code == 401


def test_086_a_new_signing_key_is_fetched_when_a_token_names_it(world: World, tiled: Tiled) -> None:
    service = world.device(scopes=READ)
    before = world.access_token(service)
    assert tiled.get("/search/", before).status_code == 200
    assert world.admin.post("/signing-keys/rotate").is_success
    deadline = time.monotonic() + 15
    while (after := world.access_token(service)).partition(".")[0] == before.partition(".")[0]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert tiled.get("/search/", after).status_code == 200
    assert tiled.get("/search/", before).status_code == 200


def test_085_a_token_bound_to_a_key_is_not_good_by_itself(world: World, tiled: Tiled) -> None:
    service, url = world.device(scopes=READ), f"{world.issuer}/token"
    proof = ProofKey().proof("POST", url, at=time.time())
    form = {"grant_type": "client_credentials"}
    answer = world.http.post(url, data=form, auth=service.basic, headers={"DPoP": proof})
    assert answer.json()["token_type"] == "DPoP"
    assert tiled.get("/search/", answer.json()["access_token"]).status_code == 401


def test_085_who_signs_in_with_a_browser_is_who_presents_a_token(
    world: World, tiled: Tiled
) -> None:
    email, person = an_end_user(world, *READ)
    address = f"{tiled.url}/api/v1/auth/provider/ours/authorize"
    tokens = through(world, email, address)[1].json()
    assert tokens["identity"] == {"id": email, "provider": "ours"}
    by_key = tiled.get("/auth/whoami", a_key(world, person).secret).json()
    assert by_key["uuid"].replace("-", "") == tokens["principal"]


def test_085_what_is_not_ours_is_refused_and_breaks_nothing(world: World, tiled: Tiled) -> None:
    elsewhere = world.another()
    elsewhere.define(*READ)
    service = elsewhere.device(scopes=READ)
    head, body, signature = world.access_token(world.device(scopes=READ)).split(".")
    foreign = {
        "junk": "junk",
        "dots": "a.b.c",
        "unsigned": f"{head}.{body}.",
        "another's signature": f"{head}.{body}.{signature[::-1]}",
        "a token of another workspace": elsewhere.access_token(service),
        "a key of another workspace": a_key(elsewhere, service.id).secret,
        "a key cut short": world.api_key[:-2],
        "very long": "x" * 20_000,
    }
    answers = {name: tiled.get("/search/", said) for name, said in foreign.items()}
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(
        foreign, 401
    )
    assert all("invalid_token" in one.headers["www-authenticate"] for one in answers.values())
    assert tiled.get("/search/").status_code == 401


def test_085_a_key_that_cannot_be_asked_about_is_neither_good_nor_bad(
    world: World, tiled: Tiled, asking: Key
) -> None:
    service = world.device(scopes=READ)
    key, token = a_key(world, service.id).secret, world.access_token(service)
    revoke(world, asking)  # for good: nothing comes after this
    assert tiled.get("/search/", key).status_code == 503
    assert tiled.listed(token) == {"A", "B", "C", "D"}
