"""One page of a list: rows after a cursor, by their key, so that walking loses and doubles none.

A list may be sorted by one of some columns; the key comes after it, so that the order is total, and
the cursor says both. A row whose column changes meanwhile is met where it then stands.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, ColumnElement, Row, Select, tuple_

from scopewright.core import base64url
from scopewright.core.errors import Invalid
from scopewright.store.database import Transaction

Noun = TypeVar("Noun")
DESCENDING = "-"
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Page(Generic[Noun]):
    """Some of a list. `cursor` is where the next page begins, None at the end."""

    items: tuple[Noun, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list is wanted.

    `sort` is a column, with `-` before it from the last to the first; None: as the list has it.
    `prefix` begins what something is called, as it is spelled or in lower case.
    """

    limit: int = 100
    cursor: str | None = None
    sort: str | None = None
    prefix: str | None = None

    @property
    def column(self) -> str:
        return (self.sort or "").removeprefix(DESCENDING)

    @property
    def is_descending(self) -> bool:
        return (self.sort or "").startswith(DESCENDING)

    @property
    def spellings(self) -> list[str]:
        """The prefix in each of the spellings that count; none where everything is wanted."""
        return sorted({self.prefix, self.prefix.lower()}) if self.prefix else []


def rows_of(
    tx: Transaction,
    statement: Select[Any],
    key: Column[str],
    window: Window,
    *,
    newest_first: bool = False,
    by: Mapping[str, Column[Any]] | None = None,
) -> tuple[list[Row[Any]], str | None]:
    """The window's rows of a statement, and the next cursor.

    They come in the order of a unique key, or of the column `by` which the window is sorted, which
    is a text and never null.
    """
    column = (by or {}).get(window.column, key)
    is_descending = window.is_descending if window.sort else newest_first
    order = [key] if column is key else [column, key]
    if window.cursor is not None:
        place = [window.cursor] if column is key else _read(window.cursor)
        here, there = tuple_(*order), tuple_(*place)
        statement = statement.where(here < there if is_descending else here > there)
    statement = statement.order_by(*(one.desc() if is_descending else one for one in order))
    rows = list(tx.all(statement.limit(window.limit + 1)))
    if len(rows) <= window.limit:
        return rows, None
    rows = rows[: window.limit]
    place = [str(getattr(rows[-1], one.name)) for one in order]
    return rows, place[0] if column is key else _written(place)


def part_of(
    items: Sequence[Noun],
    key: Callable[[Noun], str],
    window: Window,
    *,
    by: Mapping[str, Callable[[Noun], str]] | None = None,
) -> Page[Noun]:
    """The window's part of a short list that is read whole, in the order of a unique key.

    The window may sort it by one of some texts; where it has a prefix, the key begins with that.
    """
    wanted = [item for item in items if _begins(key(item), window)]
    value = (by or {}).get(window.column)
    if value is None and not window.sort:
        rest = [item for item in wanted if window.cursor is None or key(item) > window.cursor]
        shown = tuple(rest[: window.limit])
        return Page(shown, key(shown[-1]) if len(rest) > window.limit else None)

    def place(item: Noun) -> list[str]:
        return [value(item) if value else key(item), key(item)]

    wanted.sort(key=place, reverse=window.is_descending)
    if window.cursor is not None:
        after = _read(window.cursor)
        beyond = after.__gt__ if window.is_descending else after.__lt__
        wanted = [item for item in wanted if beyond(place(item))]
    shown = tuple(wanted[: window.limit])
    return Page(shown, _written(place(shown[-1])) if len(wanted) > window.limit else None)


def begins(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """That a column begins so, for an index to answer."""
    return (column >= prefix) & (column <= prefix + _LAST)


def _begins(text: str, window: Window) -> bool:
    return not window.prefix or text.startswith(tuple(window.spellings))


def _written(place: list[str]) -> str:
    text = json.dumps(place, ensure_ascii=False, separators=(",", ":"))
    return base64url.encoded(text.encode())


def _read(cursor: str) -> list[str]:
    """Both parts of the place that a cursor names.

    Raises:
        Invalid: it is none of a sorted list.
    """
    try:
        place = json.loads(base64url.decoded(cursor))
        value, key = place
    except (ValueError, TypeError):
        value = key = None
    if not isinstance(value, str) or not isinstance(key, str):
        raise Invalid("The list has no such place; begin with its first page.", field="cursor")
    return [value, key]
