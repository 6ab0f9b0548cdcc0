"""The editor of metadata: any JSON by its key, measured, of end-users and of clients."""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.console.members import AtWork, text_of
from tests.visitors import an_address
from tests.worlds import World


@pytest.fixture(params=["end-users", "clients"])
def owner(request: pytest.FixtureRequest, world: World) -> str:
    """The path of somebody to whom something is attached."""
    if request.param == "clients":
        return f"/clients/{world.device().id}"
    address = an_address("ann")
    world.end_user(address, internal_scopes=["iotman:data:read"])
    return f"/end-users/{quote(address)}"


def value(world: World, owner: str, key: str = "tier") -> Any:
    answer = world.admin.get(f"{owner}/metadata/{key}")
    return answer.json()["value"] if answer.status_code == 200 else None


def measured(page: httpx.Response) -> int:
    found = re.search(r'<meter[^>]* max="8192"[^>]* value="(\d+)"', page.text)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize("typed", ['{"a": ["é", null]}', "0", "null", '"<b>"', "[]"])
def test_any_json_is_attached_and_shown_again(
    admin: AtWork, world: World, owner: str, typed: str
) -> None:
    page = admin.open(f"{owner}/metadata")
    done = admin.send(page, f"{owner}/metadata", key="tier", value=typed)
    assert done.status_code == 200
    assert "tier of " in text_of(done)
    assert value(world, owner) == json.loads(typed)
    editor = admin.open(f"{owner}/metadata?key=tier")
    found = re.search(r"(?s)<textarea[^>]*>(.*?)</textarea>", editor.text)
    assert found is not None
    assert json.loads(html.unescape(found[1])) == json.loads(typed)


@pytest.mark.parametrize("typed", ["{", "", "{'a': 1}", "NaN", "[1,]"])
def test_what_is_no_json_is_said_beside_the_field_and_stays_there(
    admin: AtWork, world: World, owner: str, typed: str
) -> None:
    page = admin.send(admin.open(f"{owner}/metadata"), f"{owner}/metadata", key="tier", value=typed)
    assert page.status_code == 422
    assert 'value="tier"' in page.text
    assert value(world, owner) is None
    found = re.search(r"(?s)<textarea[^>]*>(.*?)</textarea>", page.text)
    assert found is not None
    assert html.unescape(found[1]) == typed
    assert 'role="alert"' in page.text


def test_a_value_is_measured_as_the_api_does_and_one_too_long_is_refused(
    admin: AtWork, world: World, owner: str
) -> None:
    path = f"{owner}/metadata"
    too_long = admin.send(admin.open(path), path, key="tier", value=f'["{"é" * 4095}"]')
    assert too_long.status_code == 422
    assert "A value has at most 8192 bytes as JSON." in text_of(too_long)
    assert measured(too_long) == 4 + 2 * 4095
    fits = admin.send(admin.open(path), path, key="tier", value=f'[  "{"é" * 4094}"  ]')
    assert fits.status_code == 200
    assert measured(admin.open(f"{path}?key=tier")) == 8192


def test_a_key_that_is_no_name_is_said_beside_it(admin: AtWork, world: World, owner: str) -> None:
    for key in ("", "two words", "a/b", "."):
        page = admin.send(admin.open(f"{owner}/metadata"), f"{owner}/metadata", key=key, value="1")
        assert page.status_code == 422, key
        assert 'id="key-fault"' in page.text, key
    assert world.listed(f"{owner}/metadata") == []


def test_a_value_is_deleted_after_a_question(admin: AtWork, world: World, owner: str) -> None:
    world.admin.put(f"{owner}/metadata/tier", json={"value": 1})
    path = f"{owner}/metadata/tier/delete"
    question = admin.open(path)
    assert "One metadata value is deleted." in text_of(question)
    assert value(world, owner) == 1
    done = admin.send(question, path)
    assert "is deleted." in text_of(done)
    assert value(world, owner) is None


def test_what_is_stamped_on_data_is_offered_to_be_set_for_people(
    admin: AtWork, world: World, owner: str
) -> None:
    page = admin.open(owner)
    assert ("Set ingest_context" in text_of(page)) == owner.startswith("/end-users")
