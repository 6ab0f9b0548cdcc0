"""Clients that are to be told: queued with the end of a session, taken one try at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from scopewright.core.logout import PAUSES, LogoutNotice
from scopewright.core.model import Client, Session
from scopewright.core.registration import ClientRegistration
from scopewright.store import logout_notices, principals, schema, sessions
from tests.store.world import LATER, NOW, World

LISTENING = ClientRegistration(backchannel_logout_uri="https://app.example/logged-out")
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def listener(world: World) -> Client:
    with world.database.write() as tx:
        tx.run(schema.logout_notices.delete())  # what other tests have left
    return world.client(registration=LISTENING)


def ended(world: World, client: Client) -> Session:
    session = world.session(client_id=client.id)
    with world.database.write() as tx:
        assert sessions.end(tx, session.id, at=NOW, why="")
    return session


def due(world: World, *, most: int = 10) -> list[LogoutNotice]:
    with world.database.read() as tx:
        return logout_notices.due(tx, now=NOW, most=most)


def test_the_end_of_a_session_is_queued_for_a_client_that_listens(
    world: World, listener: Client
) -> None:
    session = ended(world, listener)
    (notice,) = due(world)
    assert notice.id.startswith("out_")
    assert (notice.workspace_id, notice.client_id) == (world.workspace_id, listener.id)
    assert (notice.principal_id, notice.session_id) == (session.principal_id, session.id)
    assert (notice.created_at, notice.next_at, notice.tries) == (NOW, NOW, 0)


def test_nothing_is_queued_for_one_that_does_not(world: World, listener: Client) -> None:
    ended(world, world.client())
    assert due(world) == []


def test_a_person_who_goes_leaves_a_notice_of_each_session(world: World, listener: Client) -> None:
    ann, bob = world.principal(), world.principal()
    hers = {world.session(client_id=listener.id, principal_id=ann.id).id for _ in range(2)}
    world.session(client_id=listener.id, principal_id=bob.id)
    with world.database.write() as tx:
        sessions.end_of_principal(tx, ann.id, at=NOW, why="removed")
        principals.remove(tx, ann.id)
    assert {notice.session_id for notice in due(world)} == hers


def test_with_its_client_a_notice_goes_too(world: World, listener: Client) -> None:
    ended(world, listener)
    with world.database.write() as tx:
        principals.remove(tx, listener.id)
    assert due(world) == []


def test_a_try_is_taken_once_and_puts_the_next_one_off(world: World, listener: Client) -> None:
    ended(world, listener)
    (notice,) = due(world)

    def take(_: int) -> LogoutNotice | None:
        with world.database.write() as tx:
            return logout_notices.take(tx, notice, at=NOW)

    with ThreadPoolExecutor(4) as threads:
        taken = [got for got in threads.map(take, range(8)) if got is not None]
    assert taken == [notice.tried(at=NOW)]
    assert due(world) == []
    with world.database.read() as tx:
        assert logout_notices.due(tx, now=NOW + PAUSES[0] - MOMENT, most=10) == []
        assert logout_notices.due(tx, now=NOW + PAUSES[0], most=10) == taken


def test_those_that_wait_longest_come_first(world: World, listener: Client) -> None:
    for _ in range(3):
        ended(world, listener)
    first, *others = due(world)
    with world.database.write() as tx:
        logout_notices.take(tx, first, at=NOW)
    with world.database.read() as tx:
        later = logout_notices.due(tx, now=LATER, most=10)
    assert {notice.id for notice in later[:2]} == {notice.id for notice in others}
    assert later[2].id == first.id
    assert len(due(world, most=1)) == 1


def test_a_settled_or_old_notice_is_forgotten(world: World, listener: Client) -> None:
    for _ in range(2):
        ended(world, listener)
    one, _ = due(world)
    with world.database.write() as tx:
        logout_notices.remove(tx, one.id)
        assert logout_notices.purge(tx, before=NOW) == 0
        assert logout_notices.purge(tx, before=NOW + MOMENT) == 1
    assert due(world) == []
