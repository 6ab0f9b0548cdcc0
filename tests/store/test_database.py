"""`read()` and `write()`: one view, one commit, nothing left of what fails."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from scopewright.core.catalogue import ScopeDefinition
from scopewright.core.errors import Conflict, Invalid, NotFound
from scopewright.core.model import ChangeKind
from scopewright.ids import new_id
from scopewright.store import scopes, sign_ins, workspaces
from scopewright.store.database import Database
from tests.store.world import NOW, World


def test_an_operation_that_raises_leaves_nothing(world: World) -> None:
    def fail() -> None:
        with world.database.write() as tx:
            workspaces.touch(tx, world.workspace_id, ChangeKind.VOCABULARY, "a:b", at=NOW)
            scopes.add(tx, world.workspace_id, scope=ScopeDefinition("a:b"), at=NOW)
            raise NotFound("on second thought")

    with pytest.raises(NotFound):
        fail()
    with world.database.read() as tx:
        assert workspaces.version(tx, world.workspace_id) == 0
        assert scopes.of_workspace(tx, world.workspace_id) == []


def test_a_conflict_undoes_what_came_before_it(world: World) -> None:
    def define(*names: str) -> None:
        with world.database.write() as tx:
            for name in names:
                scopes.add(tx, world.workspace_id, scope=ScopeDefinition(name), at=NOW)

    with pytest.raises(Conflict):
        define("a:b", "a:c", "a:b")
    with world.database.read() as tx:
        assert scopes.of_workspace(tx, world.workspace_id) == []


def test_what_was_written_is_seen_by_the_next_read(world: World) -> None:
    with world.database.write() as tx:
        version = workspaces.touch(tx, world.workspace_id, ChangeKind.CLIENT, "c", at=NOW)
    with world.database.read() as tx:
        assert workspaces.version(tx, world.workspace_id) == version


def test_a_read_keeps_its_view_while_others_write(world: World) -> None:
    with world.database.read() as tx:
        before = workspaces.version(tx, world.workspace_id)
        with world.database.write() as writing:
            workspaces.touch(writing, world.workspace_id, ChangeKind.CLIENT, "c", at=NOW)
        assert workspaces.version(tx, world.workspace_id) == before
    with world.database.read() as tx:
        assert workspaces.version(tx, world.workspace_id) == 1


def test_a_read_cannot_write_and_is_good_for_the_next_one(world: World) -> None:
    for _ in range(2):
        with pytest.raises(DBAPIError), world.database.read() as tx:
            scopes.add(tx, world.workspace_id, scope=ScopeDefinition("a:b"), at=NOW)
    with world.database.read() as tx:
        assert scopes.of_workspace(tx, world.workspace_id) == []
    with world.database.write() as tx:
        scopes.add(tx, world.workspace_id, scope=ScopeDefinition("a:b"), at=NOW)


def test_a_read_that_raises_gives_its_connection_back(world: World) -> None:
    def fail() -> None:
        with world.database.read() as tx:
            workspaces.version(tx, world.workspace_id)
            raise NotFound

    for _ in range(50):
        with pytest.raises(NotFound):
            fail()


@pytest.mark.parametrize("name", ["half \ud800", "nul \x00"])
def test_a_text_that_cannot_be_kept_is_invalid_or_comes_back(world: World, name: str) -> None:
    try:
        with world.database.write() as tx:
            scopes.add(tx, world.workspace_id, scope=ScopeDefinition("a:b", name), at=NOW)
    except Invalid:
        return
    with world.database.read() as tx:
        assert [scope.description for scope in scopes.of_workspace(tx, world.workspace_id)] == [
            name
        ]


@pytest.mark.parametrize("hash", ["half \ud800", "nul \x00"])
def test_asking_for_a_text_that_cannot_be_kept_is_invalid_or_finds_nothing(
    database: Database, hash: str
) -> None:
    try:
        with database.read() as tx:
            assert sign_ins.get(tx, hash, now=NOW) is None
    except Invalid:
        return


def test_a_new_file_may_be_opened_by_many_at_once(tmp_path: Path) -> None:
    def open_and_write(path: Path) -> None:
        opened = Database(f"sqlite:///{path}")
        with opened.write() as tx:
            tx.connection.execute(text("CREATE TABLE IF NOT EXISTS notes (note TEXT)"))
        opened.close()

    paths = [tmp_path / f"{number // 8}.db" for number in range(8 * 60)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(open_and_write, paths))


def test_ids_are_compared_by_code_point(world: World) -> None:
    names = [f"{letter}{new_id('x')}" for letter in "bBaA_-.:"]
    with world.database.write() as tx:
        for name in names:
            scopes.add(tx, world.workspace_id, scope=ScopeDefinition(name), at=NOW)
        found = [scope.name for scope in scopes.of_workspace(tx, world.workspace_id)]
    assert found == sorted(names)
