"""Leading a database's schema to what this code expects, under a lock; all of it or nothing.

Revisions are numbered files in `migrations/versions`. Those after `OLDEST` can be led back, for who
must return to the version before; what only the newer one keeps is lost, so a backup is better.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect

from scopewright.core.errors import Invalid, NotNow
from scopewright.store.database import Database

_FOLDER = Path(__file__).with_name("migrations")
OLDEST = "0003"  # older versions could not tell what they do not know
_LOCK = 0x5C09E  # any number that nobody else takes as an advisory lock in this database


def migrate(database: Database) -> tuple[str | None, str]:
    """Run what is missing; the revisions before and after. Others that try meanwhile wait.

    Raises:
        NotNow: a newer version of this program has migrated the database.
    """
    with _locked(database) as connection:
        before = _revision(connection)
        _refuse_unknown(before)
        if before != newest_revision():
            _run(connection, "upgrade", "head")
        return before, newest_revision()


def lead_back(database: Database, *, to: str) -> str:
    """Undo every revision after `to`, with what only they keep; the revision before.

    Nothing that they restrict is let loose by that: it ends. Servers must not run meanwhile.

    Raises:
        Invalid: the database does not stand after `to`, or `to` is before `OLDEST`.
        NotNow: a newer version of this program has migrated the database.
    """
    with _locked(database) as connection:
        before = _revision(connection)
        _refuse_unknown(before)
        if before is None:
            raise Invalid("There is nothing to lead back: the database is empty.", field="to")
        if to not in _revisions() or not OLDEST <= to < before:
            raise Invalid(f"Name a revision from {OLDEST} on that is before {before}.", field="to")
        _run(connection, "downgrade", to)
        return before


def _run(connection: Connection, command: str, revision: str) -> None:
    # Not for servers, which only look whether there is something to do.
    from alembic import command as commands  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    getattr(commands, command)(config, revision)


def pending(database: Database) -> bool:
    """Whether `migrate` has something to do.

    Raises:
        NotNow: a newer version of this program has migrated the database.
    """
    current = current_revision(database)
    _refuse_unknown(current)
    return current != newest_revision()


def current_revision(database: Database) -> str | None:
    """The revision at which the database stands; None for an empty one."""
    with database.read() as tx:
        return _revision(tx.connection)


def newest_revision() -> str:
    """The revision that this code needs."""
    return max(_revisions())


@cache
def _revisions() -> frozenset[str]:
    """Every revision, by the numbers that their files begin with."""
    files = (_FOLDER / "versions").glob("[0-9]*_*.py")
    return frozenset(file.name.partition("_")[0] for file in files)


def _revision(connection: Connection) -> str | None:
    """What Alembic has noted."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    noted: str | None = connection.exec_driver_sql(
        "SELECT version_num FROM alembic_version"
    ).scalar_one_or_none()
    return noted


def _refuse_unknown(revision: str | None) -> None:
    if revision is not None and revision not in _revisions():
        raise NotNow(
            f"The database is at revision {revision}, this version of Scopewright knows "
            f"{newest_revision()} as the newest: a later version has migrated it. "
            "Run that version, or restore a backup."
        )


@contextmanager
def _locked(database: Database) -> Iterator[Connection]:
    """One transaction, which nobody else can hold at the same time."""
    if database.is_sqlite:
        with database.connect_raw() as connection:
            yield from _locked_sqlite(connection)
    else:
        with database.engine.begin() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            yield connection


def _locked_sqlite(connection: Connection) -> Iterator[Connection]:
    # SQLite changes tables by replacing them; with the keys enforced, dropping one would cascade.
    connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        yield connection
        dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if dangling:
            raise RuntimeError(f"a migration left {len(dangling)} rows without what they refer to")
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")
