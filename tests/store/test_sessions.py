"""Sessions and refresh tokens: ended once, followed once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, update

from scopewright.core.model import RefreshToken, Rotation
from scopewright.core.scopes import EVERYTHING, Requested
from scopewright.ids import new_id, new_uuid
from scopewright.store import schema, sessions
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Window
from scopewright.store.principals import FEW
from tests.store.world import LATER, NOW, REQUESTED, TOMORROW, World

SECOND = timedelta(seconds=1)


def test_a_session_comes_back_equal_whatever_it_asked_for(world: World) -> None:
    asked = (EVERYTHING, Requested(None, frozenset({"openid"})), REQUESTED, Requested(frozenset()))
    made = [world.session(requested=requested) for requested in asked]
    with world.database.read() as tx:
        assert [sessions.get(tx, session.id) for session in made] == made
        assert sessions.get(tx, "ses_none") is None


def test_a_session_ends_once_and_the_first_reason_stays(world: World) -> None:
    session = world.session()
    with world.database.write() as tx:
        assert sessions.end(tx, session.id, at=NOW, why="replayed")
        assert not sessions.end(tx, session.id, at=LATER, why="signed out")
        ended = replace(session, ended_at=NOW, ended_why="replayed")
        assert sessions.get(tx, session.id) == ended
        assert not sessions.end(tx, "ses_none", at=NOW, why="")


def test_a_use_puts_the_end_off(world: World) -> None:
    session = world.session()
    with world.database.write() as tx:
        sessions.use(tx, session.id, at=LATER, until=TOMORROW)
        used = replace(session, last_used_at=LATER, expires_at=TOMORROW)
        assert sessions.get(tx, session.id) == used


def test_only_active_sessions_are_listed(world: World) -> None:
    ann, client = world.principal(), world.client()
    active, ended, _expired = (
        world.session(principal_id=ann.id, client_id=client.id, expires_at=until)
        for until in (TOMORROW, TOMORROW, LATER)
    )
    with world.database.write() as tx:
        sessions.end(tx, ended.id, at=NOW, why="signed out")
    with world.database.read() as tx:
        page = sessions.page_active(tx, world.workspace_id, now=LATER, window=Window())
        assert page.items == (active,)
        assert sessions.of_principal(tx, ann.id, now=LATER) == [active]
        assert sessions.principals_of_client(tx, client.id, now=LATER) == [ann.id]
        assert sessions.of_principal(tx, ann.id, now=TOMORROW) == []
        assert sessions.principals_of_client(tx, client.id, now=TOMORROW) == []


def test_the_sessions_of_many_who_are_called_alike_are_found_as_those_of_few(world: World) -> None:
    """Beyond `FEW` people they are sought another way."""
    mine, other = _many(world, FEW + 10), world.session(expires_at=TOMORROW)
    for prefix in ("many-", "MANY-00"):
        wanted = [id for name, id in mine.items() if name.startswith(prefix.lower())]
        for sort, expected in ((None, sorted(wanted)), ("-created_at", sorted(wanted)[::-1])):
            assert _walked(world, Window(600, sort=sort, prefix=prefix)) == expected
    assert _walked(world, Window()) == sorted([*mine.values(), other.id])


def test_a_page_of_sessions_passes_by_those_that_are_over(sqlite_database: Database) -> None:
    world = World(sqlite_database)
    _many(world, FEW + 10)
    for prefix in (None, "many-"):
        asked = []

        def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_more: Any) -> None:
            asked.append((statement, values))  # noqa: B023 - heard within this round

        event.listen(sqlite_database.engine, "before_cursor_execute", note)
        with sqlite_database.read() as tx:
            window = Window(prefix=prefix)
            sessions.page_active(tx, world.workspace_id, now=NOW, window=window)
        event.remove(sqlite_database.engine, "before_cursor_execute", note)
        (statement, values), found = asked[-1], []
        with sqlite_database.read() as tx:
            explained = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            found = [row.detail for row in explained]
        assert found[0].startswith("SEARCH sessions USING INDEX ix_sessions_open"), found
        assert not [step for step in found if "TEMP B-TREE" in step or "SCAN" in step], found


def _many(world: World, number: int) -> dict[str, str]:
    """An open session for each of so many people, by their names."""
    client, people, theirs = world.client(), [], []
    for name in (f"many-{each:04}@example.com" for each in range(number)):
        here = {"id": new_uuid(), "workspace_id": world.workspace_id, "created_at": NOW}
        people.append(here | {"kind": "end_user", "name": name, "provider": None, "subject": None})
        begun = dict.fromkeys(("authenticated_at", "last_used_at"), NOW)
        whose = {"principal_id": here["id"], "client_id": client.id, "requested": "*"}
        theirs.append({**here, **begun, **whose, "id": new_id("ses"), "expires_at": TOMORROW})
    with world.database.write() as tx:
        tx.run_many(insert(schema.principals), people)
        tx.run_many(insert(schema.sessions), theirs)
    return {str(one["name"]): str(its["id"]) for one, its in zip(people, theirs, strict=True)}


def _walked(world: World, window: Window) -> list[str]:
    met: list[str] = []
    while True:
        with world.database.read() as tx:
            page = sessions.page_active(tx, world.workspace_id, now=NOW, window=window)
        met += [session.id for session in page.items]
        if page.cursor is None:
            return met
        window = replace(window, cursor=page.cursor)


def test_the_sessions_of_a_browsers_sign_in_are_found_and_go_on_under_the_next(
    world: World,
) -> None:
    before, after = new_id("hash"), new_id("hash")
    begun = [world.session(sign_in_hash=before) for _ in range(2)]
    world.session(sign_in_hash=before, expires_at=NOW)
    elsewhere = world.session(sign_in_hash=new_id("hash"))
    with world.database.write() as tx:
        assert sessions.of_sign_in(tx, before, now=NOW) == begun
        sessions.move_to_sign_in(tx, before, after)
        assert sessions.of_sign_in(tx, before, now=NOW) == []
        assert [session.id for session in sessions.of_sign_in(tx, after, now=NOW)] == [
            session.id for session in begun
        ]
        assert sessions.get(tx, elsewhere.id) == elsewhere


def test_purging_forgets_what_ended_or_expired_before_with_its_tokens(world: World) -> None:
    expired, ended, active = (
        world.session(expires_at=until) for until in (LATER, TOMORROW, TOMORROW)
    )
    token = world.refresh_token(ended)
    with world.database.write() as tx:
        sessions.end(tx, ended.id, at=NOW, why="")
        assert sessions.purge(tx, before=LATER + SECOND) >= 2
        assert sessions.get(tx, expired.id) is sessions.get(tx, ended.id) is None
        assert sessions.token(tx, token.hash) is None
        assert sessions.get(tx, active.id) == active


def test_a_refresh_token_comes_back_equal_and_is_followed_once(world: World) -> None:
    session, until = world.session(), LATER + SECOND
    token, other = world.refresh_token(session), world.refresh_token(world.session())
    following = replace(token, hash=f"after {token.hash}", issued_at=LATER)

    def rotate(tx: Transaction, hash: str) -> bool:
        rotation = Rotation(session.id, hash, f"after {hash}", at=LATER, until=until)
        return sessions.rotate_token(tx, rotation)

    with world.database.write() as tx:
        assert sessions.token(tx, token.hash) == token
        assert rotate(tx, token.hash)
        assert not rotate(tx, token.hash)
        assert not rotate(tx, "none")
        assert sessions.token(tx, token.hash) == replace(token, consumed_at=LATER)
        assert sessions.token(tx, following.hash) == following
        assert sessions.token(tx, "after none") is sessions.token(tx, "none") is None
        assert sessions.token(tx, other.hash) == other
        used = sessions.get(tx, session.id)
        assert used == replace(session, last_used_at=LATER, expires_at=until)


def test_many_refresh_tokens_are_followed_at_once_and_no_other(world: World) -> None:
    made = [world.session() for _ in range(3)]
    tokens = [world.refresh_token(session) for session in made]
    hashes = [token.hash for token in tokens]
    pairs = list(zip(made, tokens, strict=True))
    with world.database.write() as tx:
        free = sessions.of_free_tokens(tx, [*hashes, "none", hashes[0]])
        assert free == {token.hash: (token, session) for session, token in pairs}
        sessions.rotate_tokens(tx, [])
        sessions.rotate_tokens(
            tx,
            [
                Rotation(session.id, token.hash, f"after {token.hash}", at=LATER, until=TOMORROW)
                for session, token in pairs[:2]
            ],
        )
    with world.database.read() as tx:
        for session, token in pairs[:2]:
            assert sessions.token(tx, token.hash) == replace(token, consumed_at=LATER)
            following, used = sessions.of_token(tx, f"after {token.hash}")
            assert following == RefreshToken(f"after {token.hash}", session.id, LATER)
            assert used == replace(session, last_used_at=LATER, expires_at=TOMORROW)
        assert sessions.of_token(tx, hashes[2]) == (tokens[2], made[2])


@pytest.mark.postgres
def test_what_somebody_else_is_changing_is_not_free(postgresql_database: Database) -> None:
    world = World(postgresql_database)
    rotated, ended, free = (world.refresh_token(world.session()) for _ in range(3))
    with postgresql_database.write() as other:
        other.run(
            update(schema.refresh_tokens)
            .where(schema.refresh_tokens.c.hash == rotated.hash)
            .values(consumed_at=NOW)
        )
        sessions.end(other, ended.session_id, at=NOW, why="signed out")
        with postgresql_database.write() as tx:
            hashes = [token.hash for token in (rotated, ended, free)]
            assert list(sessions.of_free_tokens(tx, hashes)) == [free.hash]
