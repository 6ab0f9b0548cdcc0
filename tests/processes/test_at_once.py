"""What one server has answered counts at the very next request to any other."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.processes.conftest import Several
from tests.processes.giving import SCOPES, Giving
from tests.visitors import Person, a_browser
from tests.worlds import KnownClient, World

DELETIONS, CHANGES, TAG_CHANGES = 1000, 1000, 100
TAGS = ("beam", "inner")


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
    giving = Giving(here, random.Random(7))
    held: list[set[str]] = []
    for _ in range(CHANGES):
        giving.change()
        held.append(giving.held_by(giving.device.id))
        assert _of_device(here, there, giving.device, asker) == (held[-1], held[-1])
        by_member = giving.held_by(giving.member)
        assert _of_member(here, there) == (by_member, by_member)
    assert len({frozenset(one) for one in held}) > len(SCOPES)  # it has been various indeed


def _of_device(
    here: World, there: httpx.Client, device: KnownClient, asker: KnownClient
) -> tuple[set[str], set[str]]:
    """The scopes of a new token, and those that introspection tells of it."""
    form = {"grant_type": "client_credentials"}
    answer = there.post(f"/w/{here.id}/token", data=form, auth=device.basic)
    token = {"token": answer.json()["access_token"]}
    told = there.post(f"/w/{here.id}/introspect", data=token, auth=asker.basic)
    return set(answer.json()["scope"].split()), set(told.json()["scope"].split())


def _of_member(here: World, there: httpx.Client) -> tuple[set[str], set[str]]:
    """The scopes of this workspace's own of the administrator's API key: of itself, of a proxy."""
    key = here.as_bearer(here.api_key)
    me = there.get("/api/whoami", headers=key).json()["scopes"]
    passed = there.get(f"/w/{here.id}/verify", params={"any": "1"}, headers=key)
    told = passed.headers["x-auth-scopes"].split()
    return set(me) & set(SCOPES), set(told) & set(SCOPES)


def test_after_each_of_100_random_changes_the_other_server_decides_by_the_new_tags(
    several: Several, there: httpx.Client
) -> None:
    here = several.world.another()
    here.end_user("ann@example.com", scopes=["sensor:read"])
    ann = {"type": "user", "id": "ann@example.com"}
    crew = done(here.admin.post("/groups", json={"name": "Crew"})).json()["id"]
    for tag in TAGS:
        done(here.admin.post("/access-tags", json={"name": tag}))
    state = {"user": False, "group": False, "member": False, "nested": False}
    given = {"scopes": ["sensor:read"]}

    def said(name: str) -> None:
        """Tell the first server one of these facts as it is now."""
        is_so = state[name]
        if name == "member":
            path = f"/groups/{crew}/members/ann@example.com"
            done(here.admin.request("PUT" if is_so else "DELETE", path))
            return
        bodies: dict[str, tuple[str, dict[str, Any]]] = {
            "user": ("beam", {"users": [{"name": ann["id"], **given}] if is_so else []}),
            "group": ("inner", {"groups": [{"name": "Crew", **given}] if is_so else []}),
            "nested": ("beam", {"auto_tags": [{"name": "inner"}] if is_so else []}),
        }
        tag, body = bodies[name]
        done(here.admin.patch(f"/access-tags/{tag}", json=body))

    def is_let_in() -> bool:
        asked = {"input": {"subject": ann, "tags": ["beam"]}}
        key = here.as_bearer(here.api_key)
        answer = done(there.post(f"/w/{here.id}/pdp/scopes", json=asked, headers=key))
        return list(answer.json()["result"]) == ["sensor:read"]

    choose, seen = random.Random(7), set[bool]()
    names: list[str] = sorted(state)
    for _ in range(TAG_CHANGES):
        name = choose.choice(names)
        state[name] = not state[name]
        said(name)
        through_group = state["group"] and state["member"] and state["nested"]
        is_in = is_let_in()
        assert is_in is (state["user"] or through_group), state
        seen.add(is_in)
    assert seen == {True, False}


def done(answer: httpx.Response) -> httpx.Response:
    assert answer.is_success, f"{answer.request.url}: {answer.text}"
    return answer
