"""Access tags as they are kept, part by part and with what goes, and as a decision finds them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from scopewright.core.access_tags import PUBLIC
from scopewright.core.errors import Conflict
from scopewright.core.model import Identity, PrincipalKind
from scopewright.core.tag_definitions import GivenTagGrant, TagDefinition, TagGrant
from scopewright.store import access_decisions, access_tags, principals, user_names, workspaces
from scopewright.store.access_decisions import Found
from scopewright.store.database import Database
from scopewright.store.pages import Window
from tests.store.world import LATER, NOW, World


def kept(world: World, name: str, *grants: TagGrant, **said: frozenset[str]) -> TagDefinition:
    tag = TagDefinition(name, f"about {name}", frozenset(grants), **said)
    with world.database.write() as tx:
        access_tags.add(tx, world.workspace_id, tag, by="admin", at=NOW)
    return tag


def found(world: World, name: str) -> TagDefinition | None:
    with world.database.read() as tx:
        return access_tags.get(tx, world.workspace_id, name=name)


# --- as they are kept ---------------------------------------------------------------------------


def test_a_tag_comes_back_equal_is_there_once_and_goes(world: World) -> None:
    ann, crew = world.principal(), world.group()
    tag = kept(
        world, "t", TagGrant(ann.id, "read:data"), TagGrant(ann.id, "reader", True),
        TagGrant(crew.id, "read:data"), nested=frozenset({PUBLIC, "u"}), owners=frozenset({ann.id}),
    )  # fmt: skip
    assert found(world, "t") == tag
    assert found(World(world.database), "t") is None
    with pytest.raises(Conflict):
        kept(world, "t")
    with world.database.write() as tx:
        assert access_tags.names(tx, world.workspace_id) == {"t"}
        assert access_tags.above(tx, world.workspace_id, name="u") == ["t"]
        assert access_tags.remove(tx, world.workspace_id, name="t")
        assert not access_tags.remove(tx, world.workspace_id, name="t")
        assert access_tags.graph(tx, world.workspace_id).grants == {}


def test_a_change_keeps_who_gave_what_stays(world: World) -> None:
    ann, bob = world.principal(), world.principal()
    stays, goes, comes = (TagGrant(one, "read:data") for one in (ann.id, bob.id, world.group().id))
    before = kept(world, "t", stays, goes, nested=frozenset({"u"}), owners=frozenset({ann.id}))
    after = TagDefinition(
        "t", "new", frozenset({stays, comes}), frozenset({PUBLIC}), frozenset({bob.id})
    )
    with world.database.write() as tx:
        access_tags.change(tx, world.workspace_id, before, after, by="eve", at=LATER)
        giving = access_tags.giving(tx, world.workspace_id, word="read:data", is_role=False)
    assert found(world, "t") == after
    assert set(giving) == {
        GivenTagGrant("t", stays, "admin", NOW), GivenTagGrant("t", comes, "eve", LATER)
    }  # fmt: skip


def test_what_a_tag_gives_goes_with_its_principal_and_the_workspace_with_all(world: World) -> None:
    ann = world.principal()
    kept(world, "t", TagGrant(ann.id, "read:data"), owners=frozenset({ann.id}))
    with world.database.write() as tx:
        principals.remove(tx, ann.id)
    left = found(world, "t")
    assert left is not None
    assert left.mentioned == frozenset()
    with world.database.write() as tx:
        workspaces.remove(tx, world.workspace_id)
    assert found(world, "t") is None


def test_a_word_is_taken_from_all_tags_and_brought_back_to_those_that_are_left(
    world: World,
) -> None:
    ann, bob = world.principal(), world.principal()
    kept(world, "t", TagGrant(ann.id, "reader", True), TagGrant(bob.id, "reader", True))
    kept(world, "u", TagGrant(ann.id, "reader", True), TagGrant(ann.id, "reader"))
    here = world.workspace_id
    with world.database.write() as tx:
        taken = access_tags.giving(tx, here, word="reader", is_role=True)
        assert [one.tag for one in taken] == ["t", "t", "u"]
        access_tags.forget_word(tx, here, word="reader", is_role=True)
        assert access_tags.giving(tx, here, word="reader", is_role=True) == []
        assert len(access_tags.giving(tx, here, word="reader", is_role=False)) == 1
        access_tags.remove(tx, here, name="u")
        principals.remove(tx, bob.id)
        access_tags.restore(tx, taken)
        access_tags.restore(tx, [])
        left = access_tags.giving(tx, here, word="reader", is_role=True)
    assert left == [one for one in taken if (one.tag, one.grant.principal_id) == ("t", ann.id)]


def test_pages_go_by_name(world: World) -> None:
    for name in ("b", "a", "B", "c"):
        kept(world, name)
    with world.database.read() as tx:
        first = access_tags.page(tx, world.workspace_id, window=Window(2))
        rest = access_tags.page(tx, world.workspace_id, window=Window(2, first.cursor))
    assert [tag.name for tag in (*first.items, *rest.items)] == ["B", "a", "b", "c"]
    assert rest.cursor is None


# --- for a decision -----------------------------------------------------------------------------


def test_a_tag_gives_what_is_nested_in_it_to_whoever_is_in_a_group_however_deep(
    world: World,
) -> None:
    ann, bob = world.principal(), world.principal()
    inner = world.group(ann)
    outer = world.group(inner, name="Outer")
    to_outer, to_bob = TagGrant(outer.id, "reader", True), TagGrant(bob.id, "read:data")
    kept(world, "low", to_outer)
    kept(world, "mid", to_bob, nested=frozenset({"low", PUBLIC}))
    kept(world, "top", nested=frozenset({"mid"}), owners=frozenset({inner.id}))
    kept(world, "aside", TagGrant(world.principal().id, "read:data"))
    here, names = world.workspace_id, ["top", "low", "gone", PUBLIC]
    with world.database.read() as tx:
        as_ann, as_bob, as_nobody = (access_decisions.holders(tx, one) for one in (ann, bob, None))
        of_ann = access_decisions.on_tags(tx, here, as_ann, names, owned=True)
        of_bob = access_decisions.on_tags(tx, here, as_bob, names, owned=True)
        of_nobody = access_decisions.on_tags(tx, here, as_nobody, names, owned=True)
        all_of_ann = access_decisions.by_any_tag(tx, here, as_ann)
        all_of_nobody = access_decisions.by_any_tag(tx, here, as_nobody)
        elsewhere = access_decisions.on_tags(tx, World(world.database).workspace_id, as_ann, names)
    assert (set(as_ann), as_bob, as_nobody) == ({ann.id, inner.id, outer.id}, [bob.id], [])
    known, public = frozenset({"top", "low"}), frozenset({"top"})
    assert sorted(of_ann.given) == [("low", to_outer), ("top", to_outer)]
    assert replace(of_ann, given=()) == Found(known, public, (), frozenset({"top"}))
    assert of_bob == Found(known, public, (("top", to_bob),))
    assert of_nobody == Found(known, public, ())
    assert elsewhere == Found(frozenset(), frozenset(), ())
    assert sorted(all_of_ann.given) == [(tag, to_outer) for tag in ("low", "mid", "top")]
    assert all_of_ann.public == {"mid", "top"}
    assert all_of_nobody == Found(frozenset({"mid", "top"}), frozenset({"mid", "top"}), ())


def test_what_is_found_ends_on_circles(world: World) -> None:
    ann = world.principal()
    to_ann = TagGrant(ann.id, "read:data")
    kept(world, "a", to_ann, nested=frozenset({"b"}))
    kept(world, "b", nested=frozenset({"a"}))
    with world.database.read() as tx:
        on_tags = access_decisions.on_tags(tx, world.workspace_id, [ann.id], ["b"])
        all_there_is = access_decisions.by_any_tag(tx, world.workspace_id, [ann.id])
    assert on_tags.given == (("b", to_ann),)
    assert sorted(all_there_is.given) == [("a", to_ann), ("b", to_ann)]


@pytest.mark.parametrize("statement", ["_ON_TAGS", "_BY_ANY_TAG", "_PUBLIC", "_OWNED"])
def test_a_decision_goes_along_indexes_and_walks_no_table(
    sqlite_database: Database, statement: str
) -> None:
    asked = getattr(access_decisions, statement).params(here="w", holders=["p"], names=["a", "b"])
    engine = sqlite_database.engine
    spelled = asked.compile(engine, compile_kwargs={"literal_binds": True})
    with sqlite_database.read() as tx:
        rows = tx.all(text(f"EXPLAIN QUERY PLAN {spelled}"))
    plan = [row.detail for row in rows if "access_tag" in row.detail]
    assert plan
    for step in plan:
        assert step.startswith("SEARCH "), step
        assert "(workspace_id=?)" not in step, "not all rows of the workspace"


# --- whom names mean ----------------------------------------------------------------------------


def test_a_name_means_one_or_nobody(world: World) -> None:
    def called(subject: str, provider: str = "toy", **more: object) -> str:
        return world.principal(identity=Identity(provider, subject), name=subject, **more).id

    ann = called("ann")
    both, member = called("both"), called("both", kind=PrincipalKind.MEMBER)
    twice = [called("twice"), called("twice", "other")]
    letter = called("eve@example.com", "email")
    crew, machine = world.group(), world.client()
    spoof = called(ann)
    names = [
        "ann", "both", "twice", "EVE@example.com", "Crew", crew.id, machine.id, ann, both, member,
        member.upper(), "nobody", "", "a\u2028b",
    ]  # fmt: skip
    with world.database.read() as tx:
        meant = user_names.principals_named(tx, world.workspace_id, names)
        groups = user_names.groups_named(tx, world.workspace_id, ["Crew", crew.id, "ann", ann])
        elsewhere = user_names.principals_named(tx, World(world.database).workspace_id, names)
        people = principals.of_ids(tx, [ann, both, member, *twice, letter, crew.id, machine.id])
        spoken = user_names.names_of(tx, world.workspace_id, people)
    assert {name: one.id for name, one in meant.items()} == {
        "ann": ann, "both": both, "EVE@example.com": letter, crew.id: crew.id,
        machine.id: machine.id, both: both, member: member, member.upper(): member,
    }, spoof  # fmt: skip
    assert {name: one.id for name, one in groups.items()} == {"Crew": crew.id, crew.id: crew.id}
    assert elsewhere == {}
    assert spoken == {
        ann: "ann", both: "both", member: member, twice[0]: twice[0], twice[1]: twice[1],
        letter: "eve@example.com", crew.id: "Crew", machine.id: machine.id,
    }  # fmt: skip


def test_no_table_of_tags_is_left_when_a_workspace_goes(world: World) -> None:
    ann = world.principal()
    kept(world, "t", TagGrant(ann.id, "x"), nested=frozenset({PUBLIC}), owners=frozenset({ann.id}))
    with world.database.write() as tx:
        workspaces.remove(tx, world.workspace_id)
        for table in (
            "access_tags",
            "access_tag_grants",
            "access_tag_nestings",
            "access_tag_owners",
        ):
            count = f"SELECT count(*) FROM {table} WHERE workspace_id = :here"
            assert tx.scalar(text(count), here=world.workspace_id) == 0
