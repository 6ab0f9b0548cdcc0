"""A migrated database of each kind, shared by all tests here: each works in its own workspace."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scopewright.store.database import Database
from scopewright.store.migrating import migrate
from tests.postgres import Cluster
from tests.store.world import World


@pytest.fixture(
    scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'scopewright.db'}"
    else:
        cluster: Cluster = request.getfixturevalue("postgres_cluster")
        url = cluster.create_database()
    opened = Database(url)
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def empty_database(database_url: str) -> Iterator[Database]:
    """One without any table, for the tests of migrating."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def world(database: Database) -> World:
    return World(database)
