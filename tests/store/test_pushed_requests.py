"""Pushed requests: taken once, by their own client, before their end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from scopewright.core.pushed_requests import PushedRequest
from scopewright.ids import new_id
from scopewright.store import clients, principals, pushed_requests
from tests.store.world import LATER, NOW, World

PARAMETERS = [("state", "é\u2028"), ("resource", "urn:a"), ("resource", "urn:b"), ("nonce", "")]


def pushed(world: World, client_id: str, **replaced: Any) -> str:
    said = {"created_at": NOW, "expires_at": LATER, "parameters": PARAMETERS, **replaced}
    request = PushedRequest(new_id("h"), world.workspace_id, client_id, **said)
    with world.database.write() as tx:
        pushed_requests.add(tx, request)
    return request.id


def test_what_was_pushed_comes_back_in_its_order_and_once(world: World) -> None:
    client = world.client().id
    id = pushed(world, client)
    with world.database.write() as tx:
        assert pushed_requests.take(tx, id, client_id=client, now=NOW) == PARAMETERS
        assert pushed_requests.take(tx, id, client_id=client, now=NOW) is None


def test_another_client_takes_nothing_and_leaves_it(world: World) -> None:
    client, other = world.client().id, world.client().id
    id = pushed(world, client)
    with world.database.write() as tx:
        assert pushed_requests.take(tx, id, client_id=other, now=NOW) is None
        assert pushed_requests.take(tx, id, client_id=client, now=NOW) == PARAMETERS


def test_what_is_over_is_not_taken_and_then_forgotten(world: World) -> None:
    client, moment = world.client().id, timedelta(microseconds=1)
    late, good = pushed(world, client), pushed(world, client, expires_at=LATER + 2 * moment)
    with world.database.write() as tx:
        assert pushed_requests.take(tx, late, client_id=client, now=LATER) is None
        pushed_requests.purge(tx, now=LATER + moment)
        assert pushed_requests.take(tx, late, client_id=client, now=NOW) is None
        assert pushed_requests.take(tx, good, client_id=client, now=LATER + moment) == PARAMETERS


def test_a_deleted_client_takes_its_requests_with_it(world: World) -> None:
    client = world.client().id
    id = pushed(world, client)
    with world.database.write() as tx:
        principals.remove(tx, client)
        assert clients.get(tx, client) is None
        assert pushed_requests.take(tx, id, client_id=client, now=NOW) is None
