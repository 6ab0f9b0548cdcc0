"""Two servers on each kind of database: the installed command, and one whose clock is frozen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scopewright import app
from scopewright.settings import Settings
from tests.clock import FrozenClock
from tests.inprocess import ALWAYS_FRESH
from tests.postgres import Cluster
from tests.servers import Installation
from tests.serving import serving
from tests.worlds import World

PLENTY = 1_000_000  # everybody here writes from one address


@dataclass(frozen=True)
class Site:
    """The first workspace of a running server, and the database that it uses."""

    first: World
    database_url: str


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of database; every test here runs once for each."""
    return str(request.param)


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """The settings of `site`; a module may have others."""
    return {
        "SCOPEWRIGHT_SIGN_IN__LETTERS_A_SOURCE": str(PLENTY),
        "SCOPEWRIGHT_SERVER__TRUSTED_PROXIES": "127.0.0.1",
    }


@pytest.fixture(scope="module")
def installed(
    kind: str,
    environment: dict[str, str],
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Installation]:
    """Scopewright on an empty database, whose servers end with the module."""
    folder = tmp_path_factory.mktemp("site")
    database_url = empty_database(kind, request, folder)
    with Installation(folder, database_url, environment) as installed:
        yield installed


@pytest.fixture(scope="module")
def site(installed: Installation) -> Site:
    """`scopewright init` and `scopewright serve`, as an administrator runs them."""
    made = installed.init()
    installed.serve()
    return Site(World.at(installed.url, made, installed.letters), installed.database_url)


@pytest.fixture
def world(site: Site) -> World:
    """A workspace of the test's own."""
    return site.first.another()


@pytest.fixture(scope="module")
def frozen_clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture(scope="module")
def frozen_site(
    kind: str,
    frozen_clock: FrozenClock,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """A server that reads the tests' clock, where anybody may register."""
    folder = tmp_path_factory.mktemp("frozen")
    settings = Settings.model_validate(
        {
            "database": {"url": empty_database(kind, request, folder)},
            "mail": {"url": f"file:{folder / 'letters'}"},
            "sign_in": {
                "letters_a_source": PLENTY,
                "registration": "open",
                "fresh_for": ALWAYS_FRESH,
            },
        }
    )
    with serving(settings, clock=frozen_clock) as url:
        first = first_world(settings, frozen_clock, url, folder / "letters")
        yield Site(first, settings.database.url)


@pytest.fixture
def clock(frozen_clock: FrozenClock) -> FrozenClock:
    """What `timed_world` takes for now."""
    return frozen_clock


@pytest.fixture
def timed_world(frozen_site: Site) -> World:
    """A workspace of the test's own on the server with the frozen clock."""
    return frozen_site.first.another()


def empty_database(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """Where a server of this kind may begin."""
    if kind == "sqlite":
        return f"sqlite:///{folder / 'scopewright.db'}"
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    return cluster.create_database()


def first_world(
    settings: Settings, clock: FrozenClock, url: str, letters: Path, **more: Any
) -> World:
    """What `scopewright init` makes, by the same operation and the frozen clock."""
    server = settings.server.model_copy(update={"public_url": url})
    application = app.build(settings.model_copy(update={"server": server}), clock=clock)
    made = application.services.founding.initialise(
        name="Acme", slug="acme", admin_email="admin@example.com", **more
    )
    asyncio.run(application.close())
    return World.at(url, dict(made), letters)
