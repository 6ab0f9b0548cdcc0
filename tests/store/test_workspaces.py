"""Workspaces, and the versions of what changes authority in them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from scopewright.core.errors import Conflict, NotFound
from scopewright.core.model import (
    Change,
    ChangeKind,
    Identity,
    Principal,
    PrincipalKind,
    TokenOverrides,
    Workspace,
)
from scopewright.ids import new_id, new_uuid
from scopewright.store import changes, workspaces
from scopewright.store.database import Database
from tests.store.world import LATER, NOW, TOMORROW, World


def test_a_workspace_comes_back_equal_by_id_and_by_slug(world: World) -> None:
    with world.database.read() as tx:
        assert workspaces.get(tx, world.workspace_id) == world.workspace
        assert workspaces.by_slug(tx, world.workspace.slug) == world.workspace
        assert world.workspace in workspaces.list_all(tx)
        assert workspaces.get(tx, new_uuid()) is None


def test_a_slug_is_taken_once(world: World) -> None:
    double = replace(world.workspace, id=new_uuid())
    with pytest.raises(Conflict), world.database.write() as tx:
        workspaces.add(tx, double)


def test_name_and_token_settings_change_and_the_slug_stays(world: World) -> None:
    changed = replace(world.workspace, name="Other", tokens=TokenOverrides(refresh_grace=0))
    with world.database.write() as tx:
        workspaces.change(tx, replace(changed, slug="ignored"))
        assert workspaces.get(tx, world.workspace_id) == changed


def test_a_member_finds_their_workspaces_and_an_end_user_does_not(world: World) -> None:
    member = world.principal(kind=PrincipalKind.MEMBER)
    end_user = world.principal()
    assert _workspaces_of(world.database, member) == [world.workspace]
    assert _workspaces_of(world.database, end_user) == []


def test_touch_counts_every_change_without_gaps(world: World) -> None:
    with world.database.write() as tx:
        for subject in ("one", "two"):
            workspaces.touch(tx, world.workspace_id, ChangeKind.HOLDINGS, subject, at=NOW)
        last = workspaces.touch(
            tx, world.workspace_id, ChangeKind.SESSION, "three", at=LATER, forget_at=TOMORROW
        )
        assert workspaces.version(tx, world.workspace_id) == last == 3
        assert changes.since(tx, world.workspace_id, after=1, limit=10) == [
            Change(world.workspace_id, 2, ChangeKind.HOLDINGS, "two", NOW),
            Change(world.workspace_id, 3, ChangeKind.SESSION, "three", LATER, TOMORROW),
        ]


def test_touching_what_is_not_there_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound), database.write() as tx:
        workspaces.touch(tx, new_uuid(), ChangeKind.CLIENT, "c", at=NOW)


def test_versions_of_many_threads_are_seen_in_order_and_without_gaps(world: World) -> None:
    def touch(number: int) -> list[int]:
        with world.database.write() as tx:
            workspaces.touch(tx, world.workspace_id, ChangeKind.HOLDINGS, str(number), at=NOW)
        with world.database.read() as tx:
            seen = changes.since(tx, world.workspace_id, after=0, limit=1000)
        return [change.version for change in seen]

    with ThreadPoolExecutor(8) as threads:
        views = list(threads.map(touch, range(80)))
    assert all(view == list(range(1, len(view) + 1)) for view in views)
    assert max(len(view) for view in views) == 80


def test_removing_a_workspace_removes_what_is_in_it(world: World) -> None:
    world.session()
    with world.database.write() as tx:
        workspaces.touch(tx, world.workspace_id, ChangeKind.CLIENT, "c", at=NOW)
        assert workspaces.remove(tx, world.workspace_id)
        assert not workspaces.remove(tx, world.workspace_id)
        assert workspaces.version(tx, world.workspace_id) is None
        assert changes.since(tx, world.workspace_id, after=0, limit=10) == []


def test_the_smallest_workspace_comes_back_equal(database: Database) -> None:
    smallest = Workspace(new_uuid(), new_id("w"), "", catalogues=(), created_at=NOW)
    with database.write() as tx:
        workspaces.add(tx, smallest)
        assert workspaces.get(tx, smallest.id) == smallest


def _workspaces_of(database: Database, principal: Principal) -> list[Workspace]:
    assert isinstance(principal.identity, Identity)
    with database.read() as tx:
        return workspaces.of_member(tx, principal.identity)
