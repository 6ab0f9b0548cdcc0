"""Signing keys of workspaces."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from scopewright.core.model import SigningKey
from scopewright.ids import new_id
from scopewright.store import signing_keys
from tests.store.world import LATER, NOW, TOMORROW, World

SECOND = timedelta(seconds=1)


def _key(world: World, signs_from: datetime) -> SigningKey:
    key = SigningKey(
        id=new_id("sig"),
        workspace_id=world.workspace_id,
        algorithm="ES256",
        private_key=b"-----\x00\xff-----",
        public_jwk={"kty": "EC", "x": "–"},
        published_at=NOW,
        signs_from=signs_from,
    )
    with world.database.write() as tx:
        signing_keys.add(tx, key)
    return key


def test_keys_come_back_equal_in_the_order_in_which_they_sign(world: World) -> None:
    second, first = _key(world, LATER), _key(world, NOW)
    _key(World(world.database), NOW)
    with world.database.read() as tx:
        assert signing_keys.of_workspace(tx, world.workspace_id) == [first, second]


def test_a_retired_key_is_purged_when_no_token_can_need_it(world: World) -> None:
    retired, signing = _key(world, NOW), _key(world, LATER)
    with world.database.write() as tx:
        signing_keys.retire(tx, retired.id, at=LATER, forget_at=TOMORROW)
        signing_keys.purge(tx, now=TOMORROW)
        kept = replace(retired, retired_at=LATER, forget_at=TOMORROW)
        assert signing_keys.of_workspace(tx, world.workspace_id) == [kept, signing]
        assert signing_keys.purge(tx, now=TOMORROW + SECOND) >= 1
        assert signing_keys.of_workspace(tx, world.workspace_id) == [signing]
