"""10,000 random policies: a database shows exactly what each resource allows, asked one by one."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from scopewright.core.access_lists import ALL, AccessLists
from scopewright.core.access_policies import SEEING, Asker
from scopewright.core.access_tags import AccessTags
from scopewright.core.visibility import Columns, Condition, Filter

ROUNDS, POLICIES_A_ROUND, PAGE = 100, 100, 8
SCOPES = (SEEING, "read:data", "write:metadata", "write:data", "admin:apikeys")
PEOPLE = ("alice", "bob", "o'hara; DROP TABLE nodes --", "100%", ":name")
OWN_TAGS = ("physics", "secret", "open", "a:b", "it's", "50%s")
TAGS = (*OWN_TAGS, "public", *(f"user:{name}" for name in PEOPLE), "service:alice")
RESOURCES = tuple(f"node {number:02}" for number in range(30))
COLUMNS = Columns("nodes.name", tag_table="tags", tagged="tags.node", tag="tags.tag")

Tags = frozenset[str]
Ask = Callable[[str, dict[str, Any]], list[tuple[str]]]


class Database:
    """Two tables; `marked` is how the driver wants a condition's parameters."""

    def __init__(self, connection: Any, mark: str, marked: Callable[[Condition], str]) -> None:
        self._connection, self._mark, self._marked = connection, mark, marked
        connection.execute("CREATE TABLE nodes (name TEXT PRIMARY KEY)")
        connection.execute("CREATE TABLE tags (node TEXT, tag TEXT, PRIMARY KEY (node, tag))")

    def fill(self, catalogue: dict[str, Tags]) -> None:
        cursor = self._connection.cursor()
        cursor.execute("DELETE FROM tags")
        cursor.execute("DELETE FROM nodes")
        nodes = [(name,) for name in catalogue]
        cursor.executemany(f"INSERT INTO nodes VALUES ({self._mark})", nodes)
        rows = [(name, tag) for name, tags in catalogue.items() for tag in sorted(tags)]
        cursor.executemany(f"INSERT INTO tags VALUES ({self._mark}, {self._mark})", rows)

    def seen(self, condition: Condition) -> set[str]:
        return set(self._names(condition))

    def paged(self, seen: Filter) -> list[str]:
        """All names, a page after the other."""
        found: list[str] = []
        while True:
            after = found[-1] if found else ""
            page = seen.page(COLUMNS, after=after, limit=PAGE)
            more = self._names(page, f"ORDER BY name LIMIT {PAGE}")
            found += more
            if len(more) < PAGE:
                return found

    def _names(self, condition: Condition, rest: str = "") -> list[str]:
        statement = f"SELECT name FROM nodes WHERE {self._marked(condition)} {rest}"
        rows = self._connection.execute(statement, condition.parameters)
        return [name for (name,) in rows]


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    if request.param == "sqlite":
        yield Database(sqlite3.connect(":memory:"), "?", lambda condition: condition.sql)
        return
    url = request.getfixturevalue("postgres_cluster").create_database()
    with psycopg.connect(url) as connection:
        yield Database(connection, "%s", lambda condition: condition.pyformat)


class Dice:
    """Policies and people, the same in every run."""

    def __init__(self) -> None:
        self._random = random.Random(1)

    def some(self, values: tuple[str, ...], *, most: int = 4) -> frozenset[str]:
        return frozenset(
            self._random.sample(values, self._random.randint(0, min(most, len(values))))
        )

    def one(self, *values: Any) -> Any:
        return self._random.choice(values)

    def asker(self) -> Asker:
        return Asker(
            self.one(None, *PEOPLE),
            self.one(False, False, True),
            self.some(SCOPES, most=5) | self.one(frozenset(), {SEEING}),
            self.one(None, None, self.some(TAGS)),
        )

    def policy(self) -> AccessLists | AccessTags:
        if self.one(True, False):
            lists = {
                name: self.one(ALL, self.some(RESOURCES, most=9)) for name in self.some(PEOPLE)
            }
            cap = self.one(None, self.some(SCOPES, most=5))
            return AccessLists(lists, public=self.some(RESOURCES), scopes=cap)
        grants = {
            tag: {n: self.some(SCOPES) for n in self.some(PEOPLE)} for tag in self.some(OWN_TAGS)
        }
        return AccessTags(grants, public=self.some(OWN_TAGS, most=1))


def test_a_database_shows_what_is_allowed_resource_by_resource(database: Database) -> None:
    dice, shown = Dice(), 0
    for _ in range(ROUNDS):
        catalogue = {name: dice.some(TAGS) for name in RESOURCES}
        database.fill(catalogue)
        for _ in range(POLICIES_A_ROUND):
            policy, asker, scopes = dice.policy(), dice.asker(), dice.some(SCOPES, most=2)
            needed = scopes | {SEEING}
            expected = {
                name for name, tags in catalogue.items()
                if needed <= policy.allowed(asker, name, tags)
            }  # fmt: skip
            seen = policy.visible(asker, scopes)
            assert {name for name, tags in catalogue.items() if seen.passes(name, tags)} == expected
            assert database.seen(seen.condition(COLUMNS)) == expected
            assert database.paged(seen) == sorted(expected)
            shown += bool(expected)
    assert shown > ROUNDS * POLICIES_A_ROUND / 10  # it is not always nothing
