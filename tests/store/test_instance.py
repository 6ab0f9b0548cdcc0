"""What the instance keeps from its first start."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from scopewright.ids import new_id
from scopewright.store import instance
from scopewright.store.database import Database


def test_the_first_value_is_kept_for_good(database: Database) -> None:
    name = new_id("name")
    with database.write() as tx:
        assert instance.keep_first(tx, name, "first") == "first"
        assert instance.keep_first(tx, name, "second") == "first"


def test_of_many_at_once_all_get_the_same(database: Database) -> None:
    name = new_id("name")

    def keep(number: int) -> str:
        with database.write() as tx:
            return instance.keep_first(tx, name, str(number))

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(keep, range(16)))) == 1
