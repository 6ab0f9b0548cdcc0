"""Metadata: one value a key; the last one counts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from scopewright.core.model import Metadata, Principal
from scopewright.store import metadata
from tests.store.world import LATER, NOW, World


def _attach(world: World, principal: Principal, key: str, value: object) -> Metadata:
    attached = Metadata(principal.id, key, value, updated_by="admin", updated_at=NOW)
    with world.database.write() as tx:
        metadata.put(tx, attached)
    return attached


def test_values_come_back_by_key(world: World) -> None:
    ann, bob = world.principal(), world.principal()
    site, area = _attach(world, ann, "site", {"id": 1}), _attach(world, ann, "area", None)
    with world.database.read() as tx:
        assert metadata.of_principal(tx, ann.id) == [area, site]
        assert metadata.of_principals(tx, [ann.id, bob.id]) == {
            ann.id: {"site": {"id": 1}, "area": None},
            bob.id: {},
        }
        assert metadata.get(tx, ann.id, key="Site") is None


def test_the_last_value_replaces_the_earlier_one(world: World) -> None:
    ann = world.principal()
    _attach(world, ann, "site", 1)
    last = Metadata(ann.id, "site", 2, updated_by="bob", updated_at=LATER)
    with world.database.write() as tx:
        metadata.put(tx, last)
        assert metadata.of_principal(tx, ann.id) == [last]


def test_a_value_is_removed_once(world: World) -> None:
    ann = world.principal()
    _attach(world, ann, "site", 1)
    with world.database.write() as tx:
        assert metadata.remove(tx, ann.id, key="site")
        assert not metadata.remove(tx, ann.id, key="site")


def test_putting_the_same_key_at_once_is_no_conflict(world: World) -> None:
    ann = world.principal()
    with ThreadPoolExecutor(8) as threads:
        put = list(threads.map(lambda number: _attach(world, ann, "site", number), range(40)))
    with world.database.read() as tx:
        assert metadata.get(tx, ann.id, key="site") in put
