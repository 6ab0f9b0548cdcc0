"""Waiting for SQLite's lock while another process holds it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from time import monotonic, sleep
from typing import Any

PATIENCE = 30.0  # seconds
_PAUSE = 0.0005  # seconds; SQLite's own grow to 0.1, too long to win against one that never rests


def run_when_free(
    connection: sqlite3.Connection, statement: str, parameters: Sequence[Any] = ()
) -> None:
    """Run a statement as soon as nobody else holds the lock that it needs.

    Raises:
        sqlite3.OperationalError: somebody held it for all of `PATIENCE`; or another failure.
    """
    deadline = monotonic() + PATIENCE
    while True:
        try:
            connection.execute(statement, parameters)
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or monotonic() > deadline:
                raise
            sleep(_PAUSE)
        else:
            return
