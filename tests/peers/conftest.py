"""One installed Scopewright for the peers here, with a workspace that knows Tiled's scopes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.migrated import migrated_file
from tests.servers import Installation
from tests.worlds import World

SCOPES = ("read:metadata", "read:data", "write:metadata", "write:data", "create:node")
PUBLISH_BEFORE_SECONDS = 3


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A workspace whose keys are published for a short time only before they sign."""
    folder = tmp_path_factory.mktemp("peers")
    environment = {
        "SCOPEWRIGHT_KEYS__PUBLISH_BEFORE": f"{PUBLISH_BEFORE_SECONDS} s",
        "SCOPEWRIGHT_SIGN_IN__LETTERS_A_SOURCE": "1000",
    }
    url = migrated_file(folder / "scopewright.db")
    with Installation(folder, database_url=url, environment=environment) as installed:
        made = installed.init()
        installed.serve()
        world = World.at(installed.url, made, installed.letters)
        world.define(*SCOPES)
        yield world
