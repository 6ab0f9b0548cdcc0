"""Groups: who is in which, nested and on a cycle, page by page, and what goes with them."""

from __future__ import annotations

import pytest

from scopewright.core.errors import Conflict
from scopewright.core.groups import GroupMember, Relation
from scopewright.core.model import Principal
from scopewright.store import groups, principals
from scopewright.store.pages import Window
from tests.store.world import World

DIRECT, INDIRECT = Relation.DIRECT, Relation.INDIRECT


def members_of(world: World, group: Principal, *, limit: int = 100) -> list[GroupMember]:
    """All members, walked in pages."""
    found: list[GroupMember] = []
    window: Window | None = Window(limit)
    while window is not None:
        with world.database.read() as tx:
            page = groups.page_of_members(tx, group.id, window=window)
        assert len(page.items) <= limit
        found += page.items
        window = None if page.cursor is None else Window(limit, page.cursor)
    return found


def test_a_membership_comes_back_equal_and_is_there_once(world: World) -> None:
    ann, group = world.principal(), world.group()
    membership = world.put(group, ann)
    with pytest.raises(Conflict):
        world.put(group, ann)
    with world.database.write() as tx:
        assert groups.get(tx, group_id=group.id, principal_id=ann.id) == membership
        assert groups.get(tx, group_id=ann.id, principal_id=group.id) is None
        assert groups.members(tx, group.id) == [membership]
        assert groups.remove(tx, group_id=group.id, principal_id=ann.id)
        assert not groups.remove(tx, group_id=group.id, principal_id=ann.id)
        assert groups.members(tx, group.id) == []


def test_the_way_up_has_each_membership_once(world: World) -> None:
    ann, bob = world.principal(), world.principal()
    left, right = world.group(ann), world.group(ann, bob)
    top = world.group(left, right)
    world.group(world.principal())
    with world.database.read() as tx:
        found = groups.above(tx, [ann.id])
        both = groups.above(tx, [ann.id, bob.id])
        assert groups.above(tx, [top.id]) == groups.above(tx, []) == []
    mine = {(ann.id, left.id), (ann.id, right.id), (left.id, top.id), (right.id, top.id)}
    assert sorted((m.principal_id, m.group_id) for m in found) == sorted(mine)
    assert len(both) == len(mine) + 1


def test_everybody_below_is_a_member_and_a_direct_one_if_also_that(world: World) -> None:
    ann, bob, eve = (world.principal() for _ in range(3))
    inner = world.group(ann, bob)
    middle = world.group(inner)
    outer = world.group(middle, ann)
    world.group(outer, eve)
    expected = {ann.id: DIRECT, bob.id: INDIRECT, inner.id: INDIRECT, middle.id: DIRECT}
    for limit in (1, 3, 4):
        found = members_of(world, outer, limit=limit)
        assert {one.principal.id: one.relation for one in found} == expected
        ids = [one.principal.id for one in found]
        assert ids == sorted(set(ids))
    assert members_of(world, world.group()) == []


def test_a_cycle_which_no_service_makes_ends(world: World) -> None:
    ann = world.principal()
    one, other = world.group(ann), world.group()
    world.put(one, other)
    world.put(other, one)
    with world.database.read() as tx:
        above = groups.above(tx, [ann.id])
    assert {m.group_id for m in above} == {one.id, other.id}
    assert {m.principal.id for m in members_of(world, one)} == {ann.id, one.id, other.id}


def test_a_membership_goes_with_either_end(world: World) -> None:
    ann, bob = world.principal(), world.principal()
    inner = world.group(ann, bob)
    outer = world.group(inner)
    with world.database.write() as tx:
        principals.remove(tx, ann.id)
        assert [m.principal_id for m in groups.members(tx, inner.id)] == [bob.id]
        principals.remove(tx, inner.id)
        assert groups.members(tx, outer.id) == groups.above(tx, [bob.id]) == []
        assert principals.get(tx, bob.id) == bob


def test_thirty_groups_in_a_chain_are_walked(world: World) -> None:
    ann = world.principal()
    top = inner = world.group(ann)
    for _ in range(29):
        top = world.group(top)
    with world.database.read() as tx:
        assert len(groups.above(tx, [ann.id])) == 30
    relations = {one.principal.id: one.relation for one in members_of(world, top)}
    assert len(relations) == 30
    assert relations[inner.id] is relations[ann.id] is INDIRECT
