"""Several servers on one database, once for each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.migrated import migrated_file
from tests.postgres import Cluster
from tests.servers import Installation, Server
from tests.worlds import World

PROCESSES = 4
WITHOUT_LETTER_LIMITS = {
    "SCOPEWRIGHT_SIGN_IN__LETTERS": "100000",
    "SCOPEWRIGHT_SIGN_IN__LETTERS_A_SOURCE": "100000",
}


@dataclass(frozen=True)
class Several:
    """Servers that share a database, and a workspace to ask them about."""

    world: World
    servers: list[Server]

    def at(self, number: int, url: str) -> str:
        """The same address at another of the servers."""
        return url.replace(self.world.url, self.servers[number].url, 1)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def several(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Several]:
    """Four servers, each a process of its own."""
    folder = tmp_path_factory.mktemp(f"several-{request.param}")
    with Installation(folder, database_of(request, folder), WITHOUT_LETTER_LIMITS) as installation:
        init = installation.found()
        servers = [installation.serve() for _ in range(PROCESSES)]
        yield Several(World.at(servers[0].url, init, installation.letters), servers)


def database_of(request: pytest.FixtureRequest, folder: Path) -> str:
    """A new database of the kind that a fixture's parameter names."""
    if request.param == "sqlite":
        return migrated_file(folder / "scopewright.db")
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    return cluster.create_migrated_database()
