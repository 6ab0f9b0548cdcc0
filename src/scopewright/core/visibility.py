"""Which resources somebody may see, as a small value: ask it, or hand it to a database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_MARKED = re.compile(r":(scopewright_\w+)")
MOST_TAGS = 400  # that a page is read by one after the other: SQLite takes 500 parts of a union


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a database keeps resources and tags; names that the program's author writes.

    `tag_table` has a row for each tag of each resource: `tagged` is the resource's name in it.
    """

    name: str
    tag_table: str = ""
    tagged: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """A part of a WHERE clause. What is compared stands in `parameters`, never in `sql`.

    `sql` marks them `:scopewright_0`; `pyformat` as `%(scopewright_0)s`, for psycopg.
    """

    sql: str
    parameters: dict[str, str]

    @property
    def pyformat(self) -> str:
        """The same for drivers that mark parameters so."""
        return _MARKED.sub(r"%(\1)s", self.sql.replace("%", "%%"))


@dataclass(frozen=True, slots=True)
class Filter:
    """The resources that have one of these names, or one tag out of each of these sets.

    One of both is None. No set of tags: every resource. An empty one: none.
    """

    names: frozenset[str] | None = None
    tags: frozenset[frozenset[str]] | None = None

    @property
    def is_everything(self) -> bool:
        return self.names is None and not self.tags

    @property
    def is_nothing(self) -> bool:
        return self.names == frozenset() or frozenset() in (self.tags or ())

    def passes(self, name: str, tags: frozenset[str] = frozenset()) -> bool:
        """Whether it lets one resource be seen."""
        if self.names is not None:
            return name in self.names
        return all(tags & one_of for one_of in self.tags or ())

    def condition(self, columns: Columns) -> Condition:
        """The same for a database that speaks SQL."""
        if self.is_nothing or self.is_everything:
            return Condition("1 = 1" if self.is_everything else "1 = 0", {})
        parameters: dict[str, str] = {}
        if self.names is not None:
            return Condition(
                f"{columns.name} IN ({', '.join(_marks(self.names, parameters))})", parameters
            )
        parts = [
            _has_one_of(tags, of=columns.name, columns=columns, parameters=parameters)
            for tags in _widest_first(self.tags or ())
        ]
        return Condition(" AND ".join(parts), parameters)

    def page(self, columns: Columns, *, after: str, limit: int) -> Condition:
        """The same, of the next `limit` resources whose names follow `after` (from "" on).

        It may hold for more: the query orders by the name, and has its limit. What it is for is
        that a database then reads each tag from there on, and not on and on what is not seen.
        """
        whole = self.condition(columns)
        sets = _widest_first(self.tags or ())
        if not sets or self.is_nothing or len(sets[-1]) > MOST_TAGS:
            sql = f"{columns.name} > :scopewright_after AND {whole.sql}"
            return Condition(sql, {**whole.parameters, "scopewright_after": after})
        parameters = {"scopewright_after": after}
        *others, fewest = sets
        further = "".join(
            f" AND {_has_one_of(tags, of=columns.tagged, columns=columns, parameters=parameters)}"
            for tags in others
        )
        parts = [
            f"SELECT * FROM (SELECT {columns.tagged} FROM {columns.tag_table}"  # noqa: S608 - names of the program's author
            f" WHERE {columns.tag} = {mark} AND {columns.tagged} > :scopewright_after{further}"
            f" ORDER BY {columns.tagged} LIMIT {limit:d}) AS scopewright_part"
            for mark in _marks(fewest, parameters)
        ]
        names = f"SELECT DISTINCT * FROM ({' UNION ALL '.join(parts)}) AS scopewright_all"  # noqa: S608 - the same
        sql = f"{columns.name} IN ({names} ORDER BY 1 LIMIT {limit:d})"
        return Condition(sql, parameters)


def _widest_first(sets: Iterable[frozenset[str]]) -> list[frozenset[str]]:
    return sorted(sets, key=lambda tags: (-len(tags), sorted(tags)))


def _has_one_of(
    tags: frozenset[str], *, of: str, columns: Columns, parameters: dict[str, str]
) -> str:
    """That the resource whose name stands in the column `of` has one of these tags."""
    table, tagged, tag = (
        columns.tag_table,
        columns.tagged.rpartition(".")[2],
        columns.tag.rpartition(".")[2],
    )
    return (
        f"EXISTS (SELECT 1 FROM {table} AS scopewright_tags"  # noqa: S608 - names of the program's author
        f" WHERE scopewright_tags.{tagged} = {of}"
        f" AND scopewright_tags.{tag} IN ({', '.join(_marks(tags, parameters))}))"
    )


def _marks(values: Iterable[str], parameters: dict[str, str]) -> Iterator[str]:
    """How a query says each of these values, which are put among its parameters."""
    for value in sorted(values):
        name = f"scopewright_{len(parameters)}"
        parameters[name] = value
        yield f":{name}"


EVERYTHING = Filter()
NOTHING = Filter(names=frozenset())


def named(names: Iterable[str]) -> Filter:
    """The resources of these names."""
    return Filter(names=frozenset(names))


def any_of_tags(*one_of_each: frozenset[str]) -> Filter:
    """The resources with a tag of each set; a set that holds another asks for no more."""
    sets = frozenset(one_of_each)
    return Filter(tags=frozenset(s for s in sets if not any(other < s for other in sets)))
