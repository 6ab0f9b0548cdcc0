"""Rows that hot requests leave behind: gathered while a commit runs, written by the next one.

Each is durable before its request is answered; many share one commit.
"""

from __future__ import annotations

import asyncio

from scopewright.core.model import IssuedToken
from scopewright.store import issued_tokens
from scopewright.store.database import Database

LARGEST_BATCH = 1000


class Journal:
    """Writes issued tokens for the event loop it is used from."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[tuple[IssuedToken, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    def write(self, token: IssuedToken) -> asyncio.Future[None]:
        """Take a row; the future is done when it is durable."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((token, written))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        return written

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[:LARGEST_BATCH]
                del self._waiting[:LARGEST_BATCH]
                try:
                    await asyncio.to_thread(self._add, [token for token, _ in batch])
                except Exception as error:  # every waiter must hear of it, whatever it is
                    _answer_all(batch, error)
                else:
                    _answer_all(batch, None)
        finally:
            self._writing = None

    def _add(self, tokens: list[IssuedToken]) -> None:
        dialect = self._database.engine.dialect.name
        self._database.run_alone(*issued_tokens.insertion(dialect, tokens))


def _answer_all(
    batch: list[tuple[IssuedToken, asyncio.Future[None]]], error: Exception | None
) -> None:
    for _, written in batch:
        if written.done():
            continue
        if error is None:
            written.set_result(None)
        else:
            written.set_exception(error)
