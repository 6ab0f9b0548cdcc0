"""Trusted issuers: they come back equal, by id and by name, in their own workspace alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scopewright.core.errors import Conflict
from scopewright.core.trusted_issuers import Rule, TrustedIssuer
from scopewright.ids import new_id
from scopewright.store import trusted_issuers
from scopewright.store.pages import Window
from tests.store.world import NOW, World

RULES = (
    Rule({"sub": "repo:ß", "attempt": 1, "protected": True}, "one"),
    Rule({"ref": ""}, "other"),
)


def _trust(world: World, issuer: str = "https://a.example") -> TrustedIssuer:
    trusted = TrustedIssuer(
        new_id("tri"), world.workspace_id, issuer, "audience", None, {"keys": [{"kty": "EC"}]},
        RULES, True, NOW,
    )  # fmt: skip
    with world.database.write() as tx:
        trusted_issuers.add(tx, trusted)
    return trusted


def test_a_trusted_issuer_comes_back_equal(world: World) -> None:
    trusted = _trust(world)
    with world.database.read() as tx:
        here = world.workspace_id
        assert trusted_issuers.get(tx, here, id=trusted.id) == trusted
        assert trusted_issuers.by_issuer(tx, here, issuer=trusted.issuer) == trusted
        assert trusted_issuers.get(tx, here, id="tri_none") is None
        assert trusted_issuers.by_issuer(tx, here, issuer="https://b.example") is None


def test_a_change_is_kept_and_the_name_stays(world: World) -> None:
    trusted, other = _trust(world), _trust(world, "https://b.example")
    changed = replace(
        trusted, audience="b", jwks=None, jwks_uri="https://a.example/keys", rules=RULES[:1],
        is_single_use=False,
    )  # fmt: skip
    with world.database.write() as tx:
        trusted_issuers.change(tx, replace(changed, issuer="https://c.example"))
    with world.database.read() as tx:
        page = trusted_issuers.page(tx, world.workspace_id, window=Window())
    assert page.items == (changed, other)


def test_nothing_is_seen_or_forgotten_from_another_workspace(world: World) -> None:
    trusted, elsewhere = _trust(world), World(world.database)
    with world.database.write() as tx:
        there = elsewhere.workspace_id
        assert trusted_issuers.get(tx, there, id=trusted.id) is None
        assert trusted_issuers.by_issuer(tx, there, issuer=trusted.issuer) is None
        assert trusted_issuers.page(tx, there, window=Window()).items == ()
        assert not trusted_issuers.remove(tx, there, id=trusted.id)
        assert trusted_issuers.remove(tx, world.workspace_id, id=trusted.id)
        assert not trusted_issuers.remove(tx, world.workspace_id, id=trusted.id)


def test_a_workspace_trusts_a_name_once(world: World) -> None:
    _trust(world)
    _trust(World(world.database))
    with pytest.raises(Conflict):
        _trust(world)
