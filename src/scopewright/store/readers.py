"""Reading connections to SQLite, kept between reads: to prepare one costs more than most reads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection


class Readers:
    """As many connections as there ever were reads at once."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._idle: deque[Connection] = deque()
        self._made = 0

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that sees one state of the database and can change nothing."""
        connection = self._take()
        driver: Any = connection.connection.driver_connection
        driver.execute("BEGIN")
        try:
            yield connection
        finally:
            driver.rollback()
            self._idle.append(connection)

    def connections(self) -> Mapping[str, int]:
        """How many are `in_use`, and how many `idle`."""
        idle = len(self._idle)
        return {"in_use": max(self._made - idle, 0), "idle": idle}

    def close(self) -> None:
        """Give the idle connections back."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> Connection:
        try:
            return self._idle.pop()  # the last one back, whose cache is warm
        except IndexError:
            connection = self._connect()
            self._made += 1
            connection.exec_driver_sql("PRAGMA query_only = ON")
            return connection
