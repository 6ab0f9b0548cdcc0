"""Issued tokens: a row each until it has expired."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from scopewright.core.model import IssuedToken
from scopewright.core.tokens import LONGEST_ACCESS
from scopewright.ids import first_id
from scopewright.store import issued_tokens
from scopewright.store.schema import issued_tokens as table
from scopewright.store.schema import microseconds
from tests.store.world import LATER, NOW, TOMORROW, World


def _token(world: World, expires_at: datetime, *, id: str) -> IssuedToken:
    return IssuedToken(
        id=id,
        workspace_id=world.workspace_id,
        principal_id="ann",
        client_id="c",
        session_id=None,
        scopes=frozenset({"b", "a"}),
        issued_at=NOW,
        expires_at=expires_at,
    )


def _rows(world: World) -> list[tuple[object, ...]]:
    with world.database.read() as tx:
        found = tx.all(select(table).where(table.c.workspace_id == world.workspace_id))
    return [tuple(row) for row in found]


def test_tokens_are_kept_together_and_forgotten_when_none_can_be_live(world: World) -> None:
    old = _token(world, LATER, id=first_id("tok", _milliseconds(NOW)))
    young = _token(world, TOMORROW, id=first_id("tok", _milliseconds(NOW) + 1))
    with world.database.write() as tx:
        issued_tokens.add_many(tx, [old, young])
    assert len(_rows(world)) == 2
    just_after = NOW + LONGEST_ACCESS + timedelta(milliseconds=1)
    with world.database.write() as tx:
        assert issued_tokens.purge(tx, before=just_after) >= 1
    assert _rows(world) == [(young.id, world.workspace_id, "ann", "c", None, "a b", NOW, TOMORROW)]


def _milliseconds(instant: datetime) -> int:
    return microseconds(instant) // 1000
