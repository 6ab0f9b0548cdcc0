"""Insertions that give way to a row that is there already.

SQLite and PostgreSQL spell them alike; SQLAlchemy builds them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Executable, Table
from sqlalchemy.dialects import postgresql, sqlite

Insertion = sqlite.Insert | postgresql.Insert


def upsert(table: Table, ending: Callable[[Insertion], Executable]) -> Mapping[str, Executable]:
    """By the name of a dialect: an insertion into this table, with the ending that is given."""
    return {
        "sqlite": ending(sqlite.insert(table)),
        "postgresql": ending(postgresql.insert(table)),
    }
