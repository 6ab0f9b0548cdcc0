"""The feed of changes: what was revoked, and what may be forgotten."""

from __future__ import annotations

from datetime import timedelta

from scopewright.core.model import ChangeKind
from scopewright.store import changes, workspaces
from scopewright.store.database import Transaction
from tests.store.world import LATER, NOW, TOMORROW, World

SECOND = timedelta(seconds=1)


def _three_changes(world: World) -> None:
    with world.database.write() as tx:
        at = world.workspace_id
        workspaces.touch(tx, at, ChangeKind.HOLDINGS, "p1", at=NOW)
        workspaces.touch(tx, at, ChangeKind.SESSION, "s1", at=NOW, forget_at=LATER)
        workspaces.touch(tx, at, ChangeKind.CLIENT, "c1", at=NOW, forget_at=TOMORROW)


def _versions(tx: Transaction, world: World) -> list[int]:
    return [one.version for one in changes.since(tx, world.workspace_id, after=0, limit=10)]


def test_the_feed_has_revocations_that_still_matter(world: World) -> None:
    _three_changes(world)
    with world.database.read() as tx:
        early = changes.revoked_since(tx, world.workspace_id, after=0, now=NOW, limit=10)
        late = changes.revoked_since(tx, world.workspace_id, after=0, now=LATER, limit=10)
        later = changes.revoked_since(tx, world.workspace_id, after=3, now=NOW, limit=10)
    assert [change.subject_id for change in early] == ["s1", "c1"]
    assert [change.subject_id for change in late] == ["c1"]
    assert later == []


def test_a_page_of_changes_is_the_oldest(world: World) -> None:
    _three_changes(world)
    with world.database.read() as tx:
        (first,) = changes.since(tx, world.workspace_id, after=0, limit=1)
    assert first.version == 1


def test_only_what_was_revoked_is_revoked(world: World) -> None:
    _three_changes(world)
    with world.database.read() as tx:
        asked = {
            (kind, subject): changes.is_revoked(
                tx, world.workspace_id, kind=kind, subject_id=subject
            )
            for kind in (ChangeKind.SESSION, ChangeKind.CLIENT, ChangeKind.HOLDINGS)
            for subject in ("s1", "p1")
        }
    assert [what for what, is_revoked in asked.items() if is_revoked] == [
        (ChangeKind.SESSION, "s1")
    ]


def test_purging_keeps_what_can_still_revoke_something(world: World) -> None:
    _three_changes(world)
    with world.database.write() as tx:
        changes.purge(tx, before=NOW, now=TOMORROW)
        assert _versions(tx, world) == [1, 2, 3]
        changes.purge(tx, before=NOW + SECOND, now=LATER + SECOND)
        assert _versions(tx, world) == [3]
        changes.purge(tx, before=NOW + SECOND, now=TOMORROW + SECOND)
        assert _versions(tx, world) == []
