"""Requests of devices: each stage comes back equal, each transition happens once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from scopewright.core.device_authorization import Allowed, DeviceAuthorization
from scopewright.core.model import Denied, Redeemed
from scopewright.core.particulars import NO_PARTICULARS
from scopewright.core.scopes import EVERYTHING
from scopewright.store import device_authorizations
from tests.store.world import LATER, NOW, TOMORROW, World

SECOND = timedelta(seconds=1)


def _stored(world: World, id: str) -> DeviceAuthorization | None:
    with world.database.read() as tx:
        return device_authorizations.get(tx, id)


def test_a_request_comes_back_equal_by_each_of_its_names(world: World) -> None:
    client = world.client()
    full = world.device_authorization(client)
    bare = world.device_authorization(client, requested=EVERYTHING, particulars=NO_PARTICULARS)
    with world.database.read() as tx:
        for one in (full, bare):
            assert device_authorizations.get(tx, one.id) == one
            assert device_authorizations.by_device_code(tx, one.device_code_hash) == one
            assert device_authorizations.by_user_code(tx, one.user_code_hash) == one
        assert device_authorizations.get(tx, "dva_none") is None
        assert device_authorizations.by_device_code(tx, full.user_code_hash) is None
        assert device_authorizations.by_user_code(tx, full.device_code_hash) is None


def test_each_stage_comes_back_equal(world: World) -> None:
    asked = world.device_authorization(world.client())
    allowed = Allowed(world.principal().id, NOW, "sign-in", NOW + SECOND)
    redeemed = Redeemed("ses_1", NOW + 2 * SECOND)
    with world.database.write() as tx:
        assert device_authorizations.allow(tx, asked.id, allowed)
    assert _stored(world, asked.id) == replace(asked, stage=allowed)
    with world.database.write() as tx:
        assert device_authorizations.redeem(tx, asked.id, redeemed)
    assert _stored(world, asked.id) == replace(asked, stage=redeemed)


def test_an_answer_is_given_once_and_in_time(world: World) -> None:
    client, person = world.client(), world.principal().id
    said_yes, said_no, late = (world.device_authorization(client).id for _ in range(3))
    allowed = Allowed(person, NOW, "sign-in", NOW)
    with world.database.write() as tx:
        assert not device_authorizations.redeem(tx, said_yes, Redeemed("ses_0", NOW))
        assert device_authorizations.allow(tx, said_yes, allowed)
        assert not device_authorizations.allow(tx, said_yes, allowed)
        assert not device_authorizations.deny(tx, said_yes, at=NOW)
        assert device_authorizations.deny(tx, said_no, at=NOW)
        assert not device_authorizations.allow(tx, said_no, allowed)
        assert not device_authorizations.allow(tx, late, replace(allowed, at=LATER))
        assert not device_authorizations.deny(tx, late, at=LATER)
        assert not device_authorizations.redeem(tx, said_yes, Redeemed("ses_1", LATER))
        assert device_authorizations.redeem(tx, said_yes, Redeemed("ses_2", NOW))
        assert not device_authorizations.redeem(tx, said_yes, Redeemed("ses_3", NOW))
    denied = _stored(world, said_no)
    assert denied is not None
    assert denied.stage == Denied(NOW)


def test_asking_is_noted_with_the_time_to_wait(world: World) -> None:
    asked, other = (world.device_authorization(world.client()) for _ in range(2))
    pause = timedelta(seconds=10)
    with world.database.write() as tx:
        device_authorizations.poll(tx, asked.id, at=NOW, interval=pause)
    assert _stored(world, asked.id) == replace(asked, polled_at=NOW, interval=pause)
    assert _stored(world, other.id) == other


def test_what_expired_before_is_forgotten(world: World) -> None:
    client = world.client()
    kept = world.device_authorization(client, expires_at=TOMORROW)
    gone = world.device_authorization(client, expires_at=TOMORROW - SECOND)
    with world.database.write() as tx:
        device_authorizations.purge(tx, before=TOMORROW)
    assert _stored(world, kept.id) == kept
    assert _stored(world, gone.id) is None
