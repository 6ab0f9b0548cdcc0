"""Browsers that are away at a provider: each comes back once."""

from __future__ import annotations

from datetime import timedelta

from scopewright.core.upstream import UpstreamSignIn
from scopewright.ids import new_id
from scopewright.store import upstream_sign_ins
from scopewright.store.database import Database
from tests.store.world import LATER, NOW

SECOND = timedelta(seconds=1)


def _away(database: Database, continue_to: str | None = None) -> UpstreamSignIn:
    away = UpstreamSignIn(new_id("state"), "up", "browser", continue_to, NOW, LATER)
    with database.write() as tx:
        upstream_sign_ins.add(tx, away)
    return away


def test_whoever_comes_back_is_known_by_the_state_and_once(database: Database) -> None:
    for away in (_away(database), _away(database, "aut_1")):
        with database.write() as tx:
            assert upstream_sign_ins.take(tx, "another") is None
            assert upstream_sign_ins.take(tx, away.state_hash) == away
            assert upstream_sign_ins.take(tx, away.state_hash) is None


def test_whoever_does_not_come_back_in_time_is_forgotten(database: Database) -> None:
    away = _away(database)
    with database.write() as tx:
        upstream_sign_ins.purge(tx, now=LATER)
        upstream_sign_ins.purge(tx, now=NOW)
    with database.write() as tx:
        assert upstream_sign_ins.purge(tx, now=LATER + SECOND) >= 1
        assert upstream_sign_ins.take(tx, away.state_hash) is None
