"""The one writer of a process on SQLite: shared commits, separate failures, nobody left waiting."""

from __future__ import annotations

import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import IntegrityError

from scopewright.store import writer
from scopewright.store.database import Database
from scopewright.store.writer import GroupWriter, NotCommitted

LONG = 20  # seconds, after which something hangs

Operation = Callable[[Connection], None]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'notes.db'}")
    with opened.write() as tx:
        tx.connection.exec_driver_sql("CREATE TABLE notes (note TEXT PRIMARY KEY)")
        tx.connection.exec_driver_sql("CREATE TABLE answers (note TEXT REFERENCES notes)")
    yield opened
    opened.close()


@pytest.fixture
def group_writer(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[GroupWriter]:
    """Its groups end by size alone, so that a slow machine counts the same commits."""
    monkeypatch.setattr(writer, "LONGEST_GROUP", LONG)
    made = GroupWriter(database.connect_raw)
    yield made
    made.close()


@pytest.fixture
def commits(database: Database) -> list[str]:
    """Grows by one with each COMMIT that SQLite runs."""
    seen: list[str] = []

    @event.listens_for(database.engine, "connect")
    def _trace(connection: sqlite3.Connection, _record: Any) -> None:
        connection.set_trace_callback(
            lambda statement: seen.append(statement) if statement == "COMMIT" else None
        )

    return seen


def note(text: str) -> Operation:
    return lambda connection: connection.exec_driver_sql(f"INSERT INTO notes VALUES ('{text}')")  # type: ignore[func-returns-value,return-value]


def fail(connection: Connection) -> None:
    note("never kept")(connection)
    raise LookupError


def break_the_commit(connection: Connection) -> None:
    """Leave a reference to nothing, which SQLite is told to look for only when it commits."""
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    connection.exec_driver_sql("INSERT INTO answers VALUES ('to nothing')")


def notes(database: Database) -> list[str]:
    with database.read() as tx:
        rows = tx.connection.exec_driver_sql("SELECT note FROM notes ORDER BY rowid")
        return [row[0] for row in rows]


def queue(group_writer: GroupWriter, *operations: Operation) -> list[BaseException | None]:
    """Run operations that all wait, in this order, before the first one ends; how each ended."""
    outcomes: list[BaseException | None] = [None] * len(operations)
    may_end = threading.Event()

    def run(number: int) -> None:
        try:
            with group_writer.operation() as connection:
                assert may_end.wait(LONG)
                operations[number](connection)
        except Exception as error:
            outcomes[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(operations))]
    for number, thread in enumerate(threads):
        thread.start()
        wait_for_queue(group_writer, number)
    may_end.set()
    for thread in threads:
        thread.join(LONG)
        assert not thread.is_alive()
    return outcomes


def wait_for_queue(group_writer: GroupWriter, length: int) -> None:
    """Until one operation runs and so many wait for it."""
    turns, deadline = group_writer._turns, time.monotonic() + LONG
    while not (turns._is_taken and len(turns._waiting) == length):
        assert time.monotonic() < deadline
        time.sleep(0.0005)


def test_whoever_waits_shares_one_commit_in_the_order_of_asking(
    database: Database, group_writer: GroupWriter, commits: list[str]
) -> None:
    names = [str(number) for number in range(40)]
    assert queue(group_writer, *map(note, names)) == [None] * 40
    assert notes(database) == names
    assert len(commits) == 1


def test_a_full_group_commits_though_others_wait(
    database: Database,
    group_writer: GroupWriter,
    commits: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "LARGEST_GROUP", 10)
    queue(group_writer, *(note(str(number)) for number in range(35)))
    assert len(commits) == 4
    assert len(notes(database)) == 35


