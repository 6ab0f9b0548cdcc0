"""The application on a database of each kind, shared by all tests here: each has a workspace."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.inprocess import Running, Tenant, running
from tests.postgres import Cluster


@pytest.fixture(
    scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def inside(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("api")
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'scopewright.db'}"
    else:
        cluster: Cluster = request.getfixturevalue("postgres_cluster")
        url = cluster.create_database()
    with running(url, folder) as started:
        yield started


@pytest.fixture
def tenant(inside: Running) -> Tenant:
    return Tenant(inside)
