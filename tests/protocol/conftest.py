"""Servers with a frozen clock, one on each kind of database; each test has its own issuer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.migrated import migrated_file
from tests.postgres import Cluster
from tests.protocol.issuer import Issuer, Site, running_site

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def sqlite_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(migrated_file(tmp_path_factory.mktemp("protocol") / "x.db")) as running:
        yield running


@pytest.fixture(scope="session")
def postgresql_site(postgres_cluster: Cluster) -> Iterator[Site]:
    with running_site(postgres_cluster.create_migrated_database()) as running:
        yield running


@pytest.fixture(params=KINDS)
def site(request: pytest.FixtureRequest) -> Site:
    """A server that most tests share; its clock goes on as they move it."""
    shared: Site = request.getfixturevalue(f"{request.param}_site")
    return shared


@pytest.fixture(scope="module", params=KINDS)
def own_site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A server of one file's own: nobody else writes to its database or moves its clock."""
    if request.param == "sqlite":
        url = migrated_file(tmp_path_factory.mktemp("own") / "x.db")
    else:
        url = request.getfixturevalue("postgres_cluster").create_migrated_database()
    with running_site(url) as running:
        yield running


@pytest.fixture
def issuer(site: Site) -> Issuer:
    """A workspace of the test's own, and its protocol endpoints."""
    return Issuer.new(site)


@pytest.fixture
def stranger(site: Site) -> Issuer:
    """Another workspace of the same server."""
    return Issuer.new(site)
