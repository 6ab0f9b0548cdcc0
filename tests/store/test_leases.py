"""Leases: one holder at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from scopewright.ids import new_id
from scopewright.store import leases
from scopewright.store.database import Database
from tests.store.world import NOW

LENGTH = timedelta(seconds=30)
MICROSECOND = timedelta(microseconds=1)


def _take(database: Database, name: str, holder: str, now: datetime) -> bool:
    with database.write() as tx:
        return leases.take(tx, name, holder=holder, now=now, until=now + LENGTH)


def test_a_lease_is_renewed_by_its_holder_and_refused_to_others(database: Database) -> None:
    name = new_id("lease")
    assert _take(database, name, "one", NOW)
    assert not _take(database, name, "two", NOW + LENGTH)
    assert _take(database, name, "one", NOW + LENGTH)
    assert not _take(database, name, "two", NOW + LENGTH + MICROSECOND)


def test_a_lease_that_ran_out_goes_to_whoever_comes(database: Database) -> None:
    name, over = new_id("lease"), NOW + LENGTH + MICROSECOND
    assert _take(database, name, "one", NOW)
    assert _take(database, name, "two", over)
    assert not _take(database, name, "one", over)


def test_of_many_at_once_one_gets_it(database: Database) -> None:
    name = new_id("lease")
    with ThreadPoolExecutor(8) as threads:
        got = list(threads.map(lambda n: _take(database, name, f"p{n}", NOW), range(40)))
    assert got.count(True) == 1
