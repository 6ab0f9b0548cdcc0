"""Names that count once: one taker each, remembered for as long as it matters."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from scopewright.ids import new_id
from scopewright.store import jtis
from scopewright.store.database import Database
from tests.store.world import LATER, NOW

MICROSECOND = timedelta(microseconds=1)


def _take(database: Database, hash: str, forget_at: datetime = LATER) -> bool:
    with database.write() as tx:
        return jtis.take(tx, hash, forget_at=forget_at)


def test_a_name_is_taken_once(database: Database) -> None:
    hash = new_id("jti")
    assert [_take(database, hash), _take(database, hash)] == [True, False]
    assert _take(database, new_id("jti"))


def test_taking_again_does_not_change_when_it_is_forgotten(database: Database) -> None:
    hash = new_id("jti")
    assert _take(database, hash)
    assert not _take(database, hash, NOW - timedelta(days=1))
    with database.write() as tx:
        jtis.purge(tx, before=NOW)
    assert not _take(database, hash)


def test_of_many_at_once_one_gets_it(database: Database) -> None:
    hash = new_id("jti")
    with ThreadPoolExecutor(8) as threads:
        got = list(threads.map(lambda _: _take(database, hash), range(40)))
    assert got.count(True) == 1


def test_what_is_rolled_back_was_not_taken(database: Database) -> None:
    hash = new_id("jti")
    try:
        with database.write() as tx:
            assert jtis.take(tx, hash, forget_at=LATER)
            raise RuntimeError
    except RuntimeError:
        pass
    assert _take(database, hash)


def test_purging_forgets_what_is_over(database: Database) -> None:
    over, running = new_id("jti"), new_id("jti")
    assert _take(database, over, NOW - MICROSECOND)
    assert _take(database, running, NOW)
    with database.write() as tx:
        assert jtis.purge(tx, before=NOW) >= 1
    assert [_take(database, over), _take(database, running)] == [True, False]
