"""The versions of workspaces on PostgreSQL: one pinned connection, shared round trips.

Requests that arrive while a question is under way wait for the next one, so each answer was read
after it was asked for, and a hundred requests cost one round trip.
"""

from __future__ import annotations

import asyncio

import psycopg
from psycopg.rows import TupleRow

_VERSIONS = "SELECT id, authority_version FROM workspaces WHERE id = ANY(%s)"


class PostgresVersions:
    """Asks once for all requests that arrived before the question left."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.AsyncConnection[TupleRow] | None = None
        self._waiting: dict[str, list[asyncio.Future[int | None]]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def current(self, workspace_id: str) -> int | None:
        answer: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(workspace_id, []).append(answer)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return await answer

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _ask(self) -> None:
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, {}
                try:
                    found = await self._read(list(waiting))
                except Exception as error:  # every waiter must hear of it, whatever it is
                    self._connection = None
                    _answer_all(waiting, error)
                else:
                    _answer_all(waiting, found)
        finally:
            self._asking = None

    async def _read(self, workspace_ids: list[str]) -> dict[str, int]:
        try:
            return await self._read_once(workspace_ids)
        except psycopg.OperationalError:
            self._connection = None  # the server was restarted; a fresh connection tries once more
            return await self._read_once(workspace_ids)

    async def _read_once(self, workspace_ids: list[str]) -> dict[str, int]:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                self._conninfo, autocommit=True, prepare_threshold=0
            )
        cursor = await self._connection.execute(_VERSIONS, (workspace_ids,))
        return dict(await cursor.fetchall())


def _answer_all(
    waiting: dict[str, list[asyncio.Future[int | None]]], outcome: dict[str, int] | Exception
) -> None:
    for workspace_id, answers in waiting.items():
        for answer in answers:
            if answer.done():
                continue
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome.get(workspace_id))
