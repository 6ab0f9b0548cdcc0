"""Roles that a workspace has defined itself."""

from __future__ import annotations

import pytest

from scopewright.core.catalogue import RoleDefinition
from scopewright.core.errors import Conflict
from scopewright.store import roles
from tests.store.world import LATER, NOW, World

ROLE = RoleDefinition(
    "crew",
    "On duty – ✓",
    application="viewer",
    scopes=frozenset({"b:r", "a:r"}),
    includes=frozenset({"mdsp:core:reader", "inner"}),
)


def test_roles_come_back_equal_and_sorted_by_code_point(world: World) -> None:
    names, there = ("b:x", "a-b", "B:x", "a.b", "a:b"), World(world.database).workspace_id
    with world.database.write() as tx:
        roles.add(tx, world.workspace_id, role=ROLE, at=NOW)
        for name in names:
            roles.add(tx, world.workspace_id, role=RoleDefinition(name), at=NOW)
    with world.database.read() as tx:
        assert roles.of_workspace(tx, world.workspace_id) == [
            *(RoleDefinition(name) for name in ("B:x", "a-b", "a.b", "a:b", "b:x")),
            ROLE,
        ]
        assert roles.of_workspace(tx, there) == []


def test_a_role_is_defined_once_a_workspace(world: World) -> None:
    there = World(world.database).workspace_id
    with world.database.write() as tx:
        roles.add(tx, world.workspace_id, role=ROLE, at=NOW)
        roles.add(tx, there, role=ROLE, at=NOW)
    with pytest.raises(Conflict), world.database.write() as tx:
        roles.add(tx, world.workspace_id, role=RoleDefinition("crew"), at=LATER)


def test_a_role_changes_where_it_is_and_is_removed_once(world: World) -> None:
    here, there = world.workspace_id, World(world.database).workspace_id
    changed = RoleDefinition("crew", "Off duty", application="viewer", scopes=frozenset({"c:r"}))
    with world.database.write() as tx:
        assert not roles.change(tx, here, role=changed)
        roles.put(tx, here, role=ROLE, at=NOW)
        roles.put(tx, there, role=ROLE, at=NOW)
        roles.put(tx, here, role=changed, at=LATER)
        assert roles.of_workspace(tx, here) == [changed]
        assert roles.of_workspace(tx, there) == [ROLE]
        assert roles.remove(tx, here, name="crew")
        assert not roles.remove(tx, here, name="crew")
        assert roles.of_workspace(tx, there) == [ROLE]
