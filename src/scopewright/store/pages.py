"""One page of a list: rows after a cursor, by their key, so that walking loses and doubles none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, Row, Select

from scopewright.store.database import Transaction

Noun = TypeVar("Noun")


@dataclass(frozen=True, slots=True)
class Page(Generic[Noun]):
    """Some of a list. `cursor` is where the next page begins, None at the end."""

    items: tuple[Noun, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list is wanted."""

    limit: int = 100
    cursor: str | None = None


def rows_of(
    tx: Transaction,
    statement: Select[Any],
    key: Column[str],
    window: Window,
    *,
    newest_first: bool = False,
) -> tuple[list[Row[Any]], str | None]:
    """The window's rows of a statement in the order of a unique key, and the next cursor."""
    if window.cursor is not None:
        after = key < window.cursor if newest_first else key > window.cursor
        statement = statement.where(after)
    statement = statement.order_by(key.desc() if newest_first else key)
    rows = list(tx.all(statement.limit(window.limit + 1)))
    if len(rows) <= window.limit:
        return rows, None
    rows = rows[: window.limit]
    return rows, str(getattr(rows[-1], key.name))


def part_of(items: Sequence[Noun], key: Callable[[Noun], str], window: Window) -> Page[Noun]:
    """The window's part of a short list that is read whole, in the order of a unique key."""
    rest = [item for item in items if window.cursor is None or key(item) > window.cursor]
    shown = tuple(rest[: window.limit])
    return Page(shown, key(shown[-1]) if len(rest) > window.limit else None)
