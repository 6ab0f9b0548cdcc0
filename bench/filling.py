"""Rows copied inside a database, of one that was made through the API, while no server runs.

A copy is numbered by `i`, which a column's expression may use; what is not named is kept as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from scopewright.store.schema import metadata

DIGITS = 11  # hexadecimal, that a number takes


@dataclass(frozen=True)
class Filling:
    """An open transaction; `hexadecimal` is how its SQL says a number in so many digits."""

    execute: Callable[[str], Any]
    hexadecimal: str

    def copy(self, table: str, template: str, rows: int, **columns: str) -> None:
        """Copy the row of ``table`` where ``template`` holds, until there are ``rows``."""
        names = [column.name for column in metadata.tables[table].columns]
        values = ", ".join(columns.get(name, f"{table}.{name}") for name in names)
        self.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {rows})"
            f" INSERT INTO {table} ({', '.join(names)})"
            f" SELECT {values} FROM {table}, n WHERE {template} AND i < {rows}"
        )

    def uuid(self, kind: str, number: str) -> str:
        """A UUID of version 7 for the copy of this number; ``kind`` is one hexadecimal digit."""
        return f"'01920000-0000-7000-8000-{kind}' || {self._digits(number)}"

    def id(self, kind: str, number: str) -> str:
        """An identifier such as `key_…` for the copy of this number."""
        return f"'{kind}_000000000000000' || {self._digits(number)}"

    def _digits(self, number: str) -> str:
        return self.hexadecimal.format(number=number, digits=DIGITS)


@contextmanager
def filling(url: str) -> Iterator[Filling]:
    """Fill the database of this URL; all is written, and known to its planner, at the end."""
    if url.startswith("sqlite:///"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as file:
            file.execute("BEGIN")
            yield Filling(file.execute, "printf('%0{digits}x', {number})")
            file.execute("COMMIT")
            file.execute("ANALYZE")
        return
    with psycopg.connect(url, autocommit=True) as connection:
        # The rows are right, so no constraint needs to be looked at three million times.
        connection.execute("SET session_replication_role = replica")
        with connection.transaction():
            yield Filling(connection.execute, "lpad(to_hex({number}), {digits}, '0')")
        connection.execute("VACUUM ANALYZE")
