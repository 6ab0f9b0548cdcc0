"""SQLite without waiting for the disk, as the suite's shared PostgreSQL runs without `fsync`.

It is for servers within the test's own process, which nothing outlives; those that are killed are
processes of their own, and wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, event


@contextmanager
def unsynced() -> Iterator[None]:
    """No commit waits of a database that is first written to within the block."""
    event.listen(Engine, "engine_connect", _let_go)
    try:
        yield
    finally:
        event.remove(Engine, "engine_connect", _let_go)


def _let_go(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.connection.cursor().execute("PRAGMA synchronous = OFF")
