"""Authorizations: each stage comes back equal, each transition happens once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scopewright.core.errors import Conflict
from scopewright.core.model import Approved, Authorization, Denied, Redeemed, Stage
from scopewright.core.scopes import EVERYTHING
from scopewright.ids import new_id
from scopewright.store import authorizations
from tests.store.world import LATER, NOW, TOMORROW, World

SECOND = timedelta(seconds=1)


def _approved() -> Approved:
    return Approved("ann", new_id("code"), authenticated_at=NOW, approved_at=NOW + SECOND)


def _stored(world: World, id: str) -> Authorization | None:
    with world.database.read() as tx:
        return authorizations.get(tx, id)


def test_a_request_comes_back_equal(world: World) -> None:
    client = world.client()
    full = world.authorization(client)
    bare = world.authorization(
        client, requested=EVERYTHING, redirect_uri_was_sent=False, code_challenge=None,
        state=None, nonce="n", prompt=frozenset(),
    )  # fmt: skip
    assert _stored(world, full.id) == full
    assert _stored(world, bare.id) == bare
    assert _stored(world, "aut_none") is None


def test_each_stage_comes_back_equal(world: World) -> None:
    asked = world.authorization(world.client())
    approved, redeemed = _approved(), Redeemed("ses_1", redeemed_at=NOW + 2 * SECOND)
    with world.database.write() as tx:
        assert authorizations.approve(tx, asked.id, approved, until=TOMORROW)
    expected = replace(asked, stage=approved, expires_at=TOMORROW)
    assert _stored(world, asked.id) == expected
    with world.database.write() as tx:
        assert authorizations.by_code(tx, approved.code_hash) == expected
        assert authorizations.redeem(tx, asked.id, redeemed)
    assert _stored(world, asked.id) == replace(expected, stage=redeemed)


def test_no_transition_happens_twice(world: World) -> None:
    id = world.authorization(world.client()).id
    with world.database.write() as tx:
        assert not authorizations.redeem(tx, id, Redeemed("ses_0", NOW))
        assert authorizations.approve(tx, id, _approved(), until=LATER)
        assert not authorizations.approve(tx, id, _approved(), until=LATER)
        assert authorizations.redeem(tx, id, Redeemed("ses_1", NOW))
        assert not authorizations.redeem(tx, id, Redeemed("ses_2", NOW))
        assert not authorizations.deny(tx, id, at=NOW)


def test_the_first_redemption_stays(world: World) -> None:
    id = world.authorization(world.client()).id
    with world.database.write() as tx:
        authorizations.approve(tx, id, _approved(), until=LATER)
        authorizations.redeem(tx, id, Redeemed("ses_1", NOW))
        authorizations.redeem(tx, id, Redeemed("ses_2", LATER - SECOND))
    assert _stage(world, id) == Redeemed("ses_1", NOW)


def test_a_code_is_not_redeemed_at_or_after_its_end(world: World) -> None:
    id = world.authorization(world.client()).id
    with world.database.write() as tx:
        authorizations.approve(tx, id, _approved(), until=LATER)
        assert not authorizations.redeem(tx, id, Redeemed("ses_1", LATER))


@pytest.mark.parametrize("is_approved", [False, True])
def test_a_denied_request_stays_denied(world: World, is_approved: bool) -> None:
    id = world.authorization(world.client()).id
    with world.database.write() as tx:
        if is_approved:
            authorizations.approve(tx, id, _approved(), until=LATER)
        assert authorizations.deny(tx, id, at=LATER)
        assert not authorizations.deny(tx, id, at=TOMORROW)
        assert not authorizations.approve(tx, id, _approved(), until=LATER)
        assert not authorizations.redeem(tx, id, Redeemed("ses_1", NOW))
    assert _stage(world, id) == Denied(LATER)


def test_wrong_exchanges_are_counted_while_the_code_lives(world: World) -> None:
    id = world.authorization(world.client()).id
    approved = _approved()
    with world.database.write() as tx:
        assert authorizations.fail(tx, id) == 0
        authorizations.approve(tx, id, approved, until=LATER)
        assert [authorizations.fail(tx, id) for _ in range(3)] == [1, 2, 3]
    assert _stage(world, id) == approved


def test_two_requests_cannot_have_the_same_code(world: World) -> None:
    client = world.client()
    first, second = world.authorization(client), world.authorization(client)
    approved = _approved()
    with world.database.write() as tx:
        authorizations.approve(tx, first.id, approved, until=LATER)
    with pytest.raises(Conflict), world.database.write() as tx:
        authorizations.approve(tx, second.id, approved, until=LATER)


def test_purging_forgets_what_expired_before(world: World) -> None:
    client = world.client()
    old, young = world.authorization(client), world.authorization(client, expires_at=TOMORROW)
    with world.database.write() as tx:
        assert authorizations.purge(tx, before=LATER + SECOND) >= 1
    assert _stored(world, old.id) is None
    assert _stored(world, young.id) == young


def _stage(world: World, id: str) -> Stage:
    stored = _stored(world, id)
    assert stored is not None
    return stored.stage
