"""What a principal holds, by itself and through groups, read with the workspace's vocabulary."""

from __future__ import annotations

import random

from scopewright.catalogues import read_shipped
from scopewright.core.catalogue import RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.model import Grant, Principal, PrincipalKind
from scopewright.core.why import givers
from scopewright.store import grants, holdings, principals, roles, scopes, vocabulary
from scopewright.store.pages import Window
from tests.store.world import NOW, World


def words_of(world: World) -> Vocabulary:
    with world.database.read() as tx:
        shipped = read_shipped(internal_prefix="iotman")
        return vocabulary.of_workspace(tx, world.workspace, shipped)


def define(world: World, *names: str) -> None:
    with world.database.write() as tx:
        for name in names:
            scopes.add(tx, world.workspace_id, scope=ScopeDefinition(name), at=NOW)


def held_by(world: World, *people: Principal) -> list[frozenset[str]]:
    words, ids = words_of(world), [one.id for one in people]
    with world.database.read() as tx:
        together = holdings.of_many(tx, ids, words)
        assert together == {id: holdings.of(tx, id, words) for id in ids}
    return [together[id] for id in ids]


def test_it_holds_grants_and_roles_that_the_vocabulary_knows(world: World) -> None:
    ann, bob = world.principal(), world.principal()
    define(world, "sensor:read")
    world.grant(ann, "sensor:read")
    world.grant(ann, "gone:read")
    world.assign(ann, "iotman:viewer")
    mine, others = held_by(world, ann, bob)
    assert {"sensor:read", "iotman:workspace:read"} <= mine
    assert "gone:read" not in mine
    assert others == frozenset()


def test_it_holds_what_each_of_its_nested_groups_holds(world: World) -> None:
    ann, bob, eve = (world.principal() for _ in range(3))
    define(world, "a", "b", "c", "d")
    left, right = world.group(ann), world.group(ann, bob)
    top, aside = world.group(left, right), world.group(eve)
    for one, scope in ((left, "a"), (right, "b"), (top, "c"), (aside, "d")):
        world.grant(one, scope)
    world.assign(top, "iotman:viewer")
    by_ann, by_bob, by_eve, by_right, by_top = held_by(world, ann, bob, eve, right, top)
    assert by_ann - by_top == {"a", "b"}
    assert by_bob == by_right == by_top | {"b"}
    assert by_eve == {"d"}
    assert {"c", "iotman:workspace:read"} <= by_top


def test_a_cycle_of_groups_which_no_service_makes_gives_to_both(world: World) -> None:
    ann = world.principal()
    define(world, "a", "b")
    one, other = world.group(ann), world.group()
    world.put(one, other)
    world.put(other, one)
    world.grant(one, "a")
    world.grant(other, "b")
    assert held_by(world, ann, one, other) == [{"a", "b"}] * 3


def test_a_ledger_knows_what_everybody_in_it_is_called(world: World) -> None:
    ann, bob = world.principal(), world.principal(name="bob@example.com")
    group = world.group(ann, name="Crew")
    define(world, "a")
    with world.database.write() as tx:
        grant = Grant(group.id, "a", granted_by=bob.id, granted_at=NOW)
        grants.add(tx, world.workspace_id, grant=grant)
        ledger = holdings.ledger_of(tx, [ann.id], words_of(world))
    [reason] = ledger.reasons(ann.id)["a"].shown
    assert (reason.groups, reason.giver) == (("Crew",), "bob@example.com")


# --- who holds a scope --------------------------------------------------------------------------

NAMES = ("a", "b", "c", "d")
ROLES = ("P", "Q", "R", "S")


def at_random(world: World, choose: random.Random) -> list[Principal]:
    """A workspace in which much is given, at random; cycles of groups are not avoided."""

    def some(names: tuple[str, ...], *, most: int = 2) -> frozenset[str]:
        return frozenset(choose.sample(names, choose.randrange(most + 1)))

    with world.database.write() as tx:
        for name in NAMES:
            defined = ScopeDefinition(name, implies=some(NAMES, most=1))
            scopes.add(tx, world.workspace_id, scope=defined, at=NOW)
        for name in ROLES:
            made = RoleDefinition(name, scopes=some(NAMES, most=1), includes=some(ROLES, most=1))
            roles.add(tx, world.workspace_id, role=made, at=NOW)
    people = [world.principal() for _ in range(6)]
    crews = [world.group() for _ in range(4)]
    for one in (*people, *crews):
        for scope in sorted(some(NAMES, most=1)):
            world.grant(one, scope)
        for role in sorted(some((*ROLES, "gone"), most=1)):
            world.assign(one, role)
        for crew in choose.sample(crews, choose.randrange(3)):
            world.put(crew, one)
    return sorted([*people, *crews], key=lambda one: one.id)


def test_who_holds_a_scope_equals_asking_everybody_page_by_page(world: World) -> None:
    choose = random.Random(11)
    for _ in range(6):
        here = World(world.database)
        everybody = at_random(here, choose)
        words = words_of(here)
        with here.database.read() as tx:
            held = holdings.of_many(tx, [one.id for one in everybody], words)
            for scope in NAMES:
                giving = givers(words, scope)
                found: list[Principal] = []
                window: Window | None = Window(limit=3)
                while window is not None:
                    page = holdings.page_of_holders(
                        tx, here.workspace_id,
                        scopes=giving.scopes, roles=giving.roles, window=window,
                    )  # fmt: skip
                    found += page.items
                    window = None if page.cursor is None else Window(3, page.cursor)
                assert found == [one for one in everybody if scope in held[one.id]]


def test_who_holds_a_scope_is_asked_of_one_workspace(world: World) -> None:
    elsewhere = World(world.database)
    define(elsewhere, "a")
    elsewhere.grant(elsewhere.principal(), "a")
    with world.database.read() as tx:
        page = holdings.page_of_holders(
            tx, world.workspace_id, scopes=frozenset({"a"}), roles=frozenset(), window=Window()
        )
        kinds = principals.page(tx, world.workspace_id, kind=PrincipalKind.GROUP, window=Window())
    assert page.items == kinds.items == ()
