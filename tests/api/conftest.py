"""The application on a database of each kind, shared by all tests here: each has a workspace."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.inprocess import Running, Tenant, running
from tests.migrated import migrated_file
from tests.postgres import Cluster


@pytest.fixture(scope="session")
def inside_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("api")
    with running(migrated_file(folder / "scopewright.db"), folder) as started:
        yield started


@pytest.fixture(scope="session")
def inside_postgresql(
    postgres_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    url = postgres_cluster.create_migrated_database()
    with running(url, tmp_path_factory.mktemp("api")) as started:
        yield started


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def inside(request: pytest.FixtureRequest) -> Running:
    shared: Running = request.getfixturevalue(f"inside_{request.param}")
    return shared


@pytest.fixture
def tenant(inside: Running) -> Tenant:
    return Tenant(inside)
