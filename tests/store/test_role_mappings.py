"""Which role stands for an include."""

from __future__ import annotations

from scopewright.store import role_mappings
from tests.store.world import NOW, World


def test_a_role_stands_for_an_include_until_another_does_or_none(world: World) -> None:
    here, there = world.workspace_id, World(world.database).workspace_id
    with world.database.write() as tx:
        for include, role in (("gone", "one"), ("lost", "two"), ("gone", "three")):
            role_mappings.put(tx, here, include=include, role=role, by="admin", at=NOW)
        assert role_mappings.of_workspace(tx, here) == {"gone": "three", "lost": "two"}
        assert role_mappings.of_workspace(tx, there) == {}
        assert role_mappings.remove(tx, here, include="gone")
        assert not role_mappings.remove(tx, here, include="gone")
        assert not role_mappings.remove(tx, there, include="lost")
        assert role_mappings.of_workspace(tx, here) == {"lost": "two"}
