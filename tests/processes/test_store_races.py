"""Four processes want the same things at the same moments: each thing is had exactly once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import pytest

from scopewright.core.device_authorization import Allowed
from scopewright.core.model import Approved, ChangeKind, Redeemed, Rotation, Session
from scopewright.core.pushed_requests import PushedRequest
from scopewright.ids import new_id
from scopewright.store import (
    authorizations,
    changes,
    device_authorizations,
    invitations,
    jtis,
    magic_links,
    pushed_requests,
    sessions,
    workspaces,
)
from scopewright.store.database import Database, Transaction
from tests.store.world import LATER, NOW, World

PROCESSES, THINGS = 4, 300

spawn = multiprocessing.get_context("spawn")


def _codes(world: World) -> list[str]:
    client = world.client()
    ids = [world.authorization(client).id for _ in range(THINGS)]
    with world.database.write() as tx:
        for id in ids:
            approved = Approved("ann", new_id("code"), authenticated_at=NOW, approved_at=NOW)
            authorizations.approve(tx, id, approved, until=LATER)
    return ids


def _links(world: World) -> list[str]:
    return [world.magic_link().hash for _ in range(THINGS)]


def _refresh_tokens(world: World) -> list[str]:
    session = world.session()
    return [world.refresh_token(session).hash for _ in range(THINGS)]


def _invitations(world: World) -> list[str]:
    return [world.invitation().secret_hash for _ in range(THINGS)]


def _device_codes(world: World) -> list[str]:
    client, person = world.client(), world.principal().id
    ids = [world.device_authorization(client).id for _ in range(THINGS)]
    with world.database.write() as tx:
        for id in ids:
            device_authorizations.allow(tx, id, Allowed(person, NOW, "sign-in", NOW))
    return ids


def _names(_world: World) -> list[str]:
    return [new_id("jti") for _ in range(THINGS)]


def _pushed(world: World) -> list[str]:
    client, ids = world.client().id, [new_id("h") for _ in range(THINGS)]
    with world.database.write() as tx:
        for id in ids:
            request = PushedRequest(id, world.workspace_id, client, [("a", "b")], NOW, LATER)
            pushed_requests.add(tx, request)
    return [f"{id} {client}" for id in ids]


def _redeem(tx: Transaction, id: str) -> bool:
    return authorizations.redeem(tx, id, Redeemed(new_id("ses"), NOW))


def _redeem_device(tx: Transaction, id: str) -> bool:
    return device_authorizations.redeem(tx, id, Redeemed(new_id("ses"), NOW))


def _use(tx: Transaction, hash: str) -> bool:
    return magic_links.use(tx, hash, now=NOW)


def _consume(tx: Transaction, hash: str) -> bool:
    _, session = sessions.of_token(tx, hash)
    assert session is not None
    return sessions.rotate_token(tx, _rotation(session, hash))


def _consume_if_free(tx: Transaction, hash: str) -> bool:
    token, session = sessions.of_free_tokens(tx, [hash]).get(hash, (None, None))
    if token is None or session is None:
        return _consume(tx, hash)
    if token.consumed_at is not None:
        return False
    sessions.rotate_tokens(tx, [_rotation(session, hash)])
    return True


def _rotation(session: Session, hash: str) -> Rotation:
    return Rotation(session.id, hash, f"after {hash}", at=NOW, until=NOW)


def _take(tx: Transaction, hash: str) -> bool:
    return invitations.take(tx, hash, now=NOW) is not None


def _bring(tx: Transaction, id_and_client: str) -> bool:
    id, client = id_and_client.split()
    return pushed_requests.take(tx, id, client_id=client, now=NOW) is not None


def _spend(tx: Transaction, hash: str) -> bool:
    return jtis.take(tx, hash, forget_at=LATER)


RACES: dict[str, tuple[Callable[[World], list[str]], Callable[[Transaction, str], bool]]] = {
    "authorization codes": (_codes, _redeem),
    "device codes": (_device_codes, _redeem_device),
    "magic links": (_links, _use),
    "refresh tokens": (_refresh_tokens, _consume),
    "free refresh tokens": (_refresh_tokens, _consume_if_free),
    "invitations": (_invitations, _take),
    "names of assertions": (_names, _spend),
    "pushed requests": (_pushed, _bring),
}


@pytest.fixture
def database_url(migrated_database_url: str) -> str:
    return migrated_database_url


@pytest.fixture
def world(database_url: str) -> World:
    return World(Database(database_url))


@dataclass(frozen=True)
class Processes:
    """Processes that meet at `_barrier` before they do what they are given."""

    pool: ProcessPoolExecutor

    def each(self, work: Callable[..., list[Any]], *arguments: object) -> list[list[Any]]:
        """What each process answers; none can take two, for all must be there to begin."""
        asked = [self.pool.submit(work, *arguments) for _ in range(PROCESSES)]
        return [answer.result() for answer in asked]


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    """They are started once: to import everything takes them longer than a race."""
    barrier = spawn.Barrier(PROCESSES)
    with ProcessPoolExecutor(PROCESSES, spawn, _meet_at, (barrier,)) as pool:
        yield Processes(pool)


_barrier: Barrier


def _meet_at(barrier: Barrier) -> None:
    global _barrier  # noqa: PLW0603 - a process is told once
    _barrier = barrier


@pytest.mark.parametrize("race", RACES)
def test_each_of_300_things_is_won_by_exactly_one_process(
    world: World, database_url: str, processes: Processes, race: str
) -> None:
    prepare, _ = RACES[race]
    things = prepare(world)
    world.database.close()
    won = processes.each(_win, database_url, race, things)
    assert sorted(thing for of_one in won for thing in of_one) == sorted(things)
    assert sum(bool(of_one) for of_one in won) > 1, "they did not meet"


def test_versions_of_four_processes_are_seen_in_order_and_without_gaps(
    world: World, database_url: str, processes: Processes
) -> None:
    views = processes.each(_touch_and_look, database_url, world.workspace_id)
    for view in (view for of_one in views for view in of_one):
        assert view == list(range(1, len(view) + 1))
    with world.database.read() as tx:
        assert workspaces.version(tx, world.workspace_id) == PROCESSES * 50
    world.database.close()


def _win(url: str, race: str, things: list[str]) -> list[str]:
    _, attempt = RACES[race]
    database = Database(url)
    won = []
    for thing in things:
        _barrier.wait(60)
        with database.write() as tx:
            if attempt(tx, thing):
                won.append(thing)
    database.close()
    return won


def _touch_and_look(url: str, workspace_id: str) -> list[list[int]]:
    database = Database(url)
    views = []
    _barrier.wait(60)
    for number in range(50):
        with database.write() as tx:
            workspaces.touch(tx, workspace_id, ChangeKind.HOLDINGS, str(number), at=NOW)
        with database.read() as tx:
            seen = changes.since(tx, workspace_id, after=0, limit=1000)
        views.append([change.version for change in seen])
    database.close()
    return views
