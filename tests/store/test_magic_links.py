"""Magic links: used once, counted when tried wrongly."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from scopewright.store import magic_links
from tests.store.world import LATER, NOW, TOMORROW, World

SECOND = timedelta(seconds=1)


def test_a_link_comes_back_equal(world: World) -> None:
    full = world.magic_link()
    bare = world.magic_link(browser_hash=None, code_hash=None, continue_to=None)
    with world.database.read() as tx:
        assert magic_links.get(tx, full.hash) == full
        assert magic_links.get(tx, bare.hash) == bare
        assert magic_links.get(tx, "none") is None


def test_a_link_is_used_once_and_not_after_its_end(world: World) -> None:
    link, late = world.magic_link(), world.magic_link()
    with world.database.write() as tx:
        assert magic_links.use(tx, link.hash, now=NOW)
        assert not magic_links.use(tx, link.hash, now=NOW + SECOND)
        assert not magic_links.use(tx, late.hash, now=LATER)
        assert magic_links.get(tx, link.hash) == replace(link, used_at=NOW)
        assert magic_links.get(tx, late.hash) == late


def test_a_browser_has_its_working_links_newest_first(world: World) -> None:
    old = world.magic_link(expires_at=TOMORROW)
    browser = old.browser_hash
    assert browser is not None
    new = world.magic_link(browser_hash=browser, created_at=NOW + SECOND, expires_at=TOMORROW)
    used = world.magic_link(browser_hash=browser, expires_at=TOMORROW)
    world.magic_link(browser_hash=browser, expires_at=LATER)
    world.magic_link()
    with world.database.write() as tx:
        magic_links.use(tx, used.hash, now=NOW)
        assert magic_links.of_browser(tx, browser, now=LATER) == [new, old]


def test_wrong_tries_are_counted(world: World) -> None:
    link = world.magic_link()
    with world.database.write() as tx:
        assert [magic_links.fail(tx, link.hash) for _ in range(3)] == [1, 2, 3]
        assert magic_links.fail(tx, "none") == 0


def test_an_invitation_lasts_as_long_as_its_latest_link_until_one_is_used(world: World) -> None:
    waiting, come, other = (world.principal().id for _ in range(3))
    world.magic_link(principal_id=waiting)
    world.magic_link(principal_id=waiting, expires_at=TOMORROW)
    used = world.magic_link(principal_id=come)
    world.magic_link(principal_id=come, expires_at=TOMORROW)
    with world.database.write() as tx:
        magic_links.use(tx, used.hash, now=NOW)
        assert magic_links.invited_until(tx, [waiting, come, other]) == {waiting: TOMORROW}
        assert magic_links.invited_until(tx, []) == {}


def test_purging_forgets_what_expired_before(world: World) -> None:
    old, young = world.magic_link(), world.magic_link(expires_at=TOMORROW)
    with world.database.write() as tx:
        assert magic_links.purge(tx, before=LATER + SECOND) >= 1
        assert magic_links.get(tx, old.hash) is None
        assert magic_links.get(tx, young.hash) == young
