"""Which resources somebody may see, as a small value: ask it, or hand it to a database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


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
        marked = self.sql.replace("%", "%%")
        for name in sorted(self.parameters, key=len, reverse=True):
            marked = marked.replace(f":{name}", f"%({name})s")
        return marked


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
            return Condition(f"{columns.name} IN ({_marked(self.names, parameters)})", parameters)
        parts = [
            f"EXISTS (SELECT 1 FROM {columns.tag_table} WHERE {columns.tagged} = {columns.name}"  # noqa: S608 - names of the program's author
            f" AND {columns.tag} IN ({_marked(one_of, parameters)}))"
            for one_of in sorted(self.tags or (), key=sorted)
        ]
        return Condition(" AND ".join(parts), parameters)


def _marked(values: Iterable[str], parameters: dict[str, str]) -> str:
    marks = []
    for value in sorted(values):
        name = f"scopewright_{len(parameters)}"
        parameters[name] = value
        marks.append(f":{name}")
    return ", ".join(marks)


EVERYTHING = Filter()
NOTHING = Filter(names=frozenset())


def named(names: Iterable[str]) -> Filter:
    """The resources of these names."""
    return Filter(names=frozenset(names))


def any_of_tags(*one_of_each: frozenset[str]) -> Filter:
    """The resources with a tag of each set; a set that holds another asks for no more."""
    sets = frozenset(one_of_each)
    return Filter(tags=frozenset(s for s in sets if not any(other < s for other in sets)))
