"""A running server, and in it what foreign clients need: see `Stage`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.browser.conftest import browser, page  # noqa: F401 - fixtures
from tests.protocol.peers.browsing import callback
from tests.servers import Installation
from tests.visitors import Mailbox, a_browser, an_address
from tests.worlds import KnownClient, World

SCOPE = "sensor:read"


@dataclass(frozen=True)
class Stage:
    """A workspace with a client of each type and a person who holds `SCOPE`."""

    world: World
    phone: KnownClient
    app: KnownClient
    machine: KnownClient
    mailbox: Mailbox
    browser: httpx.Client

    def callback(self, url: str) -> str:
        """Where the person's browser ends that a client sends to this URL."""
        return callback(self.browser, url, self.mailbox)

    def opened(self, url: str) -> str:
        """Where the person's browser ends that merely opens a URL."""
        return str(self.browser.get(url).url)


@contextmanager
def standing(folder: Path, *program: str, **environment: str) -> Iterator[World]:
    """A workspace of a server that runs; `program` in place of the installed command."""
    url = f"sqlite:///{folder / 'scopewright.db'}"
    with Installation(folder, url, environment, program=program) as installed:
        init = installed.found()
        server = installed.serve()
        yield World.at(server.url, init, installed.letters)


@contextmanager
def staged(world: World) -> Iterator[Stage]:
    """New clients and a new person in this workspace."""
    address = an_address()
    world.end_user(address, scopes=[SCOPE])
    with a_browser() as visiting:
        yield Stage(
            world=world,
            phone=world.phone_app(),
            app=world.server_app(),
            machine=world.device(scopes=[SCOPE]),
            mailbox=world.mailbox(address),
            browser=visiting,
        )


@pytest.fixture(scope="module")
def peers_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with standing(tmp_path_factory.mktemp("peers")) as world:
        yield world


@pytest.fixture
def stage(peers_world: World) -> Iterator[Stage]:
    with staged(peers_world) as stage:
        yield stage
