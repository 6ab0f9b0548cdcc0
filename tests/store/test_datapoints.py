"""Datapoints: append-only, newest first, selected by endpoint, principal and time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scopewright.core.errors import Conflict
from scopewright.core.model import Datapoint
from scopewright.store import datapoints
from scopewright.store.datapoints import Selection
from scopewright.store.pages import Window
from tests.store.world import LATER, NOW, TOMORROW, World

MICROSECOND = timedelta(microseconds=1)


def _selected(world: World, selection: Selection) -> list[Datapoint]:
    with world.database.read() as tx:
        page = datapoints.page(tx, world.workspace_id, selection=selection, window=Window())
    return list(page.items)


def test_datapoints_come_back_equal_newest_first(world: World) -> None:
    full = world.datapoints(
        2, source_ip="2001:db8::1", principal_id="ann", client_id="c", ingest_context={"site": 1}
    )
    bare = world.datapoints(1)
    World(world.database).datapoints(1)
    assert _selected(world, Selection()) == sorted(
        full + bare, key=lambda point: point.id, reverse=True
    )


def test_a_time_range_has_its_start_and_not_its_end(world: World) -> None:
    (at_now,), (at_later,) = world.datapoints(1), world.datapoints(1, received_at=LATER)
    assert _selected(world, Selection(start=NOW, end=LATER)) == [at_now]
    assert _selected(world, Selection(start=NOW + MICROSECOND)) == [at_later]
    assert _selected(world, Selection(start=LATER, end=TOMORROW)) == [at_later]


def test_datapoints_are_selected_by_endpoint_and_principal(world: World) -> None:
    (mine,) = world.datapoints(1, endpoint_id="e1", principal_id="ann")
    world.datapoints(1, endpoint_id="e1", principal_id="bob")
    world.datapoints(1, endpoint_id="e2", principal_id="ann")
    assert _selected(world, Selection(endpoint_id="e1", principal_id="ann")) == [mine]


def test_an_endpoint_is_emptied_in_one_workspace_alone(world: World) -> None:
    other = World(world.database)
    world.datapoints(3, endpoint_id="e1")
    (kept,) = world.datapoints(1, endpoint_id="e2")
    (theirs,) = other.datapoints(1, endpoint_id="e1")
    with world.database.write() as tx:
        assert datapoints.remove_of_endpoint(tx, world.workspace_id, endpoint_id="e1") == 3
    assert _selected(world, Selection()) == [kept]
    assert _selected(other, Selection()) == [theirs]


def test_a_batch_is_kept_whole_or_not_at_all(world: World) -> None:
    points = world.datapoints(1)
    with pytest.raises(Conflict), world.database.write() as tx:
        datapoints.add_many(tx, [replace(points[0], id="new"), points[0]])
    assert _selected(world, Selection()) == points
