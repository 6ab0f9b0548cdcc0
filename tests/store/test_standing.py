"""Disabled, enabled, signed out: what ends, and what a process that remembers is told."""

from __future__ import annotations

from datetime import timedelta

from scopewright.core.device_authorization import Allowed
from scopewright.core.model import Approved, ChangeKind, PrincipalKind, SignIn
from scopewright.store import (
    authorizations,
    changes,
    device_authorizations,
    identities,
    principals,
    sessions,
    standing,
    workspaces,
)
from tests.store.world import LATER, NOW, TOMORROW, World

MINUTE = timedelta(minutes=1)
SOON = NOW + MINUTE


def stage_of(world: World, id: str) -> str:
    with world.database.read() as tx:
        found = authorizations.get(tx, id) or device_authorizations.get(tx, id)
    return type(found.stage).__name__ if found is not None else ""


def test_a_principal_is_disabled_and_enabled(world: World) -> None:
    person, other = world.principal(), world.principal()
    seen = []
    with world.database.write() as tx:
        standing.disable(tx, person.id, at=LATER)
        seen.append(principals.get(tx, person.id))
        standing.enable(tx, person.id)
        seen.append(principals.get(tx, person.id))
        assert principals.get(tx, other.id) == other
    assert [one and one.disabled_at for one in seen] == [LATER, None]


def test_signing_out_ends_sessions_and_whatever_could_become_one(world: World) -> None:
    ann, bob, client = world.principal(), world.principal(), world.client()
    session = world.session(principal_id=ann.id, client_id=client.id)
    others = world.session(principal_id=bob.id, client_id=client.id)
    codes, devices = {}, {}
    for person in (ann, bob):
        pending, device = world.authorization(client), world.device_authorization(client)
        codes[person.id], devices[person.id] = pending.id, device.id
        with world.database.write() as tx:
            approved = Approved(person.id, f"code {person.id}", NOW, NOW)
            assert authorizations.approve(tx, pending.id, approved, until=LATER)
            allowed = Allowed(person.id, NOW, "cookie", NOW)
            assert device_authorizations.allow(tx, device.id, allowed)
    with world.database.write() as tx:
        workspaces.touch(tx, world.workspace_id, ChangeKind.PRINCIPAL, ann.id, at=SOON)
        assert standing.sign_out(tx, ann, at=SOON, why="because") == 1
        assert standing.sign_out(tx, ann, at=SOON, why="again") == 0
    with world.database.read() as tx:
        ended = sessions.get(tx, session.id)
        assert ended is not None
        assert (ended.ended_at, ended.ended_why) == (SOON, "because")
        assert sessions.get(tx, others.id) == others
        (linked,) = identities.of_principals(tx, [ann.id])[ann.id]
        said = changes.since(tx, world.workspace_id, after=1, limit=10)
    assert not linked.accepts(SignIn("cookie", linked.identity, NOW, NOW, TOMORROW))
    assert [(one.kind, one.subject_id) for one in said] == [(ChangeKind.SESSION, session.id)]
    assert said[0].forget_at is not None
    assert [stage_of(world, codes[one.id]) for one in (ann, bob)] == ["Denied", "Approved"]
    assert [stage_of(world, devices[one.id]) for one in (ann, bob)] == ["Denied", "Allowed"]


def test_closing_a_client_ends_what_people_began_through_it(world: World) -> None:
    ann, client, other = world.principal(), world.client(), world.client()
    session = world.session(principal_id=ann.id, client_id=client.id)
    kept = world.session(principal_id=ann.id, client_id=other.id)
    pending, device = world.authorization(client), world.device_authorization(client)
    with world.database.write() as tx:
        assert device_authorizations.allow(tx, device.id, Allowed(ann.id, NOW, "cookie", NOW))
        approved = Approved(ann.id, f"code {ann.id}", NOW, NOW)
        authorizations.approve(tx, pending.id, approved, until=LATER)
        itself = principals.get(tx, client.id)
        assert itself is not None
        assert standing.close(tx, itself, at=SOON, why="closed") == 1
        assert sessions.through_client(tx, client.id, now=SOON) == []
        assert sessions.through_client(tx, other.id, now=SOON) == [kept]
    assert [stage_of(world, one.id) for one in (pending, device)] == ["Denied", "Denied"]
    with world.database.read() as tx:
        latest = sessions.latest_of_principal(tx, ann.id, limit=10)
    assert {one.id: one.ended_at for one in latest} == {session.id: SOON, kept.id: None}


def test_what_was_issued_to_a_principal_is_refused_up_to_its_last_revocation(world: World) -> None:
    person, client = world.principal(), world.principal(kind=PrincipalKind.CLIENT, identity=None)
    here, said = world.workspace_id, {}
    with world.database.write() as tx:
        workspaces.touch(tx, here, ChangeKind.PRINCIPAL, person.id, at=SOON, forget_at=TOMORROW)
        workspaces.touch(tx, here, ChangeKind.PRINCIPAL, person.id, at=LATER, forget_at=TOMORROW)
        workspaces.touch(tx, here, ChangeKind.CLIENT, client.id, at=SOON, forget_at=TOMORROW)
        workspaces.touch(tx, here, ChangeKind.CLIENT, client.id, at=LATER)  # a change alone
        for id in (person.id, client.id, "nobody"):
            said[id] = changes.revoked_at(tx, here, id)
    assert said == {person.id: LATER, client.id: SOON, "nobody": None}
