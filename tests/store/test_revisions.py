"""Revisions: what each change was before, with what a deletion took."""

from __future__ import annotations

from dataclasses import replace

from scopewright.core.caller import Caller
from scopewright.core.catalogue import RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.deletions import Taken
from scopewright.core.revisions import Revision, RevisionKind, told_role, told_scope
from scopewright.core.scopes import NONE
from scopewright.store import revisions
from scopewright.store.pages import Window
from tests.store.world import LATER, NOW, World

ROLE, LESS = RoleDefinition("crew", scopes=frozenset({"a:r"})), RoleDefinition("crew", "✓")
SCOPE = ScopeDefinition("a:r", "Read.", implies=frozenset({"b:r"}))
TAKEN = Taken(
    assignments=2,
    grants=1,
    roles=frozenset({"outer"}),
    scopes=frozenset({"c:r"}),
    includes=frozenset({"gone"}),
)


def caller_in(world: World) -> Caller:
    return Caller(world.principal(), NONE, Vocabulary(), "token")


def kept(world: World) -> tuple[Revision, ...]:
    with world.database.read() as tx:
        return revisions.page(tx, world.workspace_id, Window()).items


def test_changes_come_back_equal_and_in_the_order_of_their_ids(world: World) -> None:
    caller = caller_in(world)
    with world.database.write() as tx:
        revisions.of_role(tx, caller, None, ROLE, at=NOW)
        revisions.of_role(tx, caller, ROLE, LESS, at=NOW)
        revisions.of_role(tx, caller, LESS, None, at=LATER, taken=TAKEN)
        revisions.of_scope(tx, caller, SCOPE, None, at=LATER, taken=TAKEN)
        revisions.of_mapping(tx, caller, "gone", before=None, after="crew", at=LATER)
    told = [(r.kind, r.name, r.before, r.after, r.taken, r.at) for r in kept(world)]
    ids = [revision.id for revision in kept(world)]
    assert ids == sorted(ids, reverse=True)
    role, scope, mapping = RevisionKind.ROLE, RevisionKind.SCOPE, RevisionKind.MAPPING
    expected = [
        (role, "crew", None, told_role(ROLE), Taken(), NOW),
        (role, "crew", told_role(ROLE), told_role(LESS), Taken(), NOW),
        (role, "crew", told_role(LESS), None, TAKEN, LATER),
        (scope, "a:r", told_scope(SCOPE), None, TAKEN, LATER),
        (mapping, "gone", None, {"role": "crew"}, Taken(), LATER),
    ]
    assert sorted(told, key=str) == sorted(expected, key=str)
    assert {revision.actor for revision in kept(world)} == {caller.principal.id}
    assert kept(World(world.database)) == ()


def test_what_changes_nothing_is_not_remembered(world: World) -> None:
    caller = caller_in(world)
    with world.database.write() as tx:
        revisions.of_role(tx, caller, ROLE, ROLE, at=NOW)
    assert kept(world) == ()


def test_a_change_is_marked_as_undone_once_and_undoing_it_is_another(world: World) -> None:
    caller, elsewhere = caller_in(world), World(world.database).workspace_id
    with world.database.write() as tx:
        revisions.of_role(tx, caller, ROLE, None, at=NOW, taken=TAKEN)
    (change,) = kept(world)
    with world.database.write() as tx:
        assert revisions.undo(tx, change.id, at=LATER)
        assert not revisions.undo(tx, change.id, at=LATER)
        revisions.of_undoing(tx, caller, change, at=LATER)
        assert revisions.get(tx, world.workspace_id, change.id) == replace(change, undone_at=LATER)
        assert revisions.get(tx, elsewhere, change.id) is None
        assert revisions.get(tx, world.workspace_id, "rev_0") is None
    (undoing,) = (revision for revision in kept(world) if revision.id != change.id)
    assert (undoing.before, undoing.after) == (None, told_role(ROLE))
    assert (undoing.taken, undoing.undone_at) == (Taken(), None)
