"""What an operation would change: it runs as it is, what it changed is counted, all is undone.

A rehearsed operation ends by raising `Rehearsed` out of its transaction. So nothing is kept, and
nothing that comes after the transaction happens: no letter, no answer, no line in the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Delete,
    Executable,
    Insert,
    Table,
    Update,
    bindparam,
    func,
    select,
)

from scopewright.store.database import OPENING, Transaction
from scopewright.store.schema import issued_tokens, metadata, principals, workspaces
from scopewright.store.tallies import GONE, KINDS, NOUNS, Tally, datapoints_of, tally

Changes = dict[str, dict[str, int]]  # how many, by noun and by what happens to them
_LOCK = select(workspaces.c.id).where(workspaces.c.id == bindparam("workspace")).with_for_update()


class Rehearsed(Exception):
    """An operation has run and is undone; `changes` is what it would have done."""

    def __init__(self, changes: Changes) -> None:
        super().__init__("An operation was rehearsed.")
        self.changes = changes


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Opens operations so that they are counted and undone.

    `workspace_id` is where they count; None for the operation that makes a workspace.
    """

    workspace_id: str | None
    now: datetime

    @contextmanager
    def __call__(self, connection: Connection) -> Iterator[Transaction]:
        """One operation.

        Raises:
            Rehearsed: it was not refused.
        """
        here = {"workspace": self.workspace_id, "now": self.now}
        tx = _Rehearsing(connection, here)
        tx.all(_LOCK, workspace=self.workspace_id)  # as every operation does at first
        yield tx
        raise Rehearsed(tx.changes())


@contextmanager
def rehearsals_end() -> Iterator[None]:
    """What is begun within ends with it: the task that runs a request may run others."""
    token = OPENING.set(OPENING.get())
    try:
        yield
    finally:
        OPENING.reset(token)


def begin(rehearsal: Rehearsal) -> None:
    """From now on the operations of this request are rehearsed."""
    OPENING.set(rehearsal)


def is_begun() -> bool:
    """Whether the operations of this request are rehearsed."""
    return isinstance(OPENING.get(), Rehearsal)


class _Rehearsing(Transaction):
    """A transaction that counts what is added, and counts instead of deleting by the million.

    What a statement may change is counted before the first that may; the rest stays as it is.
    """

    def __init__(self, connection: Connection, here: dict[str, Any]) -> None:
        super().__init__(connection)
        self._here = here
        self._counted: set[Table] = set()
        self._before: Tally = Counter()
        self._added: Tally = Counter()
        self._lost = Counter[str]()  # which were counted instead of deleted
        self._is_all_gone = False

    def changes(self) -> Changes:
        """How many were added and went; what was only changed in place is not told."""
        after: Tally = Counter()
        if self._here["workspace"] is None:
            after = self._added  # where it would be, nothing was
        elif not self._is_all_gone:
            after = tally(self, self._here, of=self._counted)
        found: Changes = {}
        for noun in sorted(self._before.keys() | after.keys() | self._lost.keys()):
            more = after[noun] - self._before[noun]
            added = max(self._added[noun], more)
            gone = added - more + self._lost[noun]
            said = {"added": added, GONE.get(noun, "removed"): gone}
            if any(said.values()):
                found[noun] = {verb: number for verb, number in said.items() if number}
        return found

    def run(self, statement: Executable, **parameters: Any) -> int:
        """Change rows; how many."""
        number = self._counted_instead(statement, parameters)
        if number is not None:
            return number
        done = super().run(statement, **parameters)
        if isinstance(statement, Insert):
            self._note_added(statement, parameters, done)
        return done

    def run_many(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run one statement for many rows."""
        if not isinstance(statement, Insert):
            super().run_many(statement, rows)
            return
        for row in rows:
            self.run(statement, **row)  # each may have added one, or found nobody to add it to

    def _execute(self, statement: Executable, parameters: Any, **how: Any) -> CursorResult[Any]:
        if isinstance(statement, Insert | Update | Delete):
            self._count_first(statement)
        return super()._execute(statement, parameters, **how)

    def _count_first(self, statement: Insert | Update | Delete) -> None:
        table = statement.table
        assert isinstance(table, Table)
        concerned = going_with(table) if isinstance(statement, Delete) else {table}
        uncounted = concerned - self._counted
        self._before.update(tally(self, self._here, of=uncounted))
        self._counted |= uncounted

    def _note_added(self, statement: Insert, row: Mapping[str, Any], number: int) -> None:
        table = statement.table
        if table is principals:
            self._added[KINDS[row["kind"]]] += number
        elif table.name in NOUNS and not _replaces(statement):
            self._added[NOUNS[table.name]] += number

    def _counted_instead(self, statement: Executable, parameters: Mapping[str, Any]) -> int | None:
        """How many rows it concerns, where changing them could take longer than anybody waits."""
        is_in_bulk = statement.get_execution_options().get("in_bulk", False)
        if isinstance(statement, Insert):
            return 0 if is_in_bulk else None  # copies of what is counted as deleted
        if not isinstance(statement, Delete):
            return None
        if statement.table is issued_tokens:
            return 0  # which nobody is told
        if statement.table is workspaces:
            self._count_first(statement)
            self._is_all_gone = True
            self._lost["datapoints"] += datapoints_of(self, self._here)
            return 1
        return self._counted_lost(statement, parameters) if is_in_bulk else None

    def _counted_lost(self, statement: Delete, parameters: Mapping[str, Any]) -> int:
        table = statement.table
        assert isinstance(table, Table)
        going = select(func.count()).select_from(table).where(*_conditions(statement))
        number = int(self.scalar(going, **parameters))
        self._lost[NOUNS.get(table.name, table.name)] += number
        return number


@cache
def going_with(table: Table) -> frozenset[Table]:
    """A table and all whose rows may go when one of its rows goes."""
    found, waiting = {table}, [table]
    while waiting:
        gone = waiting.pop()
        referring = {
            other
            for other in metadata.tables.values()
            if any(key.column.table is gone for key in other.foreign_keys)
        }
        waiting.extend(referring - found)
        found |= referring
    return frozenset(found)


def _conditions(statement: Delete) -> list[ColumnElement[Any]]:
    return [] if statement.whereclause is None else [statement.whereclause]


def _replaces(statement: Insert) -> bool:
    """Whether a row that is there already would count as inserted."""
    clause = getattr(statement, "_post_values_clause", None)
    return type(clause).__name__ == "OnConflictDoUpdate"
