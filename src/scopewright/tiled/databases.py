"""Tiled's databases, as Tiled itself opens them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tiled.server.connection_pool import close_database_connection_pool, get_database_engine
from tiled.server.settings import DatabaseSettings

from scopewright.tiled.workspace import Failure

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


@asynccontextmanager
async def opened(database: str) -> AsyncIterator[tuple[DatabaseSettings, AsyncEngine]]:
    """A database that exists: one that does not is not made by mistake.

    Raises:
        Failure: there is no such file.
    """
    settings = DatabaseSettings(uri=database)
    engine = get_database_engine(settings)
    try:
        file = engine.url.database if engine.url.get_backend_name() == "sqlite" else None
        if file is not None and not Path(file).is_file():
            raise Failure(f"{file}: there is no such database")
        yield settings, engine
    finally:
        await close_database_connection_pool(settings)
