"""A workspace with a hundred thousand end-users, on a server in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.filling import filling

from scopewright import app
from scopewright.settings import load
from tests.browser.filled import ARABIC, SMILING, fill
from tests.browser.pages import serving
from tests.migrated import migrated_file
from tests.servers import Installation
from tests.worlds import World

CROWD = 100_000
LONGEST = 128
# What copies are called, by turns: mostly by address, and in Arabic, at length, with a smile.
NAMES = f"""CASE i % 7 WHEN 1 THEN '{ARABIC} ' || i
  WHEN 3 THEN substr('{"n" * LONGEST}' || i, -{LONGEST}) WHEN 5 THEN '{SMILING} ' || i
  ELSE 'p' || i || '@crowd.example' END"""
CATALOGUE = """
title = "House"
[[role]]
name = "house:guest"
includes = ["house:missing"]
"""
SETTINGS = """
authentication:
  providers:
    - provider: toy
      authenticator: dictionary
      title: The toy directory
      args: {users_to_passwords: {alice: secret}}
      on_first_sign_in: create
      confirmation_message: You are signed in as {id}.
sign_in:
  letters: 10000
  letters_a_source: 10000
"""


@contextmanager
def crowded(folder: Path) -> Iterator[World]:
    """The filled workspace, once there is a crowd in it."""
    catalogue = folder / "house.toml"
    catalogue.write_text(CATALOGUE)
    (folder / "scopewright.yaml").write_text(f"catalogues: [{catalogue}]\n{SETTINGS}")
    url = migrated_file(folder / "scopewright.db")
    with Installation(folder, database_url=url, environment={}) as installed:
        world = World.at(installed.url, installed.found(catalogues=["house"]), installed.letters)
        with _within(installed):
            fill(world)
            person = world.admin.get("/end-users/ann@example.com").json()["id"]
        _copy(url, person)
        with _within(installed):
            yield world


@contextmanager
def _within(installed: Installation) -> Iterator[None]:
    options = {
        "database.url": installed.database_url,
        "server.public_url": installed.url,
        "mail.url": f"file:{installed.letters}",
    }
    loaded = load(folder=installed.folder, environment={}, options=options, file=None)
    with serving(app.build(loaded.settings), installed.port):
        yield


def _copy(url: str, person: str) -> None:
    """Make a crowd of one person, with what that one holds."""
    with filling(url) as database:
        copied, address = database.uuid("b", "i"), "'p' || i || '@crowd.example'"
        database.copy(
            "principals", f"id = '{person}'", CROWD, id=copied, name=NAMES, subject=address
        )
        whose = {"principal_id": copied}
        holds = f"principal_id = '{person}'"
        database.copy("identities", holds, CROWD, subject=address, **whose)
        database.copy("grants", holds, CROWD, **whose)
        database.copy("sessions", holds, CROWD, id=database.id("ses", "i"), **whose)
