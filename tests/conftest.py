"""What every test may ask for: a frozen clock, databases of both kinds, an installation.

Nothing here starts before a test asks for it, so `tests/core` runs without any of it.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.clock import FrozenClock
from tests.migrated import migrated_file
from tests.postgres import Cluster, Postgres, running_cluster
from tests.servers import Installation

if TYPE_CHECKING:
    from tests.people import Stage
    from tests.tls import CertificateAuthority

QUICK_FIRST = ("core", "architecture", "guard", "store", "services")
SLOW_LAST = ("protocol", "environment", "peers", "processes", "browser")
# Where processes share the work: after the quickest comes what takes longest, so that all end
# together.
QUICKEST = ("core", "architecture")
LONG_FIRST = ("api/fuzz/test_schemathesis.py", "processes", "dialects", "cli", "environment",
              "protocol/peers", "peers", "browser", "services", "gateway")  # fmt: skip

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
    with running_cluster(durable=False) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def durable_cluster() -> Iterator[Cluster]:
    """One that outlives a power cut; the tests that are about this override `postgres_cluster`."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def postgres(postgres_cluster: Cluster) -> Iterator[Postgres]:
    databases = Postgres(postgres_cluster)
    yield databases
    databases.drop_databases()


KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database; the test runs once for each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'scopewright.db'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.fresh_database()


@pytest.fixture(params=KINDS)
def migrated_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same with every table, and nothing in them."""
    if request.param == "sqlite":
        return migrated_file(tmp_path / "scopewright.db")
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.fresh_database(migrated=True)


@pytest.fixture
def installation(tmp_path: Path, database_url: str) -> Iterator[Installation]:
    """Scopewright on an empty database, once for each kind; its servers end with the test."""
    with Installation(tmp_path, database_url=database_url) as installed:
        yield installed


# One for each kind, not one with a parameter: pytest keeps a single one of those, and would make
# it anew whenever the kind changes.
@pytest.fixture(scope="session")
def sqlite_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server in this process."""
    from tests.people import open_stage  # noqa: PLC0415 - the whole server, for those who ask

    url = migrated_file(tmp_path_factory.mktemp("stage") / "scopewright.db")
    with open_stage(url, FrozenClock()) as stage:
        yield stage


@pytest.fixture(scope="session")
def postgresql_stage(postgres_cluster: Cluster) -> Iterator[Stage]:
    """Another."""
    from tests.people import open_stage  # noqa: PLC0415

    with open_stage(postgres_cluster.create_migrated_database(), FrozenClock()) as stage:
        yield stage


@pytest.fixture(params=KINDS)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A workspace of the test's own on one of them, days later than the last test's."""
    from tests.people import next_stage  # noqa: PLC0415

    stage = next_stage(request.getfixturevalue(f"{request.param}_stage"))
    yield stage
    stage.end()


def pytest_configure() -> None:
    # A terminated run unwinds as an interrupted one does, so fixtures end what they started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Where it is set, hundreds of processes would each compile all that they import.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # one of several processes
        items.sort(key=lambda item: _rank_by_length(item.nodeid.removeprefix("tests/")))
    else:
        items.sort(key=lambda item: _rank(_directory(item.nodeid)))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Ten thousand tests stay to the end: the garbage collector need not look at them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


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


def _rank_by_length(path: str) -> int:
    if path.startswith(QUICKEST):
        return -1
    found = (place for place, long in enumerate(LONG_FIRST) if path.startswith(long))
    return next(found, len(LONG_FIRST))


def _rank(directory: str) -> int:
    if directory in QUICK_FIRST:
        return QUICK_FIRST.index(directory) - len(QUICK_FIRST)
    return SLOW_LAST.index(directory) + 1 if directory in SLOW_LAST else 0
