"""Migrating: it leads to the schema of the code, once, whoever else tries at the same time."""

from __future__ import annotations

import json
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from scopewright.core.caller import Caller
from scopewright.core.catalogue import RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.deletions import deletion
from scopewright.core.errors import Invalid, NotNow
from scopewright.core.model import (
    Identity,
    KeyPolicy,
    SignIn,
    TokenOverrides,
    WorkspacePolicy,
)
from scopewright.core.proposals import Proposal
from scopewright.core.scopes import NONE
from scopewright.store import (
    assignments,
    deletions,
    grants,
    revisions,
    sign_ins,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database
from scopewright.store.migrating import (
    OLDEST,
    _locked,
    _revisions,
    _run,
    current_revision,
    lead_back,
    migrate,
    newest_revision,
    pending,
)
from scopewright.store.pages import Window
from scopewright.store.schema import metadata
from tests.postgres import Postgres
from tests.store.world import LATER, NOW, World

# A column that was added stands in the table's text elsewhere than in one that is made at once.
_SQLITE_SCHEMA = """
    SELECT t.name, 'column', c.name, c.type, c."notnull", c.dflt_value, c.pk
      FROM sqlite_master t, pragma_table_xinfo(t.name) c WHERE t.type = 'table'
    UNION ALL
    SELECT t.name, 'key', k."from", k."table", k."to", k.on_delete, ''
      FROM sqlite_master t, pragma_foreign_key_list(t.name) k WHERE t.type = 'table'
    UNION ALL
    SELECT t.name, 'index', i."unique", i.origin, c.seqno, c.name, coalesce(m.sql, '')
      FROM sqlite_master t, pragma_index_list(t.name) i, pragma_index_info(i.name) c
      LEFT JOIN sqlite_master m ON m.name = i.name WHERE t.type = 'table'
"""
_POSTGRES_SCHEMA = """
    SELECT table_name, column_name, data_type, is_nullable, collation_name
      FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', ''
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT tablename, indexname, indexdef, '', '' FROM pg_indexes WHERE schemaname = 'public'
"""


def _schema(database: Database) -> set[tuple[Any, ...]]:
    """Everything the database says of its tables, but Alembic's own."""
    question = _SQLITE_SCHEMA if database.is_sqlite else _POSTGRES_SCHEMA
    with database.read() as tx:
        return {tuple(row) for row in tx.all(text(question)) if row[0] != "alembic_version"}


def test_an_empty_database_is_migrated_once(empty_database: Database) -> None:
    assert pending(empty_database)
    assert current_revision(empty_database) is None
    assert migrate(empty_database) == (None, newest_revision())
    assert not pending(empty_database)
    assert migrate(empty_database) == (newest_revision(), newest_revision())


def test_alembic_finds_no_difference_between_the_schema_and_the_code(
    empty_database: Database,
) -> None:
    migrate(empty_database)
    with empty_database.engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_the_schema_is_to_the_letter_what_the_code_would_create(
    empty_database: Database, request: pytest.FixtureRequest, tmp_path_factory: Any
) -> None:
    if empty_database.is_sqlite:
        created = Database(f"sqlite:///{tmp_path_factory.mktemp('created') / 'created.db'}")
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        created = Database(postgres.fresh_database())
    metadata.create_all(created.engine)
    migrate(empty_database)
    expected = _schema(created)
    created.close()
    assert len(expected) > len(metadata.tables)
    assert _schema(empty_database) == expected


def test_processes_that_migrate_at_once_all_succeed_and_one_does_it(database_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier, answers = spawn.Barrier(3), spawn.SimpleQueue()
    processes = [
        spawn.Process(target=_migrate_at_once, args=(database_url, barrier, answers))
        for _ in range(3)
    ]
    for process in processes:
        process.start()
    befores = sorted(str(answers.get()) for _ in processes)
    for process in processes:
        process.join()
    assert befores == [newest_revision(), newest_revision(), "None"]


def test_threads_that_open_and_migrate_at_once_all_succeed(database_url: str) -> None:
    def start(_number: int) -> str | None:
        database = Database(database_url)
        try:
            return migrate(database)[0]
        finally:
            database.close()

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(start, range(8))).count(None) == 1


def test_a_newer_database_is_refused_by_name_and_left_alone(empty_database: Database) -> None:
    migrate(empty_database)
    with empty_database.write() as tx:
        tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for refused in (migrate, pending):
        with pytest.raises(NotNow, match="9999"):
            refused(empty_database)
    assert current_revision(empty_database) == "9999"


def test_a_migration_that_fails_leaves_the_database_as_it_was(empty_database: Database) -> None:
    with empty_database.write() as tx:
        tx.connection.execute(text("CREATE TABLE leases (mine INTEGER)"))
    before = _schema(empty_database)
    with pytest.raises(Exception, match="leases"):
        migrate(empty_database)
    assert _schema(empty_database) == before
    assert current_revision(empty_database) is None
    with empty_database.write() as tx:
        tx.connection.execute(text("DROP TABLE leases"))
    assert migrate(empty_database) == (None, newest_revision())


# --- the way back -------------------------------------------------------------------------------


def test_a_database_that_is_led_back_is_as_it_was_before(empty_database: Database) -> None:
    migrate(empty_database)
    newest = _schema(empty_database)
    seen = {}
    for revision in sorted(_revisions() - {newest_revision()}, reverse=True):
        if revision >= OLDEST:
            before = current_revision(empty_database)
            assert lead_back(empty_database, to=revision) == before
            assert current_revision(empty_database) == revision
            assert pending(empty_database)
            seen[revision] = _schema(empty_database)
    assert len({frozenset(schema) for schema in seen.values()}) == len(seen) >= 1
    for revision in sorted(seen):
        with _locked(empty_database) as connection:
            _run(connection, "upgrade", revision)
        assert _schema(empty_database) == seen[revision]
    migrate(empty_database)
    assert _schema(empty_database) == newest


@pytest.mark.parametrize("to", ["", "0", "0002", "00035", "9999", "head", "base", "-1", "nothing"])
def test_a_place_that_cannot_be_led_back_to_is_refused(empty_database: Database, to: str) -> None:
    with pytest.raises(Invalid):
        lead_back(empty_database, to=OLDEST)  # nothing is there yet
    migrate(empty_database)
    for revision in (to, newest_revision()):
        with pytest.raises(Invalid):
            lead_back(empty_database, to=revision)
    assert current_revision(empty_database) == newest_revision()


def test_what_an_older_version_would_not_heed_ends_with_the_way_back(
    empty_database: Database,
) -> None:
    migrate(empty_database)
    world = World(empty_database)
    person = world.principal()
    restricted, free = world.api_key(person, tags=("lab",)), world.api_key(person)
    sign_in = SignIn("cookie", Identity("email", "ann@example.com"), NOW, NOW, LATER)
    told = replace(
        world.workspace,
        tokens=TokenOverrides(access_lifetime=300, session_lifetime=600),
        policy=WorkspacePolicy(api_keys=KeyPolicy(must_expire=True), resources={"a": ["b"]}),
    )
    with empty_database.write() as tx:
        sign_ins.add(tx, sign_in)
        workspaces.change(tx, told)
    lead_back(empty_database, to="0003")
    with empty_database.read() as tx:
        keys = {row.id: row.revoked_at for row in tx.all(text("SELECT * FROM api_keys"))}
        assert {id: at is not None for id, at in keys.items()} == {
            restricted.id: True,
            free.id: False,
        }
        assert tx.all(text("SELECT * FROM sign_ins")) == []
        row = tx.all(text("SELECT * FROM workspaces"))[0]
    assert json.loads(row.tokens).keys() == asdict(told.tokens).keys() - {"session_lifetime"}
    assert json.loads(row.tokens)["access_lifetime"] == 300
    assert json.loads(row.policy) == {"resources": {"a": ["b"]}}


def test_what_deletions_took_goes_with_the_schema_to_and_fro(empty_database: Database) -> None:
    migrate(empty_database)
    world = World(empty_database)
    ann, caller = world.principal(), Caller(world.principal(), NONE, Vocabulary(), "token")
    granted, assigned = world.grant(ann, "a:r"), world.assign(ann, "crew")
    words = Proposal({"crew": RoleDefinition("crew")}, {"a:r": ScopeDefinition("a:r")})
    here = world.workspace_id
    with empty_database.write() as tx:
        vocabulary.change(tx, caller, words, at=NOW)
        there = vocabulary.here(tx, here, {})
        deletions.forget(tx, caller, there, deletion(there, roles=["crew"], scopes=["a:r"]), at=NOW)
    lead_back(empty_database, to="0007")
    with empty_database.read() as tx:
        kept = [json.loads(row[0]) for row in tx.all(text("SELECT before FROM revisions"))]
    at = NOW.isoformat()
    assert [told["taken"]["grants"] for told in kept if told["taken"]["grants"]] == [
        [[ann.id, "a:r", "admin", at]]
    ]
    assert [told["taken"]["assignments"] for told in kept if told["taken"]["assignments"]] == [
        [[ann.id, "crew", "admin", at]]
    ]
    migrate(empty_database)
    with empty_database.write() as tx:
        for revision in revisions.page(tx, here, Window()).items:
            deletions.bring_back(tx, revision)
        assert grants.of_principal(tx, ann.id) == [granted]
        assert assignments.of_principal(tx, ann.id) == [assigned]


@pytest.mark.postgres
def test_text_is_sorted_by_code_point_whatever_the_language(postgres: Postgres) -> None:
    database = Database(postgres.fresh_database())
    migrate(database)
    question = (
        "SELECT DISTINCT collation_name FROM information_schema.columns WHERE table_schema"
        " = 'public' AND data_type = 'text' AND column_name IN ('id', 'name', 'scope', 'hash')"
    )
    with database.read() as tx:
        assert [row[0] for row in tx.all(text(question))] == ["C"]
    database.close()


def _migrate_at_once(url: str, barrier: Any, answers: Any) -> None:
    database = Database(url)
    barrier.wait(30)
    try:
        answers.put(migrate(database)[0])
    except Exception as error:
        answers.put(error)
        raise
    finally:
        database.close()
