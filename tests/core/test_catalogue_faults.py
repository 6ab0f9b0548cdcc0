"""The linter: for each rule one fault is planted in each catalogue that ships, and it alone found.

What is planted is spelled as the catalogue spells its own words, so that no other rule minds it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.catalogues import SHIPPED, read, shipped
from scopewright.core.catalogue import Catalogue, RoleDefinition, ScopeDefinition
from scopewright.core.catalogue_faults import RULES, Fault, faults
from scopewright.core.scopes import NONE

GARDEN = "Garden"


@dataclass(frozen=True)
class Spelling:
    """How a catalogue spells its words."""

    catalogue: str
    scopes: str
    roles: str

    def scope(self, thing: str, action: str, **said: Any) -> dict[str, Any]:
        name = self.scopes.format(thing, action)
        return {"name": name, "description": f"To {action} {thing}.", **said}

    def role(self, thing: str, who: str, *scopes: dict[str, Any], **said: Any) -> dict[str, Any]:
        names = [scope["name"] for scope in scopes]
        about = {"description": f"{who} of {thing}", "resource": GARDEN, "scopes": names}
        return {"name": self.roles.format(thing, who), **about, **said}


INTERNAL = Spelling("internal", "iotman:{}:{}", "iotman:{}{}")
PLAIN = Spelling("plain", "{}.{}", "{}.{}")
MINDSPHERE = Spelling("mindsphere", "{}.{}", "mdsp:core:{}.{}")
TILED = Spelling("tiled", "{}:{}", "{}{}")
SPELLINGS = (INTERNAL, PLAIN, MINDSPHERE, TILED)
Planted = dict[str, Any]


@cache
def contents(name: str) -> dict[str, Any]:
    return shipped(name)


@cache
def already_there(name: str) -> Counter[Fault]:
    """The faults of a catalogue as it ships."""
    return Counter(faults(read(contents(name), name=name)))


def with_more(spelling: Spelling, planted: Planted) -> Catalogue:
    """The shipped catalogue with more in it."""
    data = deepcopy(contents(spelling.catalogue))
    if "resource" in data:
        data["resource"].append({"name": GARDEN})
    for key in ("scope", "role"):
        data.setdefault(key, []).extend(planted.get(key, []))
    data.setdefault("aliases", {}).update(planted.get("aliases", {}))
    return read(data, name=spelling.catalogue)


def found_more(spelling: Spelling, planted: Planted) -> list[Fault]:
    """The faults that there are beyond those of the catalogue as it ships."""
    before = already_there(spelling.catalogue)
    after = Counter(faults(with_more(spelling, planted)))
    assert not before - after
    return list((after - before).elements())


# --- what is planted ----------------------------------------------------------------------------


def include_of_nobody(say: Spelling) -> Planted:
    read = say.scope("roses", "r")
    return {"scope": [read], "role": [say.role("roses", "user", read, includes=[nobody(say)])]}


def nobody(say: Spelling) -> str:
    return str(say.role("nobody", "user")["name"])


def listed_scope_of_nobody(say: Spelling) -> Planted:
    read, undefined = say.scope("roses", "r"), say.scope("tulips", "r")
    return {"scope": [read], "role": [say.role("roses", "user", read, undefined)]}


def implied_scope_of_nobody(say: Spelling) -> Planted:
    write = say.scope("roses", "w", implies=[say.scope("tulips", "r")["name"]])
    return {"scope": [write], "role": [say.role("roses", "user", write)]}


def required_role_of_nobody(say: Spelling) -> Planted:
    read = say.scope("roses", "r")
    return {"scope": [read], "role": [say.role("roses", "user", read, requires=[nobody(say)])]}


def alias_of_nobody(say: Spelling) -> Planted:
    return {"aliases": {say.role("roses", "user")["name"]: nobody(say)}}


def circle_of_roles(say: Spelling) -> Planted:
    read = say.scope("roses", "r")
    names = [say.role("roses", who)["name"] for who in ("cutter", "waterer")]
    roles = [
        say.role("roses", who, read, includes=[include])
        for who, include in (("cutter", names[1]), ("waterer", names[0]))
    ]
    return {"scope": [read], "role": roles}


def circle_by_another_spelling(say: Spelling) -> Planted:
    planted = circle_of_roles(say)
    cutter, waterer = planted["role"]
    alias = say.role("shrubs", "waterer")["name"]
    cutter["includes"] = [alias]
    return {**planted, "aliases": {alias: waterer["name"]}}


def circle_of_scopes(say: Spelling) -> Planted:
    names = [say.scope("roses", action)["name"] for action in ("r", "w")]
    read = say.scope("roses", "r", implies=names[1:])
    write = say.scope("roses", "w", implies=names[:1])
    return {"scope": [read, write], "role": [say.role("roses", "user", write)]}


def user_beyond_the_admin(say: Spelling) -> Planted:
    cut, water = say.scope("roses", "cut"), say.scope("roses", "water")
    roles = [say.role("roses", "user", cut), say.role("roses", "admin", water)]
    return {"scope": [cut, water], "role": roles}


def reader_beyond_the_full_role(say: Spelling) -> Planted:
    read, write = say.scope("roses", "r"), say.scope("roses", "w")
    roles = [say.role("roses", "readonly", read), say.role("roses", "fullaccess", write)]
    return {"scope": [read, write], "role": roles}


def reader_who_cannot_see_all(say: Spelling) -> Planted:
    roses, tulips = say.scope("roses", "r"), say.scope("tulips", "r")
    roles = [say.role("roses", "readonly", roses), say.role("roses", "admin", roses, tulips)]
    return {"scope": [roses, tulips], "role": roles}


def reader_by_its_scopes_who_cannot_see_all(say: Spelling) -> Planted:
    roses, tulips = say.scope("roses", "r"), say.scope("tulips", "r")
    roles = [say.role("roses", "smeller", roses), say.role("roses", "admin", roses, tulips)]
    return {"scope": [roses, tulips], "role": roles}


def writing_reader(say: Spelling) -> Planted:
    write = say.scope("roses", "w")
    return {"scope": [write], "role": [say.role("roses", "viewer", write)]}


def reader_that_includes_a_writer(say: Spelling) -> Planted:
    write = say.scope("roses", "delete")
    cutter = say.role("roses", "cutter", write)
    viewer = say.role("roses", "viewer", includes=[cutter["name"]])
    return {"scope": [write], "role": [cutter, viewer]}


def empty_role(say: Spelling) -> Planted:
    return {"role": [say.role("roses", "user")]}


def orphan(say: Spelling) -> Planted:
    return {"scope": [say.scope("roses", "r")]}


def scope_in_other_words(say: Spelling) -> Planted:
    read = say.scope("roses", "r")
    again = {**read, "description": "Smell them."}
    return {"scope": [read, again], "role": [say.role("roses", "user", read)]}


def one_description_for_two(say: Spelling) -> Planted:
    roses = say.scope("roses", "r", description="See what is in bloom.")
    tulips = say.scope("tulips", "r", description="See what is in bloom")
    return {"scope": [roses, tulips], "role": [say.role("roses", "user", roses, tulips)]}


def role_without_description(say: Spelling) -> Planted:
    read = say.scope("roses", "r")
    return {"scope": [read], "role": [say.role("roses", "user", read, description="")]}


def scope_without_description(say: Spelling) -> Planted:
    read = say.scope("roses", "r", description="")
    return {"scope": [read], "role": [say.role("roses", "user", read)]}


def letters_in_turn(say: Spelling) -> Planted:
    roses, orses = say.scope("roses", "r"), say.scope("orses", "w")
    return {"scope": [roses, orses], "role": [say.role("roses", "user", roses, orses)]}


def alias_in_capitals(say: Spelling) -> Planted:
    planted = clean(say)
    name = planted["role"][0]["name"]
    return {**planted, "aliases": {name.replace("user", "User"): name}}


def alias_with_another_separator(say: Spelling) -> Planted:
    planted = clean(say)
    name = planted["role"][0]["name"]
    alike = name if {".", ":"} & set(name) else planted["scope"][0]["name"]
    other = alike.replace("roses.", "roses:") if "." in alike else alike.replace(":", ".")
    return {**planted, "aliases": {other: name}}


def update_or_use(say: Spelling) -> Planted:
    scope = say.scope("roses", "u")
    return {"scope": [scope], "role": [say.role("roses", "user", scope)]}


def viewer_who_updates_or_uses(say: Spelling) -> Planted:
    scope = say.scope("roses", "u")
    return {"scope": [scope], "role": [say.role("roses", "viewer", scope)]}


def more_parts_than_others(say: Spelling) -> Planted:
    scopes = [say.scope(thing, "r") for thing in ("roses", "tulips", "lilies", "a.b.c.d")]
    return {"scope": scopes, "role": [say.role("roses", "user", *scopes)]}


def role_in_capitals(say: Spelling) -> Planted:
    read = say.scope("roses", "r")
    roles = [say.role("roses", who, read) for who in ("user", "cutter", "waterer", "smElLer")]
    return {"scope": [read], "role": roles}


def clean(say: Spelling) -> Planted:
    read = say.scope("roses", "r")
    return {"scope": [read], "role": [say.role("roses", "user", read)]}


PLANTS: list[tuple[str, Callable[[Spelling], Planted]]] = [
    ("unresolved-include", include_of_nobody),
    ("unknown-name", listed_scope_of_nobody),
    ("unknown-name", implied_scope_of_nobody),
    ("unknown-name", required_role_of_nobody),
    ("unknown-name", alias_of_nobody),
    ("cycle", circle_of_roles),
    ("cycle", circle_by_another_spelling),
    ("cycle", circle_of_scopes),
    ("beyond-full-role", user_beyond_the_admin),
    ("beyond-full-role", reader_beyond_the_full_role),
    ("missing-read", reader_who_cannot_see_all),
    ("missing-read", reader_by_its_scopes_who_cannot_see_all),
    ("writing-reader", writing_reader),
    ("writing-reader", reader_that_includes_a_writer),
    ("empty-role", empty_role),
    ("orphan-scope", orphan),
    ("redefined-scope", scope_in_other_words),
    ("shared-description", one_description_for_two),
    ("no-description", role_without_description),
    ("no-description", scope_without_description),
    ("look-alike", letters_in_turn),
    ("look-alike", alias_in_capitals),
    ("look-alike", alias_with_another_separator),
    ("ambiguous-action", update_or_use),
    ("ambiguous-action", viewer_who_updates_or_uses),
    ("odd-spelling", more_parts_than_others),
    ("odd-spelling", role_in_capitals),
]


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.catalogue)
@pytest.mark.parametrize(
    ("rule", "plant"), PLANTS, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_planted_fault_is_found_and_nothing_else(
    rule: str, plant: Callable[[Spelling], Planted], spelling: Spelling
) -> None:
    found = [fault.rule for fault in found_more(spelling, plant(spelling))]
    no_orphans = plant is orphan and spelling is TILED  # its admin has whatever stands there
    assert found == ([] if no_orphans else [rule])


def test_every_rule_has_a_plant_and_every_catalogue_is_planted() -> None:
    assert [rule for rule in RULES if rule not in dict(PLANTS)] == []
    assert {spelling.catalogue for spelling in SPELLINGS} == set(SHIPPED)


# --- what is no fault ---------------------------------------------------------------------------


def included_by_another_spelling(say: Spelling) -> Planted:
    planted = clean(say)
    name = planted["role"][0]["name"]
    alias = name.replace("roses", "shrubs")
    planted["role"].append(say.role("beds", "user", includes=[alias]))
    return {**planted, "aliases": {alias: name}}


def left_out_on_purpose(say: Spelling) -> Planted:
    planted = reader_who_cannot_see_all(say)
    planted["role"][0]["without"] = [planted["scope"][1]["name"]]
    return planted


def user_who_writes_and_cannot_see_all(say: Spelling) -> Planted:
    write, see = say.scope("roses", "w"), say.scope("tulips", "r")
    roles = [say.role("roses", "user", write), say.role("roses", "admin", write, see)]
    return {"scope": [write, see], "role": roles}


def update_beside_read(say: Spelling) -> Planted:
    scopes = [say.scope("roses", action) for action in ("u", "r")]
    return {"scope": scopes, "role": [say.role("roses", "user", *scopes)]}


def scope_that_only_another_implies(say: Spelling) -> Planted:
    read = say.scope("roses", "r")
    write = say.scope("roses", "w", implies=[read["name"]])
    return {"scope": [read, write], "role": [say.role("roses", "user", write)]}


def scope_said_twice_in_the_same_words(say: Spelling) -> Planted:
    planted = clean(say)
    return {**planted, "scope": planted["scope"] * 2}


def lesser_role_of_another_thing(say: Spelling) -> Planted:
    roses, tulips = say.scope("roses", "r"), say.scope("tulips", "w")
    roles = [say.role("roses", "readonly", roses), say.role("tulips", "admin", tulips)]
    return {"scope": [roses, tulips], "role": roles}


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.catalogue)
@pytest.mark.parametrize(
    "plant",
    [
        clean,
        included_by_another_spelling,
        left_out_on_purpose,
        user_who_writes_and_cannot_see_all,
        update_beside_read,
        scope_that_only_another_implies,
        scope_said_twice_in_the_same_words,
        lesser_role_of_another_thing,
    ],
)
def test_what_is_in_order_is_no_fault(
    plant: Callable[[Spelling], Planted], spelling: Spelling
) -> None:
    assert found_more(spelling, plant(spelling)) == []


def test_a_resource_is_to_be_described_where_others_are() -> None:
    scope = MINDSPHERE.scope("roses", "r")
    role = MINDSPHERE.role("roses", "user", scope, resource="Greenhouse")
    (fault, other) = found_more(MINDSPHERE, {"scope": [scope], "role": [role]})
    assert {fault.rule, other.rule} == {"unknown-name"}
    assert (fault.subject, other.subject) == (scope["name"], role["name"])


def test_a_role_of_every_guarded_scope_is_judged_without_what_is_enabled_beside() -> None:
    seen = ScopeDefinition("x:read", description="See x.")
    guarded = ScopeDefinition("y:read", description="See y.", opens=frozenset({"roles:read"}))
    both = frozenset({"x:read"})
    admin = RoleDefinition("x:admin", "All.", scopes=both, every_guarded=True)
    viewer = RoleDefinition("x:viewer", "Some.", scopes=both)
    guardian = RoleDefinition("z:guardian", "Whatever there is.", every_guarded=True)
    mine = Catalogue("x", "X", scopes=(seen,), roles=(admin, viewer, guardian))
    assert faults(mine, beside=[Catalogue("y", "Y", scopes=(guarded,))]) == ()


def test_words_of_a_catalogue_beside_are_known() -> None:
    base = Catalogue(
        "base",
        "Base",
        scopes=(ScopeDefinition("base.r", description="See it."),),
        roles=(RoleDefinition("base:user", "Sees it.", scopes=frozenset({"base.r"})),),
        aliases={"base:reader": "base:user"},
    )
    own = RoleDefinition(
        "mine:user", "Mine.", scopes=frozenset({"base.r"}), includes=frozenset({"base:reader"})
    )
    mine = Catalogue("mine", "Mine", roles=(own,))
    assert [fault.rule for fault in faults(mine)] == ["unresolved-include", "unknown-name"]
    assert faults(mine, beside=[base, mine]) == ()


# --- circles ------------------------------------------------------------------------------------

NAMES = tuple("abcde")
GRAPHS = st.dictionaries(st.sampled_from(NAMES), st.frozensets(st.sampled_from(NAMES)))


def on_a_circle(includes: dict[str, frozenset[str]]) -> set[str]:
    """Who can be reached from itself, found in the slowest way."""
    reached = {(one, other) for one, listed in includes.items() for other in listed}
    while more := {(a, d) for a, b in reached for c, d in reached if b == c} - reached:
        reached |= more
    return {name for name in NAMES if (name, name) in reached}


@given(GRAPHS)
def test_a_circle_is_told_exactly_where_there_is_one(includes: dict[str, frozenset[str]]) -> None:
    roles = tuple(RoleDefinition(name, includes=listed) for name, listed in includes.items())
    told = [f for f in faults(Catalogue("x", "X", roles=roles)) if f.rule == "cycle"]
    on_circles = {name for fault in told for name in fault.detail.split(": ")[1].split(" → ")}
    assert on_circles == on_a_circle(includes)


@given(GRAPHS)
def test_each_circle_is_one_indeed(includes: dict[str, frozenset[str]]) -> None:
    roles = tuple(RoleDefinition(name, includes=listed) for name, listed in includes.items())
    for fault in faults(Catalogue("x", "X", roles=roles)):
        if fault.rule == "cycle":
            first, *rest = circle = fault.detail.split(": ")[1].split(" → ")
            assert first == rest[-1] == min(circle) == fault.subject
            assert all(b in includes[a] for a, b in zip(circle, rest, strict=False))


def test_a_deep_chain_is_no_trouble() -> None:
    roles = tuple(
        RoleDefinition(f"r{n}", "Deep.", scopes=NONE, includes=frozenset({f"r{n + 1}"}))
        for n in range(500)
    )
    rules = Counter(fault.rule for fault in faults(Catalogue("x", "X", roles=roles)))
    assert (rules["cycle"], rules["unresolved-include"]) == (0, 1)
