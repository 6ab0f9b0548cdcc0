"""A migrated database of each kind, shared by all tests here: each works in its own workspace."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scopewright.store.database import Database
from tests.migrated import migrated_file
from tests.postgres import Cluster
from tests.store.world import World


@pytest.fixture(scope="session")
def sqlite_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = Database(migrated_file(tmp_path_factory.mktemp("store") / "scopewright.db"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgresql_database(postgres_cluster: Cluster) -> Iterator[Database]:
    opened = Database(postgres_cluster.create_migrated_database())
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    shared: Database = request.getfixturevalue(f"{request.param}_database")
    return shared


@pytest.fixture
def empty_database(database_url: str) -> Iterator[Database]:
    """One without any table, for the tests of migrating."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def world(database: Database) -> World:
    return World(database)
