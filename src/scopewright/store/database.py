"""An engine for SQLite or PostgreSQL behind two verbs: `read()` and `write()`.

Returning commits, raising rolls back. On SQLite all writes of a process go through one connection
(`writer.py`) and reads through their own (`readers.py`); PostgreSQL uses a pool.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    CursorResult,
    Engine,
    Executable,
    Row,
    UpdateBase,
    create_engine,
    event,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.pool import NullPool, QueuePool

from scopewright.core.errors import Conflict, Invalid
from scopewright.store.busy import PATIENCE, run_when_free
from scopewright.store.readers import Readers
from scopewright.store.writer import GroupWriter

BUSY_TIMEOUT_MS = int(PATIENCE * 1000)
POOL_SIZE = 20
Change = TypeVar("Change", bound=UpdateBase)
_COUNTING = {"preserve_rowcount": True}  # or psycopg has forgotten it when an INSERT is asked


class Transaction:
    """One transaction: statements in, rows out."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def one(self, statement: Executable, **parameters: Any) -> Row[Any] | None:
        """The only row, or None."""
        return self._execute(statement, parameters).one_or_none()

    def all(self, statement: Executable, **parameters: Any) -> Sequence[Row[Any]]:
        """Every row."""
        return self._execute(statement, parameters).all()

    def scalar(self, statement: Executable, **parameters: Any) -> Any:
        """The first column of the first row, or None."""
        return self._execute(statement, parameters).scalar()

    def run(self, statement: Executable, **parameters: Any) -> int:
        """Change rows; how many."""
        return self._execute(statement, parameters, execution_options=_COUNTING).rowcount

    def run_many(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run one statement for many rows."""
        if rows:
            self._execute(statement, rows)

    def _execute(self, statement: Executable, parameters: Any, **how: Any) -> CursorResult[Any]:
        return self.connection.execute(statement, parameters, **how)


def in_bulk(statement: Change) -> Change:
    """Say of a statement that it may change very many rows, which its operation reads no more.

    A rehearsal counts them instead.
    """
    return statement.execution_options(in_bulk=True)


Opening = Callable[[Connection], AbstractContextManager[Transaction]]


def _plainly(connection: Connection) -> AbstractContextManager[Transaction]:
    return nullcontext(Transaction(connection))


# How the operations of this request are opened: a rehearsal counts what they change (`rehearsals`).
OPENING: ContextVar[Opening] = ContextVar("opening", default=_plainly)


class Database:
    """Where everything is remembered. Threads share it; each call is its own transaction."""

    def __init__(self, url: str) -> None:
        self.url = _driver_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(self.url) if self.is_sqlite else _postgres_engine(self.url)
        self._reading: Callable[[], AbstractContextManager[Connection]]
        self._writing: Callable[[], AbstractContextManager[Connection]]
        self._run_alone: Callable[[str, Sequence[Any]], None]
        self._connections: Callable[[], Mapping[str, int]]
        self._closing: tuple[Callable[[], None], ...] = ()
        if self.is_sqlite:
            readers, writer = Readers(self.connect_raw), GroupWriter(self.connect_raw)
            self._reading, self._writing = readers.reading, writer.operation
            self._run_alone = writer.run_alone
            self._closing = (readers.close, writer.close)
            self._connections = readers.connections
        else:
            self._reading, self._writing = _read_only(self.engine).connect, self.engine.begin
            self._run_alone = self._run_on_postgres
            self._connections = self._pooled

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """One consistent view; changes nothing.

        Raises:
            Invalid: a text was asked for that cannot be kept.
        """
        with _plain_errors(), self._reading() as connection:
            yield Transaction(connection)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """One operation: leaving commits (durably, before this returns), raising rolls back.

        Raises:
            Conflict: a unique name was taken by somebody else in the meantime.
            Invalid: a text cannot be kept.
        """
        with _plain_errors(), self._writing() as connection, OPENING.get()(connection) as tx:
            yield tx

    def run_alone(self, statement: str, parameters: Sequence[Any]) -> None:
        """One statement in the driver's own spelling, as a whole operation; durable afterwards."""
        with _plain_errors():
            self._run_alone(statement, parameters)

    def _run_on_postgres(self, statement: str, parameters: Sequence[Any]) -> None:
        with self.connect_raw() as connection:
            connection.exec_driver_sql(statement, tuple(parameters))

    def _pooled(self) -> Mapping[str, int]:
        pool = self.engine.pool
        assert isinstance(pool, QueuePool)  # what create_engine() makes for a server
        return {"in_use": pool.checkedout(), "idle": pool.checkedin()}

    def connections(self) -> Mapping[str, int]:
        """How many connections are `in_use`, and how many `idle`."""
        return self._connections()

    def close(self) -> None:
        """Give back every connection."""
        for close in self._closing:
            close()
        self.engine.dispose()

    def connect_raw(self) -> Connection:
        """A connection on which only our own BEGIN, SAVEPOINT and COMMIT count."""
        return self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise Conflict(
            "Something of this name exists, or what it refers to is gone.", cause=str(error.orig)
        ) from error
    except (DataError, UnicodeEncodeError) as error:  # NUL, or half of a surrogate pair
        raise Invalid("A text holds characters that cannot be kept.", cause=str(error)) from error


def is_missing(url: str) -> bool:
    """Whether a file of SQLite is not there; of a server that is not known."""
    file = make_url(url).database
    return _driver_url(url).get_backend_name() == "sqlite" and not Path(file or "").exists()


def _driver_url(url: str) -> URL:
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _postgres_engine(url: URL) -> Engine:
    return create_engine(url, pool_size=POOL_SIZE, max_overflow=POOL_SIZE, hide_parameters=True)


def _read_only(engine: Engine) -> Engine:
    """The same connections, whose transactions see one state and can change nothing."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _sqlite_engine(url: URL) -> Engine:
    if url.database and not (file := Path(url.database)).exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)  # it holds private keys; SQLite's files beside it are made alike
    engine = create_engine(
        url,
        hide_parameters=True,  # errors are logged, and values may be secret
        poolclass=NullPool,  # `Readers` and `GroupWriter` keep their connections themselves
        connect_args={"check_same_thread": False, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        run_when_free(connection, "PRAGMA journal_mode = WAL")  # which heeds no busy_timeout
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    return engine
