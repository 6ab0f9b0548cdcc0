"""Hot writes of an event loop, gathered: while one group is written, what comes makes the next.

A thread writes a whole group. So its items share a commit, and the interpreter's lock, which a busy
loop hardly lets go, changes hands once a group and not at every step of each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from scopewright.store.writer import LARGEST_GROUP

Item = TypeVar("Item")
Kept = TypeVar("Kept")


class Gathering(Generic[Item, Kept]):
    """Hands what it is given to `write`, group by group, for the loop it is used from.

    `write` answers an item each, in order, once all are durable. What it raises is the answer to
    every item of the group.
    """

    def __init__(self, write: Callable[[Sequence[Item]], Sequence[Kept]]) -> None:
        self._write = write
        self._waiting: list[tuple[Item, asyncio.Future[Kept]]] = []
        self._writing: asyncio.Task[None] | None = None

    def add(self, item: Item) -> asyncio.Future[Kept]:
        """Take an item; the future is done when it is durable."""
        kept: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, kept))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        return kept

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                group = self._waiting[:LARGEST_GROUP]
                del self._waiting[:LARGEST_GROUP]
                await self._write_group([item for item, _ in group], [kept for _, kept in group])
        finally:
            self._writing = None

    async def _write_group(self, items: list[Item], waiting: list[asyncio.Future[Kept]]) -> None:
        try:
            answers = await asyncio.to_thread(self._write, items)
        except Exception as error:  # every waiter must hear of it, whatever it is
            for kept in waiting:
                if not kept.done():  # or whoever waited has gone
                    kept.set_exception(error)
        else:
            for kept, answer in zip(waiting, answers, strict=True):
                if not kept.done():
                    kept.set_result(answer)
