"""Assignments: each role once a principal."""

from __future__ import annotations

import pytest

from scopewright.core.errors import Conflict
from scopewright.store import assignments
from tests.store.world import World


def test_assignments_come_back_equal_by_role(world: World) -> None:
    ann, bob = world.principal(), world.principal()
    user, admin = world.assign(ann, "user"), world.assign(ann, "admin")
    with world.database.read() as tx:
        assert assignments.of_principal(tx, ann.id) == [admin, user]
        found = assignments.of_principals(tx, [ann.id, bob.id])
    assert {id: set(of) for id, of in found.items()} == {ann.id: {admin, user}, bob.id: set()}


def test_a_role_is_assigned_once_and_removed_once(world: World) -> None:
    ann = world.principal()
    assigned = world.assign(ann, "user")
    with pytest.raises(Conflict):
        world.assign(ann, "user")
    with world.database.read() as tx:
        assert assignments.get(tx, principal_id=ann.id, role="user") == assigned
        assert assignments.get(tx, principal_id=ann.id, role="User") is None
    with world.database.write() as tx:
        assert assignments.remove(tx, principal_id=ann.id, role="user")
        assert not assignments.remove(tx, principal_id=ann.id, role="user")
