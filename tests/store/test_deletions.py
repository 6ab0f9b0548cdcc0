"""Deleting roles and scopes: whom it affects, what goes, and what comes back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scopewright.core.applications import Application
from scopewright.core.caller import Caller
from scopewright.core.catalogue import RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.deletions import Affected, deletion
from scopewright.core.gateway import GatewayRoute
from scopewright.core.model import Principal
from scopewright.core.proposals import Proposal
from scopewright.core.scopes import NONE
from scopewright.ids import new_id
from scopewright.store import (
    applications,
    assignments,
    deletions,
    gateway_routes,
    grants,
    principals,
    revisions,
    vocabulary,
)
from scopewright.store.pages import Window
from tests.store.world import NOW, World

ANN, BOB = "ann@example.com", "bob@example.com"
ROLES = (
    RoleDefinition("inner", scopes=frozenset({"a:r"})),
    RoleDefinition("outer", scopes=frozenset({"a:r"}), includes=frozenset({"inner"})),
)
SCOPES = (ScopeDefinition("a:r"), ScopeDefinition("a:w", implies=frozenset({"a:r"})))


@pytest.fixture
def caller(world: World) -> Caller:
    """Somebody, in a workspace with these words; `inner` stands for what is gone."""
    by = Caller(world.principal(name="admin"), NONE, Vocabulary(), "token")
    words = Proposal(
        {role.name: role for role in ROLES}, {s.name: s for s in SCOPES}, {"gone": "inner"}
    )
    with world.database.write() as tx:
        vocabulary.change(tx, by, words, at=NOW)
    return by


@pytest.fixture
def ann(world: World) -> Principal:
    return world.principal(name=ANN)


@pytest.fixture
def crew(world: World) -> Principal:
    return world.group(name="crew")


def words_of(world: World) -> Vocabulary:
    with world.database.read() as tx:
        return vocabulary.here(tx, world.workspace_id, {})


def affected(world: World, caller: Caller, deleting: Proposal) -> Affected:
    with world.database.read() as tx:
        return deletions.affected(tx, caller, words_of(world), deleting)


def test_a_change_of_words_is_written_as_it_is_proposed(world: World, caller: Caller) -> None:
    assert (words_of(world).roles, words_of(world).scopes) == (ROLES, SCOPES)
    proposal = Proposal(
        roles={"inner": None, "outer": RoleDefinition("outer"), "new": RoleDefinition("new")},
        scopes={"a:w": None, "a:r": ScopeDefinition("a:r", "Read.")},
        mappings={"gone": None, "lost": "outer"},
    )
    before = words_of(world)
    with world.database.write() as tx:
        vocabulary.change(tx, caller, proposal, at=NOW)
    assert words_of(world) == proposal.on(before)


def test_who_has_a_role_stands_against_its_deletion_and_so_does_what_names_it(
    world: World, caller: Caller, ann: Principal, crew: Principal
) -> None:
    deleting = deletion(words_of(world), roles=["outer"])
    assert affected(world, caller, deleting) == Affected([], {}, needs_force=False)
    world.assign(ann, "outer")
    world.assign(crew, "outer")
    assert affected(world, caller, deleting) == Affected(
        [f"end-user {ANN}", "group crew"], {"end-user": 1, "group": 1}, needs_force=True
    )
    assert affected(world, caller, deletion(words_of(world), roles=["inner"])) == Affected(
        ["mapping gone", "role outer"], {"mapping": 1, "role": 1}, needs_force=True
    )


def test_a_grant_alone_is_told_and_does_not_stand_against_the_deletion_of_its_scope(
    world: World, caller: Caller, ann: Principal
) -> None:
    world.grant(ann, "a:w")
    assert affected(world, caller, deletion(words_of(world), scopes=["a:w"])) == Affected(
        [f"end-user {ANN}"], {"end-user": 1}, needs_force=False
    )


def test_what_demands_a_scope_stands_against_its_deletion(world: World, caller: Caller) -> None:
    world.endpoint(name="Field", write_scope="a:r")
    here = world.workspace_id
    viewer = Application(new_id("app"), here, "viewer", "Viewer", NOW)
    route = GatewayRoute(
        id=new_id("gwr"), application_id=viewer.id, host="viewer.example", path="/**",
        methods=frozenset(), scopes=frozenset({"a:r", "a:w"}), credentials=frozenset({"token"}),
        is_public=False, created_at=NOW,
    )  # fmt: skip
    open_route = replace(route, id=new_id("gwr"), path="/open", scopes=NONE)
    with world.database.write() as tx:
        applications.add(tx, viewer)
        for each in (route, open_route):
            gateway_routes.add(tx, here, route=each)
    found = affected(world, caller, deletion(words_of(world), scopes=["a:r", "a:w"]))
    assert found == Affected(
        ["endpoint Field", "role inner", "role outer", "route viewer: viewer.example/**"],
        {"endpoint": 1, "role": 2, "route": 1},
        needs_force=True,
    )


def test_somebody_with_several_of_them_is_counted_once(
    world: World, caller: Caller, ann: Principal
) -> None:
    for role in ("inner", "outer"):
        world.assign(ann, role)
    world.grant(ann, "a:r")
    other = World(world.database)
    other.assign(other.principal(name=BOB), "outer")
    deleting = deletion(words_of(world), roles=["inner", "outer"], scopes=["a:r", "a:w"])
    assert affected(world, caller, deleting).counts == {"end-user": 1, "mapping": 1}


def test_what_a_deletion_takes_is_remembered_and_brought_back_to_who_is_there(
    world: World, caller: Caller, ann: Principal, crew: Principal
) -> None:
    bob = world.principal(name=BOB)
    assigned = [world.assign(who, "inner") for who in (ann, crew, bob)]
    granted = [world.grant(who, "a:r") for who in (ann, bob)]
    other = World(world.database)
    stays = other.assign(other.principal(), "inner")
    before = words_of(world)
    deleting = deletion(before, roles=["inner"], scopes=["a:r"])
    with world.database.write() as tx:
        deletions.forget(tx, caller, before, deleting, at=NOW)
        assert [assignments.of_principal(tx, who.id) for who in (ann, crew, bob)] == [[], [], []]
        assert [grants.of_principal(tx, who.id) for who in (ann, bob)] == [[], []]
        assert assignments.of_principal(tx, stays.principal_id) == [stays]
        kept = revisions.page(tx, world.workspace_id, Window()).items
        role, scope = sorted(kept, key=lambda revision: revision.kind)
        principals.remove(tx, bob.id)
    assert words_of(world) == deleting.on(before)
    assert (role.taken.assignments, scope.taken.grants) == (len(assigned), len(granted))
    assert (role.taken.roles, role.taken.includes) == ({"outer"}, {"gone"})
    assert (scope.taken.roles, scope.taken.scopes) == ({"outer"}, {"a:w"})
    with world.database.write() as tx:
        deletions.bring_back(tx, role)
        deletions.bring_back(tx, scope)
        back = [one for who in (ann, crew) for one in assignments.of_principal(tx, who.id)]
        assert set(back) == set(assigned[:2])
        assert grants.of_principal(tx, ann.id) == granted[:1]
        assert grants.of_principal(tx, bob.id) == []
