"""Hot writes that are gathered: group by group, and nobody left waiting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from scopewright.store.gathering import Gathering
from scopewright.store.writer import LARGEST_GROUP

LONG = 20  # seconds, after which something hangs

T = TypeVar("T")


class Slow:
    """Writes nowhere: notes the groups that it is given, and keeps the first until it may go on."""

    def __init__(self) -> None:
        self.groups: list[list[Any]] = []
        self.may_go_on = threading.Event()

    def write(self, items: Sequence[Any]) -> list[Any]:
        self.groups.append(list(items))
        assert self.may_go_on.wait(LONG)
        for item in items:
            if item == "break":
                raise LookupError(item)
        return [f"{item} kept" for item in items]


async def settled(*kept: Awaitable[T]) -> list[T | BaseException]:
    async with asyncio.timeout(LONG):
        return await asyncio.gather(*kept, return_exceptions=True)


def kinds(answers: Sequence[object]) -> list[object]:
    return [type(answer) if isinstance(answer, Exception) else answer for answer in answers]


async def after_the_first(slow: Slow, gathering: Gathering[str, str], *items: str) -> list[Any]:
    """What becomes of items that come while a first one is written."""
    first = gathering.add("first")
    async with asyncio.timeout(LONG):
        while not slow.groups:
            await asyncio.sleep(0)
    kept = [gathering.add(item) for item in items]
    slow.may_go_on.set()
    assert await first == "first kept"
    return await settled(*kept)


def test_what_comes_while_a_group_is_written_makes_the_next() -> None:
    slow = Slow()
    answers = asyncio.run(after_the_first(slow, Gathering(slow.write), "a", "b", "c"))
    assert slow.groups == [["first"], ["a", "b", "c"]]
    assert answers == ["a kept", "b kept", "c kept"]


def test_no_group_is_larger_than_one_that_others_can_wait_for() -> None:
    slow = Slow()
    items = [str(number) for number in range(LARGEST_GROUP + 2)]
    asyncio.run(after_the_first(slow, Gathering(slow.write), *items))
    assert [len(group) for group in slow.groups] == [1, LARGEST_GROUP, 2]


def test_a_group_that_breaks_tells_everybody_in_it_and_nobody_after_it() -> None:
    slow = Slow()
    gathering = Gathering(slow.write)

    async def run() -> tuple[list[Any], str]:
        broken = await after_the_first(slow, gathering, "a", "break")
        return broken, await gathering.add("b")

    broken, after = asyncio.run(run())
    assert kinds(broken) == [LookupError, LookupError]
    assert after == "b kept"


def test_whoever_stops_waiting_holds_nobody_up() -> None:
    slow = Slow()

    async def run() -> str:
        gathering: Gathering[str, str] = Gathering(slow.write)
        gone, stays = gathering.add("gone"), gathering.add("stays")
        gone.cancel()
        slow.may_go_on.set()
        return (await settled(stays))[0]  # type: ignore[return-value]

    assert asyncio.run(run()) == "stays kept"
    assert slow.groups == [["gone", "stays"]]
