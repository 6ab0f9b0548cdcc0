"""Whether the database keeps what it has answered for, and tells the same time as we do."""

from __future__ import annotations

from datetime import datetime

from scopewright.store.database import Database, Transaction

_SQLITE_FULL = 2
_POSTGRES = {"fsync": {"on"}, "full_page_writes": {"on"}}
_POSTGRES_COMMIT = {"on", "local", "remote_write", "remote_apply"}


def weaknesses(database: Database) -> list[str]:
    """Settings of the database by which a power cut could take back a commit."""
    with database.read() as tx:
        if database.is_sqlite:
            level = _setting(tx, "PRAGMA synchronous")
            return [] if int(level) >= _SQLITE_FULL else [f"synchronous = {level}"]
        wanted = {**_POSTGRES, "synchronous_commit": _POSTGRES_COMMIT}
        found = {name: _setting(tx, f"SHOW {name}") for name in wanted}
    return [f"{name} = {found[name]}" for name, good in wanted.items() if found[name] not in good]


def database_time(database: Database) -> datetime | None:
    """The time of the database's own machine; None where that is ours."""
    if database.is_sqlite:
        return None
    with database.read() as tx:
        now: datetime = tx.connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return now


def _setting(tx: Transaction, question: str) -> str:
    return str(tx.connection.exec_driver_sql(question).scalar_one())
