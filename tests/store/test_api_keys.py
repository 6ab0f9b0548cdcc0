"""API keys: equal when they come back, revoked once, gone with their parent."""

from __future__ import annotations

from dataclasses import replace

from scopewright.core.scopes import EVERYTHING
from scopewright.store import api_keys
from tests.store.world import LATER, NOW, TOMORROW, World


def test_a_key_comes_back_equal(world: World) -> None:
    ann = world.principal()
    parent = world.api_key(ann, requested=EVERYTHING, note="")
    child = world.api_key(ann, parent_id=parent.id, expires_at=LATER)
    with world.database.read() as tx:
        assert api_keys.get(tx, parent.id) == parent
        assert api_keys.get(tx, child.id) == child
        assert api_keys.get(tx, "key_none") is None


def test_a_key_is_revoked_once_and_the_first_time_stays(world: World) -> None:
    key = world.api_key(world.principal())
    with world.database.write() as tx:
        assert api_keys.revoke(tx, key.id, at=NOW)
        assert not api_keys.revoke(tx, key.id, at=LATER)
        assert api_keys.get(tx, key.id) == replace(key, revoked_at=NOW)


def test_uses_are_noted_together(world: World) -> None:
    ann = world.principal()
    first, second, third = (world.api_key(ann) for _ in range(3))
    with world.database.write() as tx:
        api_keys.note_uses(tx, [])
        api_keys.note_uses(tx, [(first.id, LATER), (second.id, TOMORROW), ("key_none", NOW)])
        assert [api_keys.get(tx, key.id) for key in (first, second, third)] == [
            replace(first, last_used_at=LATER),
            replace(second, last_used_at=TOMORROW),
            third,
        ]
