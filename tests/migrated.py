"""Databases as every migration has left them: copies of one, for migrating takes half a second."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory


def migrate_at(url: str) -> None:
    """Migrate the database there."""
    from scopewright.store.database import Database  # noqa: PLC0415 - with all of SQLAlchemy
    from scopewright.store.migrating import migrate  # noqa: PLC0415
    from tests.unsynced import unsynced  # noqa: PLC0415

    database = Database(url)
    try:
        with unsynced():
            migrate(database)
    finally:
        database.close()


def migrated_file(path: Path) -> str:
    """The URL of a migrated SQLite database, which this file becomes."""
    path.write_bytes(_migrated())
    return f"sqlite:///{path}"


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "scopewright.db"
        migrate_at(f"sqlite:///{path}")
        return path.read_bytes()
