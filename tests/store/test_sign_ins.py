"""Signed-in browsers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from scopewright.core.model import Identity, SignIn
from scopewright.ids import new_id
from scopewright.store import sign_ins
from scopewright.store.database import Database
from tests.store.world import LATER, NOW, TOMORROW

SECOND = timedelta(seconds=1)


def _signed_in(database: Database) -> SignIn:
    sign_in = SignIn(
        new_id("cookie"),
        Identity("email", "ann@example.com"),
        authenticated_at=NOW,
        last_seen_at=NOW + SECOND,
        expires_at=LATER,
        state={"department": ["optics"], "badge": 7},
    )
    with database.write() as tx:
        sign_ins.add(tx, sign_in)
    return sign_in


def test_a_sign_in_comes_back_equal_until_its_end(database: Database) -> None:
    sign_in = _signed_in(database)
    with database.read() as tx:
        assert sign_ins.get(tx, sign_in.cookie_hash, now=LATER - SECOND) == sign_in
        assert sign_ins.get(tx, sign_in.cookie_hash, now=LATER) is None
        assert sign_ins.get(tx, "none", now=NOW) is None


def test_being_seen_puts_the_end_off(database: Database) -> None:
    sign_in = _signed_in(database)
    with database.write() as tx:
        sign_ins.see(tx, sign_in.cookie_hash, at=LATER, until=TOMORROW)
        seen = replace(sign_in, last_seen_at=LATER, expires_at=TOMORROW)
        assert sign_ins.get(tx, sign_in.cookie_hash, now=LATER) == seen


def test_signing_out_happens_once(database: Database) -> None:
    sign_in, other = _signed_in(database), _signed_in(database)
    with database.write() as tx:
        assert sign_ins.remove(tx, sign_in.cookie_hash)
        assert not sign_ins.remove(tx, sign_in.cookie_hash)
        assert sign_ins.get(tx, other.cookie_hash, now=NOW) == other


def test_purging_forgets_the_expired(database: Database) -> None:
    sign_in = _signed_in(database)
    with database.write() as tx:
        sign_ins.purge(tx, now=LATER)
        assert sign_ins.get(tx, sign_in.cookie_hash, now=NOW) == sign_in
        assert sign_ins.purge(tx, now=LATER + SECOND) >= 1
        assert sign_ins.get(tx, sign_in.cookie_hash, now=NOW) is None
