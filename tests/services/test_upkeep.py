"""Recurring work: one process does it, doing it again does no harm, and nothing useful goes."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from scopewright.core.device_authorization import DeviceAuthorization
from scopewright.core.model import (
    Asked,
    Authorization,
    ChangeKind,
    ClientType,
    Identity,
    Invitation,
    IssuedToken,
    MagicLink,
    RegistrationToken,
    SignIn,
)
from scopewright.core.pushed_requests import PushedRequest
from scopewright.core.registration import ClientRegistration
from scopewright.core.scopes import EVERYTHING
from scopewright.ids import first_id, new_id
from scopewright.services.upkeep import Rounds, Upkeep
from scopewright.store import (
    authorizations,
    changes,
    clients,
    device_authorizations,
    invitations,
    issued_tokens,
    jtis,
    limits,
    magic_links,
    pushed_requests,
    registration_tokens,
    schema,
    sessions,
    sign_ins,
    signing_keys,
    workspaces,
)
from scopewright.store.pages import Window
from scopewright.store.schema import microseconds
from tests.inprocess import Running, Tenant


def upkeep(inside: Running) -> Upkeep:
    return Upkeep(inside.database, inside.application.services.keys.rotate_old)


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
        device_authorizations.add(tx, device_authorization(tenant.id, client, now, until))
        magic_links.add(tx, MagicLink(new_id("h"), "a@b", None, None, None, now, until))
        identity = Identity("email", "a@b")
        sign_ins.add(tx, SignIn(new_id("h"), identity, now, now, until))
        limits.count(tx, new_id("k"), now=now, window=until - now)
        jtis.take(tx, new_id("h"), forget_at=until)
        pushed_requests.add(
            tx, PushedRequest(new_id("h"), tenant.id, client, [("a", "b")], now, until)
        )
        by = tenant.admin.id
        registration_tokens.add(
            tx, RegistrationToken(new_id("rgt"), tenant.id, new_id("h"), "", by, now, until)
        )
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


def device_authorization(
    workspace_id: str, client_id: str, now: datetime, until: datetime
) -> DeviceAuthorization:
    return DeviceAuthorization(
        id=new_id("dva"),
        workspace_id=workspace_id,
        client_id=client_id,
        requested=EVERYTHING,
        device_code_hash=new_id("h"),
        user_code_hash=new_id("h"),
        stage=Asked(),
        interval=timedelta(seconds=5),
        created_at=now,
        expires_at=until,
    )


KEPT = {
    "authorizations": timedelta(days=1),
    "device_authorizations": timedelta(days=1),
    "magic_links": timedelta(days=1),
    "sign_ins": timedelta(0),
    "limits": timedelta(0),
    "invitations": timedelta(days=7),
    "jtis": timedelta(0),
    "pushed_requests": timedelta(0),
    "registration_tokens": timedelta(0),
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


def logout_notice(tenant: Tenant, now: datetime) -> None:
    """The client of an ended session is to be told."""
    url = "https://app.example/logged-out"
    client_id = tenant.client(ClientType.PKCE)[0]
    session_id = tenant.session(tenant.person(f"{new_id('p')}@example.com"), client_id)
    with tenant.running.database.write() as tx:
        client = clients.get(tx, client_id)
        assert client is not None
        listening = ClientRegistration(backchannel_logout_uri=url)
        clients.change(tx, replace(client, registration=listening))
        sessions.end(tx, session_id, at=now, why="")


def test_a_logout_notice_that_nobody_took_is_forgotten_after_a_day(inside: Running) -> None:
    now = inside.clock()
    logout_notice(Tenant(inside), now)
    upkeep(inside).run(now + timedelta(days=1))
    assert count(inside, "logout_notices") == 1
    upkeep(inside).run(now + timedelta(days=1, seconds=1))
    assert count(inside, "logout_notices") == 0


def came_by_itself(tenant: Tenant, **said: Any) -> str:
    """A client that nobody registered."""
    id, _ = tenant.client(ClientType.PKCE)
    with tenant.running.database.write() as tx:
        client = clients.get(tx, id)
        assert client is not None
        clients.change(tx, replace(client, **said))
    return id


def test_clients_that_came_by_themselves_are_forgotten_after_a_month_unless_used(
    inside: Running,
) -> None:
    tenant, now = Tenant(inside), inside.clock()
    registered = {"registration_token_hash": "0" * 64}
    described = {"document_url": "https://a.example/", "document_expires_at": now}
    unused = [came_by_itself(tenant, **said) for said in (registered, described)]
    person = tenant.person("ann@example.com")
    tenant.define("sensor:read")
    used, approved, granted, grouped = (came_by_itself(tenant, **registered) for _ in range(4))
    session = tenant.session(person, used)
    with inside.database.write() as tx:
        sessions.use(tx, session, at=now, until=now + timedelta(days=60))
    tenant.consent(person, approved, EVERYTHING)
    tenant.grant(granted, "sensor:read")
    tenant.group("Crew", grouped)
    by_member, _ = tenant.client(ClientType.PKCE)
    kept = {used, approved, granted, grouped, by_member}
    upkeep(inside).run(now + timedelta(days=30))
    assert remaining(tenant) == kept | set(unused)
    upkeep(inside).run(now + timedelta(days=30, seconds=1))
    assert remaining(tenant) == kept
    with inside.database.read() as tx:
        feed = changes.revoked_since(tx, tenant.id, after=0, now=now, limit=10)
    assert {change.subject_id for change in feed} == set(unused)


def remaining(tenant: Tenant) -> set[str]:
    with tenant.running.database.read() as tx:
        return {client.id for client in clients.page(tx, tenant.id, window=Window()).items}


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


def test_rounds_begin_at_once_and_stop_when_told() -> None:
    worked = threading.Event()
    rounds = Rounds("testing", 3600, worked.set)
    rounds.start()
    assert worked.wait(10)
    rounds.stop()
    assert "testing" not in {running.name for running in threading.enumerate()}


def test_a_failure_ends_one_round_only() -> None:
    begun = threading.Semaphore(0)

    def fail() -> None:
        begun.release()
        raise RuntimeError("the database is away")

    rounds = Rounds("testing", 0.01, fail)
    rounds.start()
    assert begun.acquire(timeout=10)
    assert begun.acquire(timeout=10)
    rounds.stop()
