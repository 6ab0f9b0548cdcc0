"""API keys: equal when they come back, revoked once, gone with their parent."""

from __future__ import annotations

from dataclasses import replace

from scopewright.core.key_chain import KeyUse
from scopewright.core.model import ApiKey
from scopewright.core.scopes import EVERYTHING
from scopewright.store import api_keys
from scopewright.store.key_uses import KeyUses
from scopewright.store.pages import Window
from tests.store.world import LATER, NOW, TOMORROW, World


def test_a_key_comes_back_equal(world: World) -> None:
    ann = world.principal()
    parent = world.api_key(ann, requested=EVERYTHING, note="")
    child = world.api_key(ann, parent_id=parent.id, expires_at=LATER)
    with world.database.read() as tx:
        assert api_keys.get(tx, parent.id) == parent
        assert api_keys.get(tx, child.id) == child
        assert api_keys.get(tx, "key_none") is None


def test_a_key_is_revoked_once_and_the_first_time_stays(world: World) -> None:
    key = world.api_key(world.principal())
    with world.database.write() as tx:
        assert api_keys.revoke(tx, key.id, at=NOW)
        assert not api_keys.revoke(tx, key.id, at=LATER)
        assert api_keys.get(tx, key.id) == replace(key, revoked_at=NOW)


def test_uses_are_noted_together(world: World) -> None:
    ann = world.principal()
    first, second, third = (world.api_key(ann) for _ in range(3))
    uses = {
        first.id: KeyUse(LATER, "192.0.2.7", "GET /a/{b}"),
        second.id: KeyUse(TOMORROW, None, "introspection"),
        "key_none": KeyUse(NOW, None, ""),
    }
    with world.database.write() as tx:
        api_keys.note_uses(tx, {})
        api_keys.note_uses(tx, uses)
        api_keys.note_uses(tx, {second.id: KeyUse(LATER, "192.0.2.8", "earlier")})
        assert [api_keys.get(tx, key.id) for key in (first, second, third)] == [
            replace(
                first,
                last_used_at=LATER,
                last_used_from="192.0.2.7",
                last_used_for="GET /a/{b}",
            ),
            replace(second, last_used_at=TOMORROW, last_used_for="introspection"),
            third,
        ]


def test_a_key_and_the_keys_by_which_it_was_made_are_read_in_their_order(world: World) -> None:
    ann = world.principal()
    first = world.api_key(ann)
    second = world.api_key(ann, parent_id=first.id, tags=("public", "room:b"))
    third = world.api_key(ann, parent_id=second.id)
    with world.database.read() as tx:
        assert api_keys.chain(tx, third.id) == [third, second, first]
        assert api_keys.chain(tx, first.id) == [first]
        assert api_keys.chain(tx, None) == api_keys.chain(tx, "key_none") == []


def test_what_was_made_with_a_key_is_revoked_with_it(world: World) -> None:
    ann = world.principal()
    first, other = world.api_key(ann), world.api_key(ann)
    second = world.api_key(ann, parent_id=first.id)
    third = world.api_key(ann, parent_id=second.id)
    with world.database.write() as tx:
        assert api_keys.revoke(tx, second.id, at=NOW)
        assert api_keys.revoke(tx, first.id, at=LATER)
        ends = [api_keys.chain(tx, key.id)[0].revoked_at for key in (first, second, third, other)]
    assert ends == [LATER, NOW, NOW, None]


def test_what_was_made_with_a_key_ends_no_later(world: World) -> None:
    ann = world.principal()
    first = world.api_key(ann)
    child = world.api_key(ann, parent_id=first.id, expires_at=TOMORROW)
    brief = world.api_key(ann, parent_id=first.id, expires_at=NOW)
    with world.database.write() as tx:
        api_keys.end(tx, first.id, at=LATER)
        ends = [api_keys.chain(tx, key.id)[0].expires_at for key in (first, child, brief)]
        api_keys.end(tx, first.id, at=TOMORROW)
        assert api_keys.get(tx, first.id) == replace(first, expires_at=LATER)
    assert ends == [LATER, LATER, NOW]


def test_the_live_keys_of_a_principal_are_counted_and_come_page_by_page(world: World) -> None:
    ann, bob = world.principal(), world.principal()
    keys = sorted((world.api_key(ann, expires_at=e) for e in (None, LATER, TOMORROW)), key=_by_id)
    world.api_key(ann, expires_at=NOW)
    world.api_key(bob)
    gone = world.api_key(ann)
    with world.database.write() as tx:
        api_keys.revoke(tx, gone.id, at=NOW)
        assert api_keys.count_live(tx, ann.id, now=NOW) == 3
        page = api_keys.page(tx, ann.id, now=NOW, window=Window(limit=2))
        rest = api_keys.page(tx, ann.id, now=NOW, window=Window(limit=2, cursor=page.cursor))
    assert [*page.items, *rest.items] == keys
    assert rest.cursor is None


def test_what_ended_long_ago_is_forgotten(world: World) -> None:
    ann = world.principal()
    live, old, revoked = (world.api_key(ann, expires_at=e) for e in (TOMORROW, NOW, None))
    with world.database.write() as tx:
        api_keys.revoke(tx, revoked.id, at=NOW)
        api_keys.purge(tx, before=NOW)
        assert api_keys.get(tx, old.id) is not None
        assert api_keys.purge(tx, before=LATER) >= 2  # other tests have left some
        found = [api_keys.get(tx, key.id) for key in (live, old, revoked)]
    assert found == [live, None, None]


def test_another_note_is_kept(world: World) -> None:
    key = world.api_key(world.principal())
    with world.database.write() as tx:
        api_keys.describe(tx, key.id, note="for the valve")
        assert api_keys.get(tx, key.id) == replace(key, note="for the valve")


def test_uses_are_known_before_they_are_written(world: World) -> None:
    key, uses = world.api_key(world.principal()), KeyUses(world.database)
    uses.write()
    uses.note(key.id, KeyUse(LATER, "192.0.2.7", "GET /a"))
    uses.note(key.id, KeyUse(TOMORROW, "192.0.2.8", "GET /b"))
    used = replace(key, last_used_at=TOMORROW, last_used_from="192.0.2.8", last_used_for="GET /b")
    with world.database.read() as tx:
        assert api_keys.get(tx, key.id) == key
    assert uses.with_latest(key) == used
    uses.write()
    with world.database.read() as tx:
        assert api_keys.get(tx, key.id) == used
    assert uses.with_latest(used) == used


def _by_id(key: ApiKey) -> str:
    return key.id
