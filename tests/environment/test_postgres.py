"""The suite's own PostgreSQL cluster keeps its promises."""

from __future__ import annotations

import psycopg
import pytest

from tests.postgres import Cluster, Postgres, running_cluster

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="session")
def postgres_cluster(durable_cluster: Cluster) -> Cluster:
    """One that loses nothing by a power cut."""
    return durable_cluster


def _value(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_it_is_a_supported_version_that_makes_commits_durable(postgres: Postgres) -> None:
    url = postgres.fresh_database()
    assert int(str(_value(url, "SHOW server_version_num"))) >= 150000
    assert _value(url, "SHOW fsync") == "on"
    assert _value(url, "SHOW synchronous_commit") == "on"


def test_it_listens_on_loopback_alone_and_asks_for_a_password(postgres: Postgres) -> None:
    url = postgres.fresh_database()
    assert _value(url, "SHOW listen_addresses") == "127.0.0.1"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.replace(postgres.cluster.password, "wrong"))


def test_each_database_is_empty_and_its_own(postgres: Postgres) -> None:
    first, second = postgres.fresh_database(), postgres.fresh_database()
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE thing (id integer)")
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert (_value(first, tables), _value(second, tables)) == (1, 0)


def test_databases_are_dropped_though_somebody_is_connected(postgres: Postgres) -> None:
    url = postgres.fresh_database()
    with psycopg.connect(url):
        postgres.drop_databases()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def test_a_cluster_ends_when_its_block_fails() -> None:
    seen: list[Cluster] = []

    def fail_inside() -> None:
        with running_cluster() as cluster:
            seen.append(cluster)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_inside()
    (cluster,) = seen
    assert cluster.process is not None
    assert cluster.process.poll() == 0
    assert not cluster.folder.exists()


def test_a_test_that_asks_for_a_database_runs_on_both_kinds(
    database_url: str, request: pytest.FixtureRequest
) -> None:
    kind = request.node.callspec.params["database_url"]
    assert database_url.startswith(f"{kind}://")
