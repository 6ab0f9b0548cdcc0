"""Sessions and refresh tokens: ended once, followed once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from scopewright.core.scopes import EVERYTHING, Requested
from scopewright.ids import new_id
from scopewright.store import sessions
from scopewright.store.database import Transaction
from scopewright.store.pages import Window
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
        name = f"after {hash}"
        return sessions.rotate_token(tx, hash, following=name, at=LATER, until=until)

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
