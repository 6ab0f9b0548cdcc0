"""A PostgreSQL cluster of the suite's own: a temporary folder, a port on loopback, one process.

Durability is as a real installation has it, unless a test is content with less: without `fsync`
nothing is lost but by a power cut, and a database is dropped in a tenth of the time.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from tests.migrated import migrate_at
from tests.ports import free_port

OLDEST = 15
START_SECONDS = 60
STOP_SECONDS = 20


@contextlib.contextmanager
def running_cluster(
    *, under: Callable[[Path], tuple[str, ...]] | None = None, durable: bool = True
) -> Iterator[Cluster]:
    """A cluster that serves until the block ends, however it ends.

    `under` makes of its folder the command that runs it.
    """
    folder = Path(tempfile.mkdtemp(prefix="scopewright-postgres-"))
    cluster = Cluster(folder, owner=_owner(), port=free_port(), password=secrets.token_hex(16))
    cluster.under = under(folder) if under else ()
    cluster.durable = durable
    try:
        cluster.create()
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Cluster:
    """One `postgres` process and its folder; `owner` is None where they are our own user's.

    `under` is a command that runs it, such as a tracer.
    """

    folder: Path
    owner: str | None
    port: int
    password: str
    under: tuple[str, ...] = ()
    durable: bool = True
    process: subprocess.Popen[bytes] | None = None
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    migrated: str = ""
    administrator: psycopg.Connection | None = None

    def url(self, database: str) -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def create_database(self) -> str:
        """Make an empty database; its URL."""
        return self._create_database("template1")

    def create_migrated_database(self) -> str:
        """Make a copy of one that was migrated once; its URL."""
        if not self.migrated:
            self.migrated = self.create_database()
            migrate_at(self.migrated)
        return self._create_database(self.migrated.rpartition("/")[2])

    def _create_database(self, template: str) -> str:
        name = f"scopewright_{next(self.numbers)}"
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove it, whoever is still connected."""
        name = sql.Identifier(url.rpartition("/")[2])
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    def create(self) -> None:
        password_file = self.folder / "password"
        password_file.write_text(self.password)
        if self.owner:
            shutil.chown(self.folder, self.owner)
            shutil.chown(password_file, self.owner)
        initdb: list[str | Path] = [
            *(_binary("initdb"), "--pgdata", self._data, "--username", "postgres"),
            *("--auth", "scram-sha-256", "--pwfile", password_file),
            *("--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions"),
        ]
        if self._launch(initdb).wait() != 0:
            raise RuntimeError(f"initdb failed:\n{self._log.read_text()}")

    def start(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 200,
            "shared_buffers": "64MB",
            "log_timezone": "UTC",
            "timezone": "UTC",
        }
        if not self.durable:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        options = [f"--{name}={value}" for name, value in settings.items()]
        postgres = [_binary("postgres"), "-D", self._data, *options]
        self.process = self._launch([*self.under, *postgres])
        self._wait_until_ready(self.process)

    def stop(self) -> None:
        """The fast shutdown, by SIGINT; if it does not come, the immediate one, by SIGQUIT."""
        if self.administrator is not None:
            self.administrator.close()
        if self.process is None:
            return
        for way in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            self.process.send_signal(way)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
                return

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    def _launch(self, command: list[str | Path]) -> subprocess.Popen[bytes]:
        """PostgreSQL refuses to run as root, so root runs it as somebody else.

        A session of its own keeps a Ctrl-C meant for the tests from ending it under them.
        """
        with self._log.open("wb") as log:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                user=self.owner,
                group=pwd.getpwnam(self.owner).pw_gid if self.owner else None,
                extra_groups=[] if self.owner else None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _execute(self, statement: sql.Composed) -> None:
        """By one connection for all: a new one has to map all shared memory, in 0.1 s."""
        if self.administrator is None or self.administrator.closed:
            self.administrator = psycopg.connect(self.url("postgres"), autocommit=True)
        self.administrator.execute(statement)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"PostgreSQL did not start:\n{self._log.read_text()}")


@dataclass
class Postgres:
    """What a test holds: databases made when asked for, and dropped when the test is over."""

    cluster: Cluster
    urls: list[str] = field(default_factory=list)

    def fresh_database(self, *, migrated: bool = False) -> str:
        """The URL of a new database, empty unless it is to be `migrated`."""
        cluster = self.cluster
        url = cluster.create_migrated_database() if migrated else cluster.create_database()
        self.urls.append(url)
        return url

    def drop_databases(self) -> None:
        while self.urls:
            self.cluster.drop_database(self.urls.pop())


def _owner() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _binary(name: str) -> Path:
    """The newest installed one: Debian keeps them off PATH."""
    found = {_version(path): path for path in Path("/usr/lib/postgresql").glob(f"*/bin/{name}")}
    if on_path := shutil.which(name):
        found.setdefault(_version(Path(on_path)), Path(on_path))
    if not found or max(found) < OLDEST:
        raise RuntimeError(f"no PostgreSQL {OLDEST} or later here; `make test` installs it")
    return found[max(found)]


def _version(binary: Path) -> int:
    """The major number in "postgres (PostgreSQL) 15.18 (Debian …)"."""
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.partition("(PostgreSQL) ")[2].partition(".")[0])
