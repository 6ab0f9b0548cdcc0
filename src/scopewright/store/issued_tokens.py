"""One row for every access token that left the house, until it has expired.

Written in groups on the hottest path: so the rows go to the driver as they are, in one statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete

from scopewright.core.model import IssuedToken
from scopewright.core.scopes import spell
from scopewright.core.tokens import LONGEST_ACCESS
from scopewright.ids import first_id
from scopewright.store.database import Transaction
from scopewright.store.schema import issued_tokens, microseconds

_COLUMNS = ("id", "workspace_id", "principal_id", "client_id", "session_id", "scopes")
_INSTANTS = ("issued_at", "expires_at")
_INTO = f"INSERT INTO issued_tokens ({', '.join((*_COLUMNS, *_INSTANTS))}) "
_ROW = f"({', '.join('?' * 8)})"
_ARRAYS = ", ".join([*["%s::text[]"] * len(_COLUMNS), *["%s::bigint[]"] * len(_INSTANTS)])
_FROM_ARRAYS = f"SELECT * FROM unnest({_ARRAYS})"  # noqa: S608 - column types only
_PURGE = delete(issued_tokens).where(issued_tokens.c.id < bindparam("first"))
_REMOVE_WORKSPACE = delete(issued_tokens).where(
    issued_tokens.c.workspace_id == bindparam("workspace")
)


def insertion(dialect: str, tokens: Sequence[IssuedToken]) -> tuple[str, tuple[Any, ...]]:
    """One statement that remembers these tokens, in the driver's spelling, and its parameters."""
    rows = [
        (
            token.id,
            token.workspace_id,
            token.principal_id,
            token.client_id,
            token.session_id,
            spell(token.scopes),
            microseconds(token.issued_at),
            microseconds(token.expires_at),
        )
        for token in tokens
    ]
    if dialect == "postgresql":
        return _INTO + _FROM_ARRAYS, tuple(list(column) for column in zip(*rows, strict=True))
    values = ", ".join([_ROW] * len(rows))
    return f"{_INTO}VALUES {values}", tuple(value for row in rows for value in row)


def add_many(tx: Transaction, tokens: Sequence[IssuedToken]) -> None:
    """Remember these tokens."""
    tx.connection.exec_driver_sql(*insertion(tx.connection.dialect.name, tokens))


def purge(tx: Transaction, *, before: datetime) -> int:
    """Forget tokens that must have expired before, by the time in their ids; how many.

    A range of the primary key: an index on the expiry would cost every token, and without one
    this would hold the writer for a walk through the whole table.
    """
    born = microseconds(before - LONGEST_ACCESS) // 1000
    return tx.run(_PURGE, first=first_id("tok", born))


def remove_workspace(tx: Transaction, workspace_id: str) -> int:
    """Forget the tokens of a workspace that goes; how many."""
    return tx.run(_REMOVE_WORKSPACE, workspace=workspace_id)
