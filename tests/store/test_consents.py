"""Consents: the last approval counts, and all go when the client changes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from scopewright.core.model import Consent
from scopewright.core.scopes import EVERYTHING
from scopewright.store import consents
from tests.store.world import LATER, NOW, REQUESTED, World


def test_the_last_approval_comes_back_equal(world: World) -> None:
    ann, client = world.principal(), world.client()
    first = Consent(ann.id, client.id, REQUESTED, NOW)
    second = Consent(ann.id, client.id, EVERYTHING, LATER)
    with world.database.write() as tx:
        assert consents.get(tx, principal_id=ann.id, client_id=client.id) is None
        for consent in (first, second):
            consents.put(tx, consent)
            assert consents.get(tx, principal_id=ann.id, client_id=client.id) == consent


def test_consents_of_a_client_go_together(world: World) -> None:
    ann, bob, client, other = world.principal(), world.principal(), world.client(), world.client()
    with world.database.write() as tx:
        for person, through in ((ann, client), (bob, client), (ann, other)):
            consents.put(tx, Consent(person.id, through.id, REQUESTED, NOW))
        assert set(consents.principals_of_client(tx, client.id)) == {ann.id, bob.id}
        assert consents.remove_of_client(tx, client.id) == 2
        assert consents.principals_of_client(tx, client.id) == []
        assert consents.principals_of_client(tx, other.id) == [ann.id]


def test_approving_in_two_windows_at_once_is_no_conflict(world: World) -> None:
    ann, client = world.principal(), world.client()

    def approve(_number: int) -> None:
        with world.database.write() as tx:
            consents.put(tx, Consent(ann.id, client.id, REQUESTED, NOW))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(approve, range(40)))
