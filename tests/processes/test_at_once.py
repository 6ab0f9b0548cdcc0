"""What one server has answered counts at the very next request to any other."""

from __future__ import annotations

import random
from collections.abc import Callable

import httpx
import pytest

from tests.processes.conftest import Several
from tests.visitors import Person, a_browser
from tests.worlds import KnownClient, World

DELETIONS, CHANGES = 1000, 1000


@pytest.fixture(scope="module")
def here(several: Several) -> World:
    return several.world


@pytest.fixture(scope="module")
def there(several: Several) -> httpx.Client:
    """Another server than the one that is told."""
    return a_browser(base_url=several.servers[1].url)


@pytest.fixture(scope="module")
def asker(here: World) -> KnownClient:
    return here.device()


def _is_refused(there: httpx.Client, here: World, token: str) -> bool:
    answer = there.get("/api/whoami", headers=here.as_bearer(token))
    assert answer.status_code in (200, 401)
    return answer.status_code == 401


def _device(here: World, _person: Person, _asker: KnownClient) -> tuple[str, str]:
    device = here.device()
    return here.access_token(device), f"/clients/{device.id}"


def _session(here: World, person: Person, asker: KnownClient) -> tuple[str, str]:
    token = person.session()["access_token"]
    return token, f"/sessions/{here.introspect(asker, token)['sid']}"


MAKE: list[Callable[[World, Person, KnownClient], tuple[str, str]]] = [_device, _device, _session]


def test_after_each_of_1000_deletions_the_next_request_to_the_other_server_is_refused(
    here: World, there: httpx.Client, asker: KnownClient
) -> None:
    here.end_user("ann@example.com", scopes=["sensor:read"])
    person = here.person("ann@example.com", here.phone_app())
    for number in range(DELETIONS):
        token, path = MAKE[number % len(MAKE)](here, person, asker)
        assert not _is_refused(there, here, token)
        deleted = here.admin.delete(path)
        assert deleted.status_code == 204, deleted.text
        assert _is_refused(there, here, token), f"{path} was deleted, its token lives"


def test_after_each_of_1000_random_changes_the_other_server_decides_by_the_new_state(
    here: World, there: httpx.Client, asker: KnownClient
) -> None:
    choose = random.Random(7)
    scopes = [f"s{number}:read" for number in range(5)]
    here.define(*scopes)
    device, held = here.device(), set[str]()
    for _ in range(CHANGES):
        scope = choose.choice(scopes)
        _change(here, device, scope, held)
        answer = there.post(
            f"/w/{here.id}/token",
            data={"grant_type": "client_credentials"},
            auth=device.basic,
        )
        assert set(answer.json()["scope"].split()) == held
        told = there.post(
            f"/w/{here.id}/introspect",
            data={"token": answer.json()["access_token"]},
            auth=asker.basic,
        )
        assert set(told.json()["scope"].split()) == held


def _change(here: World, device: KnownClient, scope: str, held: set[str]) -> None:
    if scope in held:
        answer = here.admin.delete(f"/clients/{device.id}/scopes/{scope}")
        held.remove(scope)
    else:
        answer = here.admin.post(f"/clients/{device.id}/scopes", json={"scope": scope})
        held.add(scope)
    assert answer.is_success, answer.text
