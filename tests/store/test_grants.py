"""Grants: giving twice is giving once."""

from __future__ import annotations

import pytest

from scopewright.core.caller import Caller
from scopewright.core.catalogue import ScopeDefinition, Vocabulary
from scopewright.core.errors import Conflict
from scopewright.core.model import Grant
from scopewright.core.scopes import NONE
from scopewright.ids import new_uuid
from scopewright.store import grants, revisions
from tests.store.world import LATER, NOW, World


def test_a_grant_comes_back_equal_and_the_first_one_stays(world: World) -> None:
    ann = world.principal()
    first = Grant(ann.id, "sensor:read", granted_by="bob", granted_at=NOW)
    second = Grant(ann.id, "sensor:read", granted_by="eve", granted_at=LATER)
    with world.database.write() as tx:
        assert grants.add(tx, world.workspace_id, grant=first)
        assert not grants.add(tx, world.workspace_id, grant=second)
        assert grants.of_principal(tx, ann.id) == [first]


def test_grants_are_listed_by_scope_and_by_principal(world: World) -> None:
    ann, bob, eve = (world.principal() for _ in range(3))
    of_ann = [world.grant(ann, scope) for scope in ("im.timUser", "im.tim", "a:b", "Z")]
    (of_bob,) = [world.grant(bob, "a:b")]
    with world.database.read() as tx:
        assert [g.scope for g in grants.of_principal(tx, ann.id)] == [
            "Z", "a:b", "im.tim", "im.timUser",
        ]  # fmt: skip
        found = grants.of_principals(tx, [ann.id, bob.id, eve.id])
        assert grants.of_principals(tx, []) == {}
    assert {id: set(given) for id, given in found.items()} == {
        ann.id: set(of_ann),
        bob.id: {of_bob},
        eve.id: set(),
    }


def test_a_grant_is_removed_once(world: World) -> None:
    ann = world.principal()
    world.grant(ann, "a:b")
    with world.database.write() as tx:
        assert grants.remove(tx, principal_id=ann.id, scope="a:b")
        assert not grants.remove(tx, principal_id=ann.id, scope="a:b")


def test_what_is_taken_with_a_scope_goes_in_this_workspace_alone(world: World) -> None:
    other = World(world.database)
    ann, bob, eve = world.principal(), world.principal(), other.principal()
    for owner, principal in ((world, ann), (world, bob), (other, eve)):
        owner.grant(principal, "a:b")
    world.grant(ann, "a:c")
    caller = Caller(ann, NONE, Vocabulary(), "token")
    with world.database.write() as tx:
        revision_id = revisions.of_scope(tx, caller, ScopeDefinition("a:b"), None, at=NOW)
        grants.take(tx, world.workspace_id, scope="a:b", revision_id=revision_id)
        assert [g.scope for g in grants.of_principal(tx, ann.id)] == ["a:c"]
        assert grants.of_principal(tx, bob.id) == []
        assert [g.scope for g in grants.of_principal(tx, eve.id)] == ["a:b"]


def test_a_grant_to_nobody_is_refused(world: World) -> None:
    grant = Grant(new_uuid(), "a:b", granted_by="bob", granted_at=NOW)
    with pytest.raises(Conflict), world.database.write() as tx:
        grants.add(tx, world.workspace_id, grant=grant)
