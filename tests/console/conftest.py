"""One installed Scopewright for the pages of workspaces, and members who are signed in there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.console.members import AtWork, at_work
from tests.migrated import migrated_file
from tests.servers import Installation
from tests.worlds import World


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The workspace that was there first; letters are not limited."""
    folder = tmp_path_factory.mktemp("console")
    environment = {
        "SCOPEWRIGHT_SIGN_IN__LETTERS_A_SOURCE": "10000",
        "SCOPEWRIGHT_SIGN_IN__LETTERS": "10000",
    }
    url = migrated_file(folder / "scopewright.db")
    with Installation(folder, database_url=url, environment=environment) as installed:
        made = installed.init()
        installed.serve()
        yield World.at(installed.url, made, installed.letters)


@pytest.fixture
def world(first: World) -> World:
    """A workspace of the test's own, with the same administrator."""
    return first.another()


@pytest.fixture(scope="module")
def administrator(first: World) -> AtWork:
    """The administrator's browser; they administer every workspace of this file."""
    return at_work(first, first.admin_email)


@pytest.fixture
def admin(administrator: AtWork, world: World) -> AtWork:
    """The administrator at the test's own workspace."""
    return administrator.at(world)
