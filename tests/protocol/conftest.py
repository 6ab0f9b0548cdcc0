"""Servers with a frozen clock, one on each kind of database; each test has its own issuer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres import Cluster
from tests.protocol.issuer import Issuer, Site, running_site

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session", params=KINDS)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A server that most tests share; its clock goes on as they move it."""
    with running_site(_new_database(request, tmp_path_factory)) as running:
        yield running


@pytest.fixture(scope="module", params=KINDS)
def own_site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A server of one file's own: nobody else writes to its database or moves its clock."""
    with running_site(_new_database(request, tmp_path_factory)) as running:
        yield running


def _new_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('protocol') / 'scopewright.db'}"
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    return cluster.create_database()


@pytest.fixture
def issuer(site: Site) -> Issuer:
    """A workspace of the test's own, and its protocol endpoints."""
    return Issuer.new(site)


@pytest.fixture
def stranger(site: Site) -> Issuer:
    """Another workspace of the same server."""
    return Issuer.new(site)
