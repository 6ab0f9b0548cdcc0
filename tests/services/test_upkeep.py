"""Recurring work: one process does it, doing it again does no harm, and nothing useful goes."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from scopewright.core.model import (
    Asked,
    Authorization,
    ChangeKind,
    ClientType,
    Identity,
    Invitation,
    IssuedToken,
    MagicLink,
    SignIn,
)
from scopewright.core.scopes import EVERYTHING
from scopewright.ids import first_id, new_id
from scopewright.services.upkeep import Upkeep
from scopewright.store import (
    authorizations,
    invitations,
    issued_tokens,
    limits,
    magic_links,
    schema,
    sessions,
    sign_ins,
    signing_keys,
    workspaces,
)
from scopewright.store.schema import microseconds
from tests.inprocess import Running, Tenant


def upkeep(inside: Running) -> Upkeep:
    return Upkeep(inside.database, inside.clock, inside.application.services.keys.rotate_old)


def count(inside: Running, table: str) -> int:
    with inside.database.read() as tx:
        counted = select(func.count()).select_from(schema.metadata.tables[table])
        return int(tx.scalar(counted))


def one_of_each(tenant: Tenant, until: datetime) -> None:
    """What ends at this time, one row a table."""
    now, client = tenant.running.clock(), tenant.client(ClientType.PKCE)[0]
    session = tenant.session(tenant.person(f"{new_id('p')}@example.com"), client)
    with tenant.running.database.write() as tx:
        sessions.use(tx, session, at=now, until=until)
        authorizations.add(tx, authorization(tenant.id, client, now, until))
        magic_links.add(tx, MagicLink(new_id("h"), "a@b", None, None, None, now, until))
        identity = Identity("email", "a@b")
        sign_ins.add(tx, SignIn(new_id("h"), identity, now, now, until))
        limits.count(tx, new_id("k"), now=now, window=until - now)
        by = tenant.admin.id
        invitations.add(
            tx, Invitation(new_id("inv"), tenant.id, "a@b", "r", by, now, until, new_id("h"))
        )


def authorization(
    workspace_id: str, client_id: str, now: datetime, until: datetime
) -> Authorization:
    return Authorization(
        id=new_id("aut"),
        workspace_id=workspace_id,
        client_id=client_id,
        redirect_uri="https://app.example/callback",
        redirect_uri_was_sent=True,
        requested=EVERYTHING,
        code_challenge=None,
        state=None,
        nonce=None,
        prompt=frozenset(),
        stage=Asked(),
        created_at=now,
        expires_at=until,
    )


KEPT = {
    "authorizations": timedelta(days=1),
    "magic_links": timedelta(days=1),
    "sign_ins": timedelta(0),
    "limits": timedelta(0),
    "invitations": timedelta(0),
    "sessions": timedelta(days=7),
}


def test_what_has_expired_is_forgotten_after_its_time_and_not_before(inside: Running) -> None:
    until, second = inside.clock() + timedelta(hours=1), timedelta(seconds=1)
    one_of_each(Tenant(inside), until)
    for keep in sorted(set(KEPT.values())):
        upkeep(inside).run(until + keep)
        assert {t for t in KEPT if count(inside, t)} == {t for t in KEPT if KEPT[t] >= keep}
        upkeep(inside).run(until + keep + second)
        assert {t for t in KEPT if count(inside, t)} == {t for t in KEPT if KEPT[t] > keep}


def test_an_issued_token_is_forgotten_a_day_after_the_longest_life_of_any(inside: Running) -> None:
    tenant, born = Tenant(inside), inside.clock()
    until, by = born + timedelta(hours=1), tenant.admin.id
    id = first_id("tok", microseconds(born) // 1000)
    token = IssuedToken(id, tenant.id, by, by, None, frozenset(), born, until)
    with inside.database.write() as tx:
        issued_tokens.add_many(tx, [token])
    upkeep(inside).run(born + timedelta(days=2))
    assert count(inside, "issued_tokens") == 1
    upkeep(inside).run(born + timedelta(days=2, seconds=1))
    assert count(inside, "issued_tokens") == 0


def test_an_ended_session_is_forgotten_after_a_week(inside: Running) -> None:
    tenant, ended = Tenant(inside), inside.clock()
    id = tenant.session(tenant.person("a@example.com"), tenant.client(ClientType.PKCE)[0])
    with inside.database.write() as tx:
        sessions.end(tx, id, at=ended, why="")
    upkeep(inside).run(ended + timedelta(days=7))
    assert count(inside, "sessions") == 1
    upkeep(inside).run(ended + timedelta(days=7, seconds=1))
    assert count(inside, "sessions") == 0


def test_a_change_is_forgotten_after_a_week_unless_it_still_revokes(inside: Running) -> None:
    tenant, now = Tenant(inside), inside.clock()
    month = now + timedelta(days=30)
    with inside.database.write() as tx:
        tx.run(schema.changes.delete())
        workspaces.touch(tx, tenant.id, ChangeKind.HOLDINGS, "a", at=now)
        workspaces.touch(tx, tenant.id, ChangeKind.SESSION, "b", at=now, forget_at=month)
    for later, left in ((timedelta(days=7), 2), (timedelta(days=8), 1), (timedelta(days=31), 0)):
        upkeep(inside).run(now + later)
        assert count(inside, "changes") == left


def test_a_key_that_no_live_token_was_signed_by_is_forgotten_and_the_change_seen(
    inside: Running,
) -> None:
    tenant, now = Tenant(inside), inside.clock()
    with inside.database.write() as tx:
        [first, *_] = signing_keys.of_workspace(tx, tenant.id)
        signing_keys.retire(tx, first.id, at=now, forget_at=now + timedelta(days=1))
        version = workspaces.version(tx, tenant.id)
    upkeep(inside).run(now + timedelta(days=1, seconds=1))
    with inside.database.read() as tx:
        assert first.id not in {key.id for key in signing_keys.of_workspace(tx, tenant.id)}
        assert workspaces.version(tx, tenant.id) == (version or 0) + 1
    upkeep(inside).run(now + timedelta(days=1, seconds=2))
    with inside.database.read() as tx:
        assert workspaces.version(tx, tenant.id) == (version or 0) + 1


def test_old_keys_are_followed(inside: Running) -> None:
    Tenant(inside)
    before = count(inside, "signing_keys")
    upkeep(inside).run(inside.clock() + timedelta(days=90))
    assert count(inside, "signing_keys") == before + 2


def test_one_of_two_processes_works_and_the_other_takes_over_when_it_is_gone(
    inside: Running,
) -> None:
    one, two = upkeep(inside), upkeep(inside)
    now = inside.clock()
    assert one.run_if_due(now)
    assert not two.run_if_due(now)
    for seconds in range(10, 60, 10):
        assert not one.run_if_due(now + timedelta(seconds=seconds))
    assert not two.run_if_due(now + timedelta(seconds=60))
    assert one.run_if_due(now + timedelta(seconds=60))
    assert two.run_if_due(now + timedelta(seconds=91))
    assert not one.run_if_due(now + timedelta(seconds=100))


def test_it_starts_works_at_once_and_stops_when_told(inside: Running) -> None:
    worked, others = threading.Event(), set(threading.enumerate())
    thread = Upkeep(inside.database, inside.clock, lambda _now: worked.set())
    thread.start()
    assert worked.wait(10)
    thread.stop()
    left = set(threading.enumerate()) - others
    assert "upkeep" not in {running.name for running in left}


def test_a_failure_ends_one_round_only(inside: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = threading.Semaphore(0)

    def fail(_now: datetime) -> None:
        rounds.release()
        raise RuntimeError("the database is away")

    monkeypatch.setattr("scopewright.services.upkeep.RENEW_SECONDS", 0.01)
    thread = Upkeep(inside.database, inside.clock, fail)
    thread.start()
    assert rounds.acquire(timeout=10)
    assert rounds.acquire(timeout=10)
    thread.stop()