def test_a_group_that_lasts_too_long_commits_though_others_wait(
    group_writer: GroupWriter, commits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LONGEST_GROUP", 0)
    queue(group_writer, *(note(str(number)) for number in range(5)))
    assert len(commits) == 5


@pytest.mark.parametrize("place", [0, 2, 4])
def test_an_operation_that_raises_is_undone_alone(
    database: Database, group_writer: GroupWriter, commits: list[str], place: int
) -> None:
    operations = [note(str(number)) for number in range(4)]
    operations.insert(place, fail)
    outcomes = queue(group_writer, *operations)
    assert [type(outcome) for outcome in outcomes].index(LookupError) == place
    assert outcomes.count(None) == 4
    assert notes(database) == ["0", "1", "2", "3"]
    assert len(commits) == 1


def test_a_statement_that_the_database_refuses_is_undone_alone(
    database: Database, group_writer: GroupWriter
) -> None:
    first, doubled, last = queue(group_writer, note("a"), note("a"), note("b"))
    assert (first, type(doubled), last) == (None, IntegrityError, None)
    assert notes(database) == ["a", "b"]


def test_a_commit_that_fails_fails_the_whole_group_and_nobody_after_it(
    database: Database, group_writer: GroupWriter
) -> None:
    outcomes = queue(group_writer, note("a"), break_the_commit, note("b"), fail)
    assert [type(outcome) for outcome in outcomes] == [
        NotCommitted, NotCommitted, NotCommitted, LookupError,
    ]  # fmt: skip
    assert notes(database) == []
    assert queue(group_writer, note("c"), note("d")) == [None, None]
    assert notes(database) == ["c", "d"]


def test_a_transaction_that_sqlite_gave_up_fails_the_whole_group(
    database: Database, group_writer: GroupWriter
) -> None:
    def give_up(connection: Connection) -> None:
        connection.exec_driver_sql("ROLLBACK")  # as SQLite does itself when the disk is full
        raise LookupError

    first, second, third = queue(group_writer, note("a"), give_up, note("b"))
    assert (type(first), type(second), third) == (NotCommitted, LookupError, None)
    assert notes(database) == ["b"]


def test_a_transaction_given_up_in_silence_is_no_success(
    database: Database, group_writer: GroupWriter
) -> None:
    def give_up(connection: Connection) -> None:
        connection.exec_driver_sql("ROLLBACK")

    outcomes = queue(group_writer, note("a"), give_up)
    assert None not in outcomes
    assert notes(database) == []


def test_a_connection_that_was_closed_is_replaced(
    database: Database, group_writer: GroupWriter
) -> None:
    queue(group_writer, note("a"))
    assert group_writer._connection is not None
    driver: Any = group_writer._connection.connection.driver_connection
    driver.close()
    with pytest.raises(sqlite3.ProgrammingError), group_writer.operation():
        pass
    assert queue(group_writer, note("c")) == [None]
    assert notes(database) == ["a", "c"]


def test_a_database_that_cannot_be_opened_keeps_nobody_waiting(tmp_path: Path) -> None:
    (tmp_path / "notes.db").mkdir()
    database = Database(f"sqlite:///{tmp_path / 'notes.db'}")
    for _ in range(2):
        with pytest.raises(Exception, match="unable to open"), database.write():
            pass


def test_who_is_interrupted_while_waiting_passes_the_turn_on(
    database: Database, group_writer: GroupWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LONGEST_GROUP", 0)  # whoever has the turn commits

    def interrupt(connection: Connection) -> None:
        wait_for_queue(group_writer, 1)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        time.sleep(0.05)  # the main thread wakes, and goes on waiting for its turn
        note("a")(connection)

    def run() -> None:
        with group_writer.operation() as connection:
            interrupt(connection)

    thread = threading.Thread(target=run)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background
    try:  # ignores the signal, and would hand that down
        thread.start()
        wait_for_queue(group_writer, 0)
        with pytest.raises(KeyboardInterrupt), group_writer.operation():
            pass
        thread.join(LONG)
    finally:
        signal.signal(signal.SIGINT, before)
    assert not thread.is_alive()
    assert queue(group_writer, note("b")) == [None]
    assert notes(database) == ["a", "b"]


def test_forty_threads_write_without_a_locked_database(
    database: Database, commits: list[str]
) -> None:
    def write_fifty(number: int) -> None:
        for count in range(50):
            with database.write() as tx:
                note(f"{number}-{count}")(tx.connection)

    with ThreadPoolExecutor(40) as threads:
        list(threads.map(write_fifty, range(40)))
    assert len(notes(database)) == 2000
    assert len(commits) < 1000
