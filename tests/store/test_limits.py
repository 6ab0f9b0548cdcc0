"""Limits: counted in windows, by all at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from scopewright.ids import new_id
from scopewright.store import limits
from scopewright.store.database import Database
from tests.store.world import NOW

WINDOW = timedelta(minutes=15)
MICROSECOND = timedelta(microseconds=1)


def _count(database: Database, key: str, now: datetime) -> tuple[int, datetime]:
    with database.write() as tx:
        counted = limits.count(tx, key, now=now, window=WINDOW)
    return counted.used, counted.ends


def test_a_window_begins_with_the_first_and_does_not_slide(database: Database) -> None:
    key, end = new_id("key"), NOW + WINDOW
    assert _count(database, key, NOW) == (1, end)
    assert _count(database, key, NOW + WINDOW / 2) == (2, end)
    assert _count(database, key, end - MICROSECOND) == (3, end)
    assert _count(database, key, end) == (1, end + WINDOW)


def test_keys_are_counted_apart(database: Database) -> None:
    one, other = new_id("key"), new_id("key")
    assert _count(database, one, NOW)[0] == _count(database, other, NOW)[0] == 1


def test_many_at_once_are_each_counted(database: Database) -> None:
    key = new_id("key")
    with ThreadPoolExecutor(8) as threads:
        counts = list(threads.map(lambda _: _count(database, key, NOW)[0], range(80)))
    assert sorted(counts) == list(range(1, 81))


def test_purging_forgets_windows_that_are_over(database: Database) -> None:
    over, running = new_id("key"), new_id("key")
    _count(database, over, NOW - WINDOW)
    _count(database, running, NOW)
    with database.write() as tx:
        assert limits.purge(tx, now=NOW + MICROSECOND) >= 1
    assert _count(database, running, NOW)[0] == 2
