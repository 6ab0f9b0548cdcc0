"""Tags that the server keeps, and its decision point, as a service with nodes asks it over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from scopewright.guard import AskedPolicy
from tests.dialects.conftest import Site
from tests.dialects.nodes import nodes
from tests.dialects.test_mindsphere import made
from tests.dialects.test_tiled import made_admin_token, person, signed_in, statuses
from tests.worlds import World

READER = ["read:data", "read:metadata"]


@pytest.fixture
def world(site: Site) -> World:
    """A workspace of the test's own."""
    return site.first.another(catalogues=["tiled"])


@pytest.fixture
def asking(world: World) -> Iterator[AskedPolicy]:
    """A policy that asks each time anew, as a viewer's key lets it."""
    viewer = made(world.member("viewer").post("/api-keys", json={}))["secret"]
    policy = AskedPolicy(world.issuer, credential=viewer, kept=timedelta(0))
    yield policy
    policy.close()


@pytest.fixture
def lab(world: World) -> dict[str, dict[str, str]]:
    """Alice, bob and dan with the default role, and tags about them: their headers by name."""
    people = {name: person(world, f"{name}@lab.example") for name in ("alice", "bob", "dan")}
    define = world.admin.post
    group = made(define("/groups", json={"name": "chemists"}))["id"]
    made(world.admin.put(f"/groups/{group}/members/bob@lab.example"))
    made(define("/roles", json={"name": "reader", "scopes": READER}))
    editor = [*READER, "write:data", "write:metadata"]
    made(define("/roles", json={"name": "editor", "scopes": editor}))
    alice = [{"name": "alice@lab.example"}]
    tags: list[dict[str, Any]] = [
        {"name": "alices", "users": [{**alice[0], "role": "editor"}], "owners": {"users": alice}},
        {"name": "chemists", "groups": [{"name": "chemists", "role": "reader"}]},
        {"name": "shared", "users": [{"name": "dan@lab.example", "scopes": ["read:metadata"]}],
         "auto_tags": [{"name": "alices"}, {"name": "chemists"}], "owners": {"users": alice}},
    ]  # fmt: skip
    for tag in tags:
        made(define("/access-tags", json=tag))
    return {name: signed_in(world, someone) for name, someone in people.items()}


NODES = {"A": {"alices"}, "B": {"chemists"}, "C": {"shared"}, "D": {"public"}}


def tagged() -> dict[str, set[str]]:
    return {name: set(tags) for name, tags in NODES.items()}


def seen(here: TestClient, headers: dict[str, str]) -> str:
    return "".join(here.get("/search", headers=headers).json())


def retag(here: TestClient, who: dict[str, str], node: str, *tags: str) -> int:
    body = {"access_tags": tags}
    return here.put(f"/metadata/{node}", json=body, headers=who).status_code


def test_tags_that_the_server_keeps_say_who_may_do_what(
    world: World, asking: AskedPolicy, lab: dict[str, dict[str, str]]
) -> None:
    """As 076, with tags that the workspace keeps and its decision point asked."""
    root = world.as_bearer(made_admin_token(world))
    with nodes(world, asking, tags=tagged(), visitors=True) as here:
        assert {name: seen(here, headers) for name, headers in lab.items()} == {
            "alice": "ACD", "bob": "BCD", "dan": "CD"
        }  # fmt: skip
        assert (seen(here, root), seen(here, {})) == ("ABCD", "D")
        assert statuses(here, "PUT", "/array/{}", lab["alice"]) == [200, 404, 200, 403]
        assert statuses(here, "GET", "/array/{}", lab["dan"]) == [404, 404, 403, 200]
        assert statuses(here, "GET", "/array/{}", {}) == [404, 404, 404, 200]
        alice = lab["alice"]
        assert retag(here, alice, "A", "alices", "public") == 403
        assert retag(here, alice, "A", "alices", "chemists") == 403
        assert retag(here, alice, "A") == 403
        assert retag(here, alice, "A", "alices", "nowhere") == 403
        assert retag(here, alice, "A", "alices", "shared") == 200
        assert seen(here, lab["dan"]) == "ACD"
        assert retag(here, root, "B", "chemists", "public") == 200
        assert seen(here, lab["dan"]) == "ABCD"
        new = here.post("/metadata/E", json={}, headers=alice)
        assert new.json() == ["user:alice@lab.example"]
        assert (seen(here, alice), seen(here, lab["bob"])) == ("ABCDE", "ABCD")


