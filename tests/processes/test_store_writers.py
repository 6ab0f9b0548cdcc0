"""Several processes write to one SQLite database; a disk fills up under one of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scopewright.store.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'notes.db'}")
    with opened.write() as tx:
        tx.connection.exec_driver_sql("CREATE TABLE notes (note TEXT PRIMARY KEY)")
    yield opened
    opened.close()


def notes(database: Database) -> list[str]:
    with database.read() as tx:
        rows = tx.connection.exec_driver_sql("SELECT note FROM notes ORDER BY rowid")
        return [row[0] for row in rows]


WRITE_IN_A_LOOP = """
import sys, threading
from scopewright.store.database import Database
database = Database(sys.argv[1])
def write(number):
    for count in range(int(sys.argv[4])):
        with database.write() as tx:
            tx.connection.exec_driver_sql(
                f"INSERT INTO notes VALUES ('{sys.argv[2]}-{number}-{count}')"
            )
threads = [threading.Thread(target=write, args=(number,)) for number in range(int(sys.argv[3]))]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_several_processes_that_never_rest_all_get_their_turn(database: Database) -> None:
    busy = [_write_in_a_loop(database, name, threads=16, count=100) for name in ("a", "b")]
    quiet = _write_in_a_loop(database, "c", threads=1, count=50)
    for process in (*busy, quiet):
        assert process.wait(60) == 0
    assert len(notes(database)) == 2 * 16 * 100 + 50


def _write_in_a_loop(
    database: Database, name: str, *, threads: int, count: int
) -> subprocess.Popen[bytes]:
    url = database.url.render_as_string()
    return subprocess.Popen(
        [sys.executable, "-c", WRITE_IN_A_LOOP, url, name, str(threads), str(count)]
    )


FILL_THE_DISK = """
import os, resource, sys
from scopewright.store.database import Database
database = Database(sys.argv[1])
def write(note):
    with database.write() as tx:
        tx.connection.exec_driver_sql("INSERT INTO notes VALUES (?)", (note,))
write("before")
size = os.path.getsize(sys.argv[1].removeprefix("sqlite:///") + "-wal")
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 8192, unlimited[1]))
for _ in range(3):
    try:
        write("x" * 100_000)
    except Exception as error:
        print(type(error).__name__)
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
write("after")
"""


def test_a_full_disk_fails_what_does_not_fit_and_nothing_once_there_is_room(
    database: Database,
) -> None:
    url = database.url.render_as_string()
    command = [sys.executable, "-c", FILL_THE_DISK, url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["NotCommitted"] * 3
    assert notes(database) == ["before", "after"]
