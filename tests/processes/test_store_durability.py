"""What was acknowledged is on the disk: after a kill, and as the kernel sees it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import text

from scopewright.store.database import Database
from scopewright.store.migrating import migrate
from scopewright.store.schema import instance
from tests.postgres import Cluster

# Writes rows from many threads and says each one's name, in one write(2), once it is acknowledged.
ACKNOWLEDGE = """
import os, sys, threading
from sqlalchemy import event
from scopewright.ids import new_id
from scopewright.store import instance
from scopewright.store.database import Database

url, threads, count, synchronous = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
database = Database(url)
if synchronous:
    def lower(connection, record):
        connection.execute(f"PRAGMA synchronous = {synchronous}")
    event.listen(database.engine, "connect", lower)

def write():
    for _ in range(count):
        name = new_id("row")
        with database.write() as tx:
            instance.keep_first(tx, name, "kept")
        os.write(1, f"{name}\\n".encode())

running = [threading.Thread(target=write, daemon=True) for _ in range(threads)]
[thread.start() for thread in running]
[thread.join() for thread in running]
"""
FOR_EVER = 10**9


def _command(url: str, *, threads: int, count: int, synchronous: str = "") -> list[str]:
    return [sys.executable, "-c", ACKNOWLEDGE, url, str(threads), str(count), synchronous]


@pytest.fixture(scope="session")
def postgres_cluster(durable_cluster: Cluster) -> Cluster:
    """One that loses nothing by a power cut."""
    return durable_cluster


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    migrate(opened)
    yield opened
    opened.close()


def test_a_killed_process_loses_nothing_that_it_acknowledged(
    database: Database, database_url: str
) -> None:
    acknowledged: set[str] = set()
    for _ in range(5):
        command = _command(database_url, threads=8, count=FOR_EVER)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            heard = [process.stdout.readline() for _ in range(60)]
            process.kill()
            heard += process.stdout.readlines()
        acknowledged.update(line.strip() for line in heard if line.endswith("\n"))
        with database.read() as tx:
            kept = {row.name for row in tx.all(instance.select())}
        assert acknowledged <= kept
    assert len(acknowledged) >= 300
    if database.is_sqlite:
        with database.read() as tx:
            assert tx.scalar(text("PRAGMA integrity_check")) == "ok"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("threads", "count"), [(1, 20), (16, 10)], ids=["alone", "in groups"])
def test_an_acknowledgement_follows_the_sync_that_follows_its_write(
    database: Database, database_url: str, tmp_path: Path, threads: int, count: int
) -> None:
    calls = _traced(_command(database_url, threads=threads, count=count), tmp_path)
    assert len(calls.acknowledged) == threads * count
    assert calls.acknowledged_too_early() == []
    if threads > 1:
        assert len(calls.syncs) < threads * count / 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_trace_tells_when_commits_are_not_synced(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    command = _command(database_url, threads=1, count=20, synchronous="NORMAL")
    assert _traced(command, tmp_path).acknowledged_too_early() != []


@dataclass
class Calls:
    """System calls on the write-ahead log and on standard output, by their place in the trace."""

    written: dict[str, int] = field(default_factory=dict)
    syncs: list[tuple[int, int]] = field(default_factory=list)
    acknowledged: dict[str, int] = field(default_factory=dict)

    def acknowledged_too_early(self) -> list[str]:
        """Rows with no sync that began after their write and ended before their word was given."""
        return [
            row
            for row, said in self.acknowledged.items()
            if not any(self.written[row] < begun and ended < said for begun, ended in self.syncs)
        ]


_ROW = re.compile(r"row_[0-9a-z]{26}")


def _traced(command: list[str], folder: Path) -> Calls:
    strace = shutil.which("strace")
    assert strace, "strace is missing; `make test` installs it"
    trace = folder / "trace"
    kinds = "trace=write,pwrite64,pwritev,writev,fsync,fdatasync,sync_file_range"
    watched = [strace, "-f", "-y", "-s", "70000", "-e", kinds, "-o", str(trace), *command]
    subprocess.run(watched, stdout=subprocess.DEVNULL, timeout=120, check=True)
    return _read_trace(trace.read_text(errors="replace").splitlines())


def _read_trace(lines: list[str]) -> Calls:
    calls, syncing = Calls(), dict[str, int]()
    for place, line in enumerate(lines):
        thread, _, call = line.partition(" ")
        call = call.strip()
        if call.startswith(("fsync(", "fdatasync(")) and "-wal>" in call:
            syncing[thread] = place
        if re.match(r"(<\.\.\. )?f(data)?sync", call) and "= 0" in call and thread in syncing:
            calls.syncs.append((syncing.pop(thread), place))
        elif call.startswith("pwrite64(") and "-wal>" in call:
            for row in _ROW.findall(call):
                calls.written.setdefault(row, place)
        elif call.startswith("write(1<"):
            for row in _ROW.findall(call):
                calls.acknowledged[row] = place
    return calls
