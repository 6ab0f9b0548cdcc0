"""Lists that the server filters, sorts and pages: what is asked stands in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from scopewright.console.desk import Desk

ROWS = 50  # of a page
SORT = "sort"  # what the parameter is called, here and in the API


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list; `asked` is what its address asks for, without where it begins.

    `place` is the address of the list as it is when nothing is asked.
    """

    rows: list[dict[str, Any]]
    place: str
    asked: Mapping[str, str]
    following: str | None
    is_first: bool

    @property
    def first(self) -> str:
        """The address of its first page."""
        return self._asking(**self.asked)

    def asks(self, name: str) -> str:
        """What is asked by this name; empty for nothing."""
        return self.asked.get(name, "")

    @property
    def is_filtered(self) -> bool:
        """Whether only a part of the list is asked for."""
        return bool(self.asked.keys() - {SORT})

    def sorted_by(self, column: str) -> str:
        """The address of the same list by a column: from the last to the first the second time."""
        is_sorted = self.asks(SORT) == column
        return self._asking(**{**self.asked, SORT: f"-{column}" if is_sorted else column})

    def order_by(self, column: str) -> str:
        """How it is sorted by a column (WAI-ARIA `aria-sort`); empty where it is not."""
        return {column: "ascending", f"-{column}": "descending"}.get(self.asks(SORT), "")

    def _asking(self, **asked: str) -> str:
        return f"{self.place}{'?' if asked else ''}{urlencode(asked)}"


async def listed(desk: Desk, path: str, *asked: str, at: str | None = None) -> Listing:
    """The page of a list of the API that the address asks for.

    `asked` are the parameters that the address may have and the API understands. It is shown on the
    page of the same path, or `at` another.

    Raises:
        ScopewrightError: the API refuses.
    """
    at = path if at is None else at
    said = {name: desk.visit.query(name) for name in asked}
    said = {name: value for name, value in said.items() if value}
    cursor = desk.visit.query("cursor")
    answer = await desk.read(path, **said, cursor=cursor, limit=ROWS)
    following = _cursor_of(answer["next_page"])
    return Listing(
        rows=answer["data"],
        place=desk.at(at),
        asked=said,
        following=desk.at(at, **said, cursor=following) if following else None,
        is_first=not cursor,
    )


def _cursor_of(next_page: str | None) -> str | None:
    if next_page is None:
        return None
    return parse_qs(urlsplit(next_page).query)["cursor"][0]