def test_077_four_questions_decide_and_silence_decides_too(
    world: World, asking: AskedPolicy, lab: dict[str, dict[str, str]]
) -> None:
    """A service asks four questions: which scopes on a node, which tags show nodes, may a node be
    made with these tags, may tags become others. What is denied is refused, and so is everything
    where nobody answers."""
    point = world.api(world.api_key)
    alice, bob = ({"type": "user", "id": f"{name}@lab.example"} for name in ("alice", "bob"))

    def ask(question: str, subject: dict[str, str] | None, **more: Any) -> dict[str, Any]:
        said = {"input": {"subject": subject, "scopes": ["inherit"], "only_tags": None, **more}}
        return made(point.post(f"{world.issuer}/pdp/{question}", json=said))

    assert ask("scopes", bob, tags=["chemists"]) == {"result": READER}
    assert ask("scopes", bob, tags=["alices"]) == {"result": []}
    assert ask("tags", bob)["result"] == ["chemists", "public", "shared", "user:bob@lab.example"]
    assert ask("tags", None)["result"] == ["public"]
    assert ask("tags", alice, needed=["write:data"])["result"] == [
        "alices", "shared", "user:alice@lab.example"
    ]  # fmt: skip
    assert ask("allow", alice, tags=["alices"])["result"] is True
    assert ask("allow", bob, tags=["alices"])["result"] is False
    assert ask("modify", alice, before=["alices"], tags=["alices", "shared"])["result"] is True
    denied = ask("modify", alice, before=["alices"], tags=[])
    assert (denied["result"], "lose" in denied["reason"]) == (False, True)
    for question, more in (("scopes", {"tags": ["public"]}), ("tags", {}), ("allow", {"tags": []})):
        assert not ask(question, {"type": "user", "id": "eve@lab.example"}, **more)["result"]
    with nodes(world, asking, tags=tagged()) as here:
        headers = lab["alice"]
        made_node = here.post("/metadata/E", json={"access_tags": ["alices"]}, headers=headers)
        assert made_node.status_code == 201
        refused = here.post("/metadata/F", json={"access_tags": ["alices"]}, headers=lab["bob"])
        assert refused.status_code == 403
        assert here.get("/metadata/F", headers=headers).status_code == 404
    away = AskedPolicy("http://127.0.0.1:9", credential=world.api_key)
    with nodes(world, away, tags=tagged(), visitors=True) as here:
        for headers in ({}, lab["alice"], world.as_bearer(made_admin_token(world))):
            assert seen(here, headers) == ""
            assert statuses(here, "GET", "/array/{}", headers) == [404] * 4
        assert here.post("/metadata/G", json={}, headers=lab["alice"]).status_code == 403
    away.close()


def test_whoever_may_not_ask_gets_no_answer_and_so_nobody_in(
    world: World, lab: dict[str, dict[str, str]]
) -> None:
    """A credential without the scope of questions opens no node to anybody."""
    powerless = made(world.admin.post("/api-keys", json={"scopes": ["read:data"]}))["secret"]
    policy = AskedPolicy(world.issuer, credential=powerless)
    with nodes(world, policy, tags=tagged()) as here:
        assert seen(here, lab["alice"]) == ""
    policy.close()


def test_what_narrows_a_credential_narrows_what_is_answered(
    world: World, lab: dict[str, dict[str, str]]
) -> None:
    """Scopes and tags of a key bound each answer, and a scope that is not held is never given."""
    subject = {"type": "user", "id": "alice@lab.example"}

    def scopes(**limits: Any) -> list[str]:
        said = {"input": {"subject": subject, "tags": ["alices"], **limits}}
        answer: httpx.Response = world.admin.post(f"{world.issuer}/pdp/scopes", json=said)
        return list(made(answer)["result"])

    whole = scopes()
    assert whole == ["read:data", "read:metadata", "write:data", "write:metadata"]
    assert scopes(scopes=["read:data", "metrics", "inherit"]) == whole
    assert scopes(scopes=["read:data", "metrics"]) == ["read:data"]
    assert scopes(scopes=[]) == []
    assert scopes(only_tags=["alices"]) == whole
    assert scopes(only_tags=["chemists"]) == scopes(only_tags=[]) == []
