"""The question that proxies ask: by status alone, with who passes in headers."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.servers import Installation
from tests.worlds import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("gateway")
    with Installation(folder, f"sqlite:///{folder / 'scopewright.db'}") as installed:
        init = installed.found()
        yield World.at(installed.serve().url, init, installed.letters)


@pytest.fixture(scope="module")
def token(world: World) -> str:
    return world.access_token(world.device(scopes=["a:read", "b:read"]))


def ask(world: World, query: str, token: str | None = None) -> httpx.Response:
    headers = {} if token is None else world.as_bearer(token)
    return world.http.get(f"{world.issuer}/verify?{query}", headers=headers)


@pytest.mark.parametrize("query", ["scope=a:read", "scope=a:read&scope=b:read", "any=1"])
def test_whoever_holds_all_that_is_named_passes(world: World, token: str, query: str) -> None:
    answer = ask(world, query, token)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["x-auth-scopes"] == "a:read b:read"
    assert answer.headers["x-auth-subject"] == answer.headers["x-auth-client"]


def test_an_api_key_passes_by_what_is_held_now(world: World) -> None:
    answer = ask(world, "scope=iotman:workspace:read", world.api_key)
    assert (answer.status_code, answer.headers["x-auth-client"]) == (204, "")


def test_one_missing_scope_is_refused_and_named(world: World, token: str) -> None:
    answer = ask(world, "scope=a:read&scope=c:read", token)
    assert answer.status_code == 403
    challenge = answer.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="c:read"' in challenge


@pytest.mark.parametrize("query", ["scope=a:read", "any=1"])
def test_without_a_good_credential_nobody_passes(world: World, query: str) -> None:
    assert ask(world, query).status_code == 401
    assert ask(world, query, "junk").status_code == 401


def test_a_token_counts_for_its_own_audience_only(world: World, token: str) -> None:
    assert ask(world, f"any=1&aud={world.id}", token).status_code == 204
    assert ask(world, "any=1&aud=https://other.example", token).status_code == 401


@pytest.mark.parametrize(
    "query",
    ["", "scope=", "scope=a:read&any=1", "any=0", "any=1&any=1", "scope=a:read&x=1", "scope=%ff"],
)
def test_a_question_that_asks_for_nothing_clear_is_refused(
    world: World, token: str, query: str
) -> None:
    assert ask(world, query, token).status_code == 400


def test_a_deleted_client_is_refused_at_once(world: World) -> None:
    device = world.device(scopes=["a:read"])
    token = world.access_token(device)
    assert ask(world, "scope=a:read", token).status_code == 204
    assert world.admin.delete(f"/clients/{device.id}").status_code == 204
    assert ask(world, "scope=a:read", token).status_code == 401
