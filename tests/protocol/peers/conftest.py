"""A running server, and in it what foreign clients need: see `Stage`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

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


@pytest.fixture(scope="module")
def peers_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("peers")
    with Installation(folder, database_url=f"sqlite:///{folder / 'scopewright.db'}") as installed:
        init = installed.init()
        server = installed.serve()
        yield World.at(server.url, init, installed.letters)


@pytest.fixture
def stage(peers_world: World) -> Iterator[Stage]:
    world, address = peers_world, an_address()
    world.end_user(address, scopes=[SCOPE])
    with a_browser() as browser:
        yield Stage(
            world=world,
            phone=world.phone_app(),
            app=world.server_app(),
            machine=world.device(scopes=[SCOPE]),
            mailbox=world.mailbox(address),
            browser=browser,
        )
