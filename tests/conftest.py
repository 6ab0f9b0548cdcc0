"""What every test may ask for: a frozen clock, databases of both kinds, an installation.

Nothing here starts before a test asks for it, so `tests/core` runs without any of it.
"""

from __future__ import annotations

import signal
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.clock import FrozenClock
from tests.postgres import Cluster, Postgres, running_cluster
from tests.servers import Installation

if TYPE_CHECKING:
    from tests.people import Stage
    from tests.tls import CertificateAuthority

QUICK_FIRST = ("core", "architecture", "guard", "store", "services")
SLOW_LAST = ("protocol", "environment", "processes", "browser")

_seconds: dict[str, float] = defaultdict(float)
_tests: dict[str, int] = defaultdict(int)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture(scope="session")
def certificate_authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    """Who issues the certificates of `tests/tls.py: https_site` and of clients."""
    from tests.tls import CertificateAuthority  # noqa: PLC0415

    return CertificateAuthority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """The suite's own PostgreSQL, for fixtures that live longer than a test."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def postgres(postgres_cluster: Cluster) -> Iterator[Postgres]:
    databases = Postgres(postgres_cluster)
    yield databases
    databases.drop_databases()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database; the test runs once for each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'scopewright.db'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.fresh_database()


@pytest.fixture
def installation(tmp_path: Path, database_url: str) -> Iterator[Installation]:
    """Scopewright on an empty database, once for each kind; its servers end with the test."""
    with Installation(tmp_path, database_url=database_url) as installed:
        yield installed


@pytest.fixture(
    scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def shared_stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """One server in this process for each kind of database."""
    from tests.people import open_stage  # noqa: PLC0415 - the whole server, for those who ask

    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('stage') / 'scopewright.db'}"
    else:
        url = request.getfixturevalue("postgres_cluster").create_database()
    with open_stage(url, FrozenClock()) as stage:
        yield stage


@pytest.fixture
def stage(shared_stage: Stage) -> Stage:
    """A workspace of the test's own on it, a day later than the last test's."""
    from tests.people import next_stage  # noqa: PLC0415

    return next_stage(shared_stage)


def pytest_configure() -> None:
    """A terminated run unwinds as an interrupted one does, so fixtures end what they started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _rank(_directory(item.nodeid)))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    directory = _directory(report.nodeid)
    _seconds[directory] += report.duration
    _tests[directory] += report.when == "call"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("time by directory")
    for directory, seconds in _seconds.items():
        terminalreporter.line(f"{seconds:8.1f} s  {_tests[directory]:5}  tests/{directory}")


def _directory(nodeid: str) -> str:
    """`core` for `tests/core/test_scopes.py::test_…`."""
    return nodeid.removeprefix("tests/").partition("/")[0]


def _rank(directory: str) -> int:
    if directory in QUICK_FIRST:
        return QUICK_FIRST.index(directory) - len(QUICK_FIRST)
    return SLOW_LAST.index(directory) + 1 if directory in SLOW_LAST else 0
