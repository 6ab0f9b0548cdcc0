"""Walking a list page by page loses and doubles nothing, whatever is added meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from scopewright.core.errors import Invalid
from scopewright.core.model import Principal, PrincipalKind
from scopewright.store import api_keys, clients, datapoints, endpoints, principals, sessions
from scopewright.store.database import Transaction
from scopewright.store.datapoints import Selection
from scopewright.store.pages import Page, Window, part_of
from tests.store.world import NOW, World

Fetch = Callable[[Transaction, World, Window], Page[object]]


def _principals(tx: Transaction, world: World, window: Window) -> Page[object]:
    kind = PrincipalKind.END_USER
    page = principals.page(tx, world.workspace_id, kind=kind, window=window)
    return Page(page.items, page.cursor)


def _clients(tx: Transaction, world: World, window: Window) -> Page[object]:
    page = clients.page(tx, world.workspace_id, window=window)
    return Page(page.items, page.cursor)


def _endpoints(tx: Transaction, world: World, window: Window) -> Page[object]:
    page = endpoints.page(tx, world.workspace_id, window=window)
    return Page(page.items, page.cursor)


def _sessions(tx: Transaction, world: World, window: Window) -> Page[object]:
    page = sessions.page_active(tx, world.workspace_id, now=NOW, window=window)
    return Page(page.items, page.cursor)


def _datapoints(tx: Transaction, world: World, window: Window) -> Page[object]:
    page = datapoints.page(tx, world.workspace_id, selection=Selection(), window=window)
    return Page(page.items, page.cursor)


def _keys(tx: Transaction, world: World, window: Window) -> Page[object]:
    page = api_keys.page(tx, _owner(world).id, now=NOW, window=window)
    return Page(page.items, page.cursor)


def _owner(world: World) -> Principal:
    """One and the same principal of a world."""
    with world.database.read() as tx:
        here = principals.page(tx, world.workspace_id, kind=None, window=Window(1)).items
    return here[0] if here else world.principal()


LISTS: dict[str, tuple[Callable[[World], Any], Fetch]] = {
    "principals": (lambda world: world.principal(), _principals),
    "clients": (lambda world: world.client(), _clients),
    "endpoints": (lambda world: world.endpoint(), _endpoints),
    "sessions": (lambda world: world.session(), _sessions),
    "datapoints": (lambda world: world.datapoints(1)[0], _datapoints),
}


@pytest.mark.parametrize("size", [1, 2, 7])
@pytest.mark.parametrize("name", LISTS)
def test_a_walk_meets_everything_once_while_rows_are_added(
    world: World, name: str, size: int
) -> None:
    add, fetch = LISTS[name]
    # Those born in the same millisecond are in no particular order.
    there = sorted((add(world) for _ in range(7)), key=lambda item: item.id)
    met: list[object] = []
    cursor: str | None = None
    for _ in range(3 * len(there)):
        with world.database.read() as tx:
            page = fetch(tx, world, Window(size, cursor))
        assert len(page.items) <= size
        met.extend(page.items)
        cursor = page.cursor
        if cursor is None:
            break
        if len(met) < len(there):
            add(world)
    assert cursor is None
    assert len(met) == len(set(map(repr, met)))
    assert [item for item in met if item in there] in (there, there[::-1])


@pytest.mark.parametrize("name", LISTS)
def test_the_last_page_has_no_cursor_even_when_it_is_full(world: World, name: str) -> None:
    add, fetch = LISTS[name]
    with world.database.read() as tx:
        assert fetch(tx, world, Window(2)) == Page((), None)
    for _ in range(2):
        add(world)
    with world.database.read() as tx:
        page = fetch(tx, world, Window(2))
    assert len(page.items) == 2
    assert page.cursor is None


NAMES = ["a", "b", "B", "é", "日本", "\U0001f600", "a", "", "zz", "a b", '"', "Z" * 300]
SORTED: dict[str, tuple[Callable[[World, str], Any], Fetch, str, Callable[[Any], str]]] = {
    "principals": (
        lambda world, name: world.principal(name=name), _principals, "name", lambda it: it.name,
    ),
    "clients": (
        lambda world, name: world.client(name=name), _clients, "name", lambda it: it.name,
    ),
    "api-keys": (
        lambda world, name: world.api_key(_owner(world), note=name), _keys, "note",
        lambda it: it.note,
    ),
}  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("way", ["", "-"])
@pytest.mark.parametrize("name", SORTED)
def test_a_walk_by_any_column_and_way_meets_everything_once_in_order(
    world: World, name: str, way: str, size: int
) -> None:
    add, fetch, column, value = SORTED[name]
    there = [add(world, said) for said in NAMES]
    met: list[Any] = []
    window = Window(size, sort=f"{way}{column}")
    for number in range(3 * len(NAMES)):
        with world.database.read() as tx:
            page = fetch(tx, world, window)
        met.extend(page.items)
        if page.cursor is None:
            break
        window = replace(window, cursor=page.cursor)
        if number < 6:
            add(world, NAMES[number])
    else:
        raise AssertionError("the walk does not end")
    order = [(value(item), item.id) for item in met]
    assert order == sorted(set(order), reverse=bool(way))
    assert {item.id for item in there} <= {item.id for item in met}


@pytest.mark.parametrize("way", ["", "-"])
@pytest.mark.parametrize("limit", range(1, 7))
def test_a_short_list_is_walked_either_way(limit: int, way: str) -> None:
    names = ["a", "B", "ba", "b", "é"]
    seen: list[str] = []
    window: Window | None = Window(limit, sort=f"{way}name")
    while window is not None:
        page = part_of(names, str, window, by={"name": str})
        seen += page.items
        window = None if page.cursor is None else replace(window, cursor=page.cursor)
    assert seen == sorted(names, reverse=bool(way))


def test_a_prefix_leaves_what_begins_with_it_as_it_is_spelled_or_in_lower_case() -> None:
    names = ["Ba", "b", "ba", "bb", "c"]
    assert part_of(names, str, Window(prefix="Ba")).items == ("Ba", "ba")
    assert part_of(names, str, Window(prefix="b", sort="-name"), by={"name": str}).items == (
        "bb", "ba", "b",
    )  # fmt: skip


@pytest.mark.parametrize("cursor", ["b", "%%%", "WzFd", "WyJhIl0", "WyJhIiwxXQ", "é", "bnVsbA"])
def test_a_place_that_is_none_of_a_sorted_list_is_refused(world: World, cursor: str) -> None:
    window = Window(cursor=cursor, sort="name")
    with pytest.raises(Invalid), world.database.read() as tx:
        _principals(tx, world, window)


@pytest.mark.parametrize("limit", range(1, 7))
def test_a_short_list_is_walked_to_its_end(limit: int) -> None:
    names = ["a", "b", "c", "d", "e"]
    seen: list[str] = []
    window: Window | None = Window(limit)
    while window is not None:
        page = part_of(names, str, window)
        assert 1 <= len(page.items) <= limit
        seen += page.items
        window = None if page.cursor is None else Window(limit, page.cursor)
    assert seen == names


def test_a_cursor_that_is_gone_goes_on_behind_its_place() -> None:
    assert part_of(["a", "c"], str, Window(cursor="b")) == Page(("c",), None)
    assert part_of([], str, Window()) == Page((), None)
