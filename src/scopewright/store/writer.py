"""The one writer of a process on SQLite: operations queue, and the last in the queue commits.

Each operation runs in its caller's thread, on the shared connection, in its own SAVEPOINT. When it
is done and others wait, it hands them the open transaction instead of committing it; the commit
comes when nobody waits or the group is full, and only then is any of the group answered. So one
fsync serves many operations, and no two threads of a process fight for the database's lock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Lock
from time import monotonic
from typing import Any

from sqlalchemy import Connection

from scopewright.store.busy import run_when_free

LARGEST_GROUP = 128  # operations
LONGEST_GROUP = 0.05  # seconds; others, and other processes, wait meanwhile


class NotCommitted(Exception):
    """The commit that was to keep this operation failed; whether anything was kept is unknown."""


class GroupWriter:
    """Runs write operations one after the other, first come first served.

    INVARIANT: whoever has the turn passes it on and, unless it hands an open group to somebody who
    waits for it, ends that group; whatever fails in between. Otherwise everybody waits forever.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._group: _Group | None = None
        self._turns = _Turns()

    @contextmanager
    def operation(self) -> Iterator[Connection]:
        """Run one operation; returns after its commit is durable.

        Raises:
            NotCommitted: the commit failed.
        """
        group = None
        try:
            self._turns.take()
            group = self._join_group()
            yield group.connection
            group.keep_operation()
        except BaseException:
            if group is not None:
                group.undo_operation()
            raise
        finally:
            self._leave()
        group.wait()

    def run_alone(self, statement: str, parameters: Sequence[Any]) -> None:
        """Run one statement as a whole operation; returns after its commit is durable.

        Where nobody else writes it commits itself, in one step of SQLite. Of a transaction each
        step would wait for the interpreter's lock, which a busy event loop hardly lets go.

        Raises:
            NotCommitted: the commit failed.
        """
        if not self._turns.take_if_free():
            with self.operation() as connection:
                connection.exec_driver_sql(statement, tuple(parameters))
            return
        try:
            connection = self._connected()
            run_when_free(_driver_of(connection), statement, parameters)
        finally:
            self._turns.pass_on()

    def close(self) -> None:
        """Give the connection back; nothing may be running."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _join_group(self) -> _Group:
        if self._group is None:
            self._group = _Group(self._connected())
            self._group.begin()
        self._group.begin_operation()
        return self._group

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._connect()
            self._connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        return self._connection

    def _leave(self) -> None:
        try:
            group = self._group
            if group is not None:
                if group.has_room and self._turns.is_awaited:
                    return
                self._group = None
                group.commit()
            if group is None or group.failure is not None:
                with suppress(Exception):  # what is left of a broken connection
                    self.close()
        finally:
            self._turns.pass_on()


class _Group:
    """Operations that share one commit, on a connection that nobody else uses meanwhile."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.failure: BaseException | None = None
        self._driver = _driver_of(connection)
        self._size = 0
        self._begun = monotonic()
        self._ended = Event()

    @property
    def has_room(self) -> bool:
        is_young = monotonic() < self._begun + LONGEST_GROUP
        return self.failure is None and is_young and self._size < LARGEST_GROUP

    def begin(self) -> None:
        with self._failing():
            run_when_free(self._driver, "BEGIN IMMEDIATE")
        self._begun = monotonic()

    def begin_operation(self) -> None:
        self._size += 1
        with self._failing():
            self._driver.execute("SAVEPOINT operation")

    def keep_operation(self) -> None:
        with self._failing():
            self._driver.execute("RELEASE operation")

    def undo_operation(self) -> None:
        """Undo the operation alone. The error that led here is what its caller shall see."""
        with suppress(Exception), self._failing():
            self._driver.execute("ROLLBACK TO operation")
            self._driver.execute("RELEASE operation")

    def commit(self) -> None:
        """End the group, well or badly, and let go whoever waits for it."""
        try:
            with suppress(Exception), self._failing():
                if self.failure is None:
                    self._driver.execute("COMMIT")
                else:
                    self._driver.rollback()
        finally:
            self._ended.set()

    def wait(self) -> None:
        self._ended.wait()
        if self.failure is not None:
            raise NotCommitted(f"The commit failed: {self.failure}") from self.failure

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """What fails here fails the whole group: SQLite may have rolled all of it back."""
        try:
            yield
        except BaseException as error:
            self.failure = self.failure or error
            raise


def _driver_of(connection: Connection) -> Any:
    return connection.connection.driver_connection


class _Turns:
    """A lock that is handed on in the order in which it was asked for."""

    def __init__(self) -> None:
        self._mutex = Lock()
        self._is_taken = False
        self._waiting: deque[Event] = deque()

    @property
    def is_awaited(self) -> bool:
        return bool(self._waiting)

    def take(self) -> None:
        """Wait for the turn; who is interrupted while waiting has it as well."""
        with self._mutex:
            if not self._is_taken:
                self._is_taken = True
                return
            turn = Event()
            self._waiting.append(turn)
        try:
            turn.wait()
        except BaseException:
            turn.wait()
            raise

    def take_if_free(self) -> bool:
        """Take the turn without waiting; whether it was free. Then no group is open either."""
        with self._mutex:
            was_free, self._is_taken = not self._is_taken, True
            return was_free

    def pass_on(self) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_taken = False
