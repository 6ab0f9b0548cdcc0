"""Scopes that a workspace has defined itself."""

from __future__ import annotations

import pytest

from scopewright.core.catalogue import ScopeDefinition
from scopewright.core.errors import Conflict
from scopewright.store import scopes
from tests.store.world import NOW, World


def _define(world: World, name: str, description: str = "") -> None:
    with world.database.write() as tx:
        scopes.add(tx, world.workspace_id, scope=ScopeDefinition(name, description), at=NOW)


def test_scopes_come_back_equal_and_sorted_by_code_point(world: World) -> None:
    for name in ("b:x", "a-b", "B:x", "a.b", "a:b"):
        _define(world, name, f"what {name} opens – ✓")
    with world.database.read() as tx:
        assert scopes.of_workspace(tx, world.workspace_id) == [
            ScopeDefinition(name=name, description=f"what {name} opens – ✓")
            for name in ("B:x", "a-b", "a.b", "a:b", "b:x")
        ]


def test_a_scope_is_defined_once_a_workspace(world: World) -> None:
    _define(world, "a:b")
    _define(World(world.database), "a:b")
    _define(world, "A:b")
    with pytest.raises(Conflict):
        _define(world, "a:b")


def test_a_description_changes_and_a_scope_is_removed_once(world: World) -> None:
    _define(world, "a:b", "old")
    at = world.workspace_id
    with world.database.write() as tx:
        assert scopes.change(
            tx, at, scope=ScopeDefinition("a:b", "new", implies=frozenset({"c:d"}))
        )
        assert scopes.of_workspace(tx, at) == [
            ScopeDefinition("a:b", "new", implies=frozenset({"c:d"}))
        ]
        assert scopes.remove(tx, at, name="a:b")
        assert not scopes.remove(tx, at, name="a:b")
        assert not scopes.change(tx, at, scope=ScopeDefinition("a:b", "gone"))


def test_what_is_put_is_kept_whether_it_was_there_or_not(world: World) -> None:
    scope = ScopeDefinition("a:b", "new", application="a", implies=frozenset({"c:d"}))
    with world.database.write() as tx:
        scopes.put(tx, world.workspace_id, scope=ScopeDefinition("a:b", application="a"), at=NOW)
        scopes.put(tx, world.workspace_id, scope=scope, at=NOW)
        assert scopes.of_workspace(tx, world.workspace_id) == [scope]
