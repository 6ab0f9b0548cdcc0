"""Access policies in this process: pages of a catalogue of a million nodes, as somebody sees it.

Each node carries tags, of which some are common and some rare. The query is the one of the guide.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import psycopg

from bench.figures import Contestant, Figure
from bench.stage import Stage
from scopewright.core.access_lists import ALL, AccessLists
from scopewright.core.access_policies import PUBLIC_SCOPES, Asker
from scopewright.core.access_tags import AccessTags
from scopewright.core.visibility import Columns, Filter
from tests.postgres import running_cluster

NODES, PAGE = 1_000_000, 100
COLUMNS = Columns("nodes.name", tag_table="node_tags", tagged="node_tags.node", tag="node_tags.tag")
EVERY = {"half": 2, "hundredth": 100, "rare": 10_000}  # of so many nodes one carries the tag
PROPOSALS = 50  # tags of one experiment each, a thousand nodes in it
PEOPLE = (*EVERY, "scientist", "listed", "all")
SCOPES = frozenset({"read:metadata", "read:data"})

Ask = Callable[[str, Mapping[str, Any]], list[Any]]


def pages(stage: Stage) -> Mapping[str, Contestant]:
    """Pages from anywhere, for several people who see much or little, on each database."""
    asks: dict[str, Ask] = {}
    for ours in stage.ours:
        name = ours.target.name.removeprefix("scopewright ")
        asks[name] = _postgresql(stage) if name == "PostgreSQL" else _sqlite(stage)
    return {
        f"{name} {who}": partial(_milliseconds, ask, seen, name == "PostgreSQL")
        for name, ask in asks.items()
        for who, seen in _people()
    }


def _people() -> Iterator[tuple[str, Filter]]:
    grants = {tag: {tag: SCOPES} for tag in EVERY}
    for proposal in range(PROPOSALS):
        grants[f"proposal {proposal}"] = {"scientist": SCOPES}
    tags = AccessTags(grants)
    for who in (*EVERY, "scientist"):
        yield who, tags.visible(Asker(who, scopes=SCOPES), SCOPES)
    lists = AccessLists({"listed": [_name(n * 1_000) for n in range(1_000)], "all": ALL})
    for who in ("listed", "all"):
        yield who, lists.visible(Asker(who, scopes=PUBLIC_SCOPES), SCOPES)


def _name(number: int) -> str:
    return f"scan {number:07}"


def _tags() -> Iterator[tuple[str, str]]:
    for number in range(NODES):
        for tag, every in EVERY.items():
            if number % every == 0:
                yield _name(number), tag
        yield _name(number), f"proposal {number % 1_000}"


def _milliseconds(ask: Ask, seen: Filter, pyformat: bool, seconds: int) -> Figure:
    """What one page takes, of as many as there is time for: a third, with so many who ask."""
    dice, taken, until = random.Random(1), list[float](), time.perf_counter() + seconds / 3
    while time.perf_counter() < until:
        after = _name(dice.randrange(NODES // 2))
        begun = time.perf_counter()
        page = seen.page(COLUMNS, after=after, limit=PAGE)
        where = page.pyformat if pyformat else page.sql
        query = f"SELECT name, metadata FROM nodes WHERE {where} ORDER BY name LIMIT {PAGE}"
        ask(query, page.parameters)
        taken.append((time.perf_counter() - begun) * 1000)
    return Figure(sorted(taken)[len(taken) // 2])


TABLES = (
    "CREATE TABLE nodes (name text PRIMARY KEY, metadata text)",
    "CREATE TABLE node_tags (node text, tag text, PRIMARY KEY (tag, node))",
    "CREATE INDEX by_node ON node_tags (node, tag)",
)


def _sqlite(stage: Stage) -> Ask:
    connection = stage.ending.enter_context(sqlite3.connect(stage.scratch / "nodes.db"))
    for statement in TABLES:
        connection.execute(statement)
    connection.executemany(
        "INSERT INTO nodes VALUES (?, '{}')", ((_name(n),) for n in range(NODES))
    )
    connection.executemany("INSERT INTO node_tags VALUES (?, ?)", _tags())
    connection.commit()
    connection.execute("ANALYZE")
    return lambda statement, parameters: connection.execute(statement, parameters).fetchall()


def _postgresql(stage: Stage) -> Ask:
    url = stage.ending.enter_context(running_cluster()).create_database()
    connection = stage.ending.enter_context(psycopg.connect(url, autocommit=True))
    for statement in TABLES:
        connection.execute(statement)
    _copy(connection, "nodes", ((_name(n), "{}") for n in range(NODES)))
    _copy(connection, "node_tags", _tags())
    connection.execute("VACUUM ANALYZE")
    return lambda statement, parameters: connection.execute(statement, parameters).fetchall()


def _copy(connection: psycopg.Connection, table: str, rows: Iterable[tuple[str, str]]) -> None:
    with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
