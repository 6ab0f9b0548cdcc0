"""Identities: one of the record's own from the start, others linked, each one principal's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scopewright.core.errors import Conflict
from scopewright.core.identities import LinkedIdentity
from scopewright.core.model import Identity, Principal, PrincipalKind, SignIn
from scopewright.ids import new_id
from scopewright.store import identities, principals, standing, workspaces
from tests.store.world import LATER, NOW, World

SECOND = timedelta(seconds=1)
MEMBER, END_USER = PrincipalKind.MEMBER, PrincipalKind.END_USER


def another() -> Identity:
    return Identity("lab", new_id("ann"))


def link(world: World, principal: Principal, identity: Identity) -> LinkedIdentity:
    linked = LinkedIdentity(principal.id, identity, "admin", LATER)
    with world.database.write() as tx:
        identities.add(tx, principal, linked)
    return linked


def of(world: World, principal: Principal) -> list[LinkedIdentity]:
    with world.database.read() as tx:
        return identities.of_principals(tx, [principal.id])[principal.id]


def test_whoever_is_called_by_an_identity_proves_it_from_the_start(world: World) -> None:
    person = world.principal()
    assert person.identity is not None
    assert of(world, person) == [LinkedIdentity(person.id, person.identity, person.id, NOW)]
    assert of(world, world.principal(kind=PrincipalKind.GROUP, identity=None)) == []


def test_a_linked_identity_comes_back_equal_and_finds_the_same_principal(world: World) -> None:
    person, other = world.principal(), world.principal()
    linked = link(world, person, another())
    with world.database.read() as tx:
        here = world.workspace_id
        assert identities.get(tx, here, kind=END_USER, identity=linked.identity) == linked
        assert identities.get(tx, here, kind=MEMBER, identity=linked.identity) is None
        found = principals.by_identity(tx, here, kind=END_USER, identity=linked.identity)
        assert found == person
        assert principals.of_identity(tx, linked.identity) == [person]
    assert linked in of(world, person)
    assert linked not in of(world, other)


def test_a_linked_address_names_the_principal(world: World) -> None:
    person, address = world.principal(), f"{new_id('ann')}@example.com"
    link(world, person, Identity("email", address))
    with world.database.read() as tx:
        for name in (address, address.upper()):
            found = principals.find(tx, world.workspace_id, kind=END_USER, name=name)
            assert found == principals.find_any(tx, world.workspace_id, name=name) == person


def test_an_identity_is_one_principals_of_a_kind_in_a_workspace(world: World) -> None:
    identity = another()
    link(world, world.principal(), identity)
    link(world, world.principal(kind=MEMBER), identity)
    elsewhere = World(world.database)
    link(elsewhere, elsewhere.principal(), identity)
    with pytest.raises(Conflict):
        link(world, world.principal(), identity)
    with pytest.raises(Conflict):
        world.principal(identity=identity)


def test_members_find_their_workspaces_by_every_identity_unless_disabled(world: World) -> None:
    member, identity = world.principal(kind=MEMBER), another()
    link(world, member, identity)
    link(world, world.principal(), another())

    def found() -> list[str]:
        with world.database.read() as tx:
            there = workspaces.of_member(tx, identity)
        return [workspace.id for workspace in there]

    assert found() == [world.workspace_id]
    with world.database.write() as tx:
        standing.disable(tx, member.id, at=NOW)
    assert found() == []


def test_who_is_elsewhere_by_another_identity_is_not_only_here(world: World) -> None:
    elsewhere = World(world.database)
    alone, both = world.principal(kind=MEMBER), world.principal(kind=MEMBER)
    link(world, both, another())
    assert both.identity is not None
    link(elsewhere, elsewhere.principal(kind=MEMBER), both.identity)
    with world.database.read() as tx:
        assert workspaces.members_only_here(tx, world.workspace_id) == {alone.id}


def test_a_use_is_noted_once_a_minute(world: World) -> None:
    person = world.principal()
    link(world, person, another())
    assert person.identity is not None
    used = []
    for at in (LATER, LATER + 59 * SECOND, LATER + 60 * SECOND):
        with world.database.write() as tx:
            identities.note_use(tx, person, person.identity, at=at)
        used.append({one.identity.provider: one.last_used_at for one in of(world, person)})
    assert used == [
        {"email": LATER, "lab": None},
        {"email": LATER, "lab": None},
        {"email": LATER + 60 * SECOND, "lab": None},
    ]


def test_signing_out_voids_the_sign_ins_of_before_by_every_identity(world: World) -> None:
    person, other = world.principal(), world.principal()
    link(world, person, another())
    with world.database.write() as tx:
        identities.sign_out(tx, person.id, at=LATER)
    for linked in of(world, person):
        for at, counts in ((LATER - SECOND, False), (LATER, False), (LATER + SECOND, True)):
            sign_in = SignIn("cookie", linked.identity, at, at, LATER)
            assert linked.accepts(sign_in) is counts
    assert [one.signed_out_at for one in of(world, other)] == [None]


def test_unlinking_happens_once_and_a_removed_principal_takes_its_identities_along(
    world: World,
) -> None:
    person, identity = world.principal(), another()
    link(world, person, identity)
    with world.database.write() as tx:
        assert identities.remove(tx, person, identity)
        assert not identities.remove(tx, person, identity)
    assert len(of(world, person)) == 1
    with world.database.write() as tx:
        principals.remove(tx, person.id)
    assert of(world, person) == []
    assert person.identity is not None
    world.principal(identity=person.identity)
