"""JSON values and instants come back exactly as they went in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from scopewright.core.model import Metadata
from scopewright.store import datapoints, metadata, sign_ins
from scopewright.store.datapoints import Selection
from scopewright.store.pages import Window
from tests.store.world import NOW, World

VALUES: list[Any] = [
    None, False, True, 0, 1, -1, 0.0, 1.5, 1e300, 2**70, "", "0", "null", [], {}, [None],
    {"": None}, "é ✓ 🎈", "a\u0000b", "\ud800", "\u2028", '"\\\n', {"b": 1, "a": [{"c": {}}]},
    ["a", ["b", []]],
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=ascii)
def test_a_json_value_comes_back_equal_and_of_the_same_type(world: World, value: Any) -> None:
    ann = world.principal()
    attached = Metadata(ann.id, "key", value, updated_by="admin", updated_at=NOW)
    world.datapoints(1, payload=value, ingest_context=value)
    with world.database.write() as tx:
        metadata.put(tx, attached)
        found = metadata.get(tx, ann.id, key="key")
        page = datapoints.page(tx, world.workspace_id, selection=Selection(), window=Window())
    assert found == attached
    assert repr(found.value) == repr(value)
    assert repr(page.items[0].payload) == repr(page.items[0].ingest_context) == repr(value)


@pytest.mark.parametrize(
    "instant",
    [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 6, 30, 23, 59, 59, 1, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ],
    ids=str,
)
def test_an_instant_comes_back_to_the_microsecond_in_utc(world: World, instant: datetime) -> None:
    ann = world.principal(created_at=instant)
    (point,) = world.datapoints(1, principal_id=ann.id, received_at=instant)
    with world.database.read() as tx:
        page = datapoints.page(tx, world.workspace_id, selection=Selection(), window=Window())
    assert page.items == (point,)
    assert page.items[0].received_at.tzinfo is UTC


def test_an_instant_without_a_zone_is_a_mistake_of_ours(world: World) -> None:
    with pytest.raises(Exception, match="offset-naive"), world.database.read() as tx:
        sign_ins.get(tx, "hash", now=NOW.replace(tzinfo=None))
