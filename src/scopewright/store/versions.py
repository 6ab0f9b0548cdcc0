"""What version a workspace's authority has now: asked for every request, so asked cheaply.

SQLite: one connection that never writes asks `PRAGMA data_version`, which changes exactly when
anybody else, our own writer included, has committed. PostgreSQL: `postgres_versions.py`.
"""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Protocol

from scopewright.store.database import BUSY_TIMEOUT_MS, Database

_VERSION = "SELECT authority_version FROM workspaces WHERE id = ?"


class Versions(Protocol):
    """Answers with versions that were read after they were asked for."""

    async def current(self, workspace_id: str) -> int | None:
        """The workspace's version now; None when there is no such workspace."""

    async def close(self) -> None:
        """Give the connection back."""


def watch(database: Database) -> Versions:
    """The versions of a database's workspaces."""
    if database.is_sqlite:
        return SqliteVersions(database.url.database or "")
    # Only sites with the extra `postgres` have its driver.
    from scopewright.store.postgres_versions import PostgresVersions  # noqa: PLC0415

    address = database.url.set(drivername="postgresql")
    return PostgresVersions(address.render_as_string(hide_password=False))


class SqliteVersions:
    """Reads from memory while nobody has committed.

    A turn of the event loop takes up what had arrived before it began: so whatever asks within one
    turn arrived before the first look of that turn, and one look answers all of it.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._data_version = -1
        self._known: dict[str, int | None] = {}
        self._looked_in: asyncio.AbstractEventLoop | None = None  # during its present turn

    async def current(self, workspace_id: str) -> int | None:
        connection = self._connection or self._connect()
        loop = asyncio.get_running_loop()
        if self._looked_in is not loop:
            self._look(connection)
            self._looked_in = loop
            loop.call_soon(self._end_turn)
        if workspace_id in self._known:
            return self._known[workspace_id]
        row = connection.execute(_VERSION, (workspace_id,)).fetchone()
        version: int | None = row and row[0]
        if version is not None:
            self._known[workspace_id] = version
        return version

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _look(self, connection: sqlite3.Connection) -> None:
        """Forget what is known if anybody has committed."""
        (data_version,) = connection.execute("PRAGMA data_version").fetchone()
        if data_version != self._data_version:
            self._data_version = data_version
            self._known.clear()

    def _end_turn(self) -> None:
        self._looked_in = None

    def _connect(self) -> sqlite3.Connection:
        self._connection = sqlite3.connect(self._path, isolation_level=None)
        self._connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        return self._connection
