"""Assignments: each role once a principal."""

from __future__ import annotations

import pytest

from scopewright.core.errors import Conflict
from scopewright.core.model import Assignment, Principal
from scopewright.store import assignments
from tests.store.world import NOW, World


def _assign(world: World, principal: Principal, role: str) -> Assignment:
    assignment = Assignment(principal.id, role, assigned_by="bob", assigned_at=NOW)
    with world.database.write() as tx:
        assignments.add(tx, world.workspace_id, assignment=assignment)
    return assignment


def test_assignments_come_back_equal_by_role(world: World) -> None:
    ann, bob = world.principal(), world.principal()
    user, admin = _assign(world, ann, "user"), _assign(world, ann, "admin")
    with world.database.read() as tx:
        assert assignments.of_principal(tx, ann.id) == [admin, user]
        found = assignments.of_principals(tx, [ann.id, bob.id])
    assert {id: set(of) for id, of in found.items()} == {ann.id: {admin, user}, bob.id: set()}


def test_a_role_is_assigned_once_and_removed_once(world: World) -> None:
    ann = world.principal()
    _assign(world, ann, "user")
    with pytest.raises(Conflict):
        _assign(world, ann, "user")
    with world.database.write() as tx:
        assert assignments.remove(tx, principal_id=ann.id, role="user")
        assert not assignments.remove(tx, principal_id=ann.id, role="user")
