"""Which roles supply what is needed: against a look at every set of roles."""

from __future__ import annotations

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.catalogues import read_shipped
from scopewright.core.catalogue import Catalogue, RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.needs import Supply, answer, suggestion
from scopewright.core.scopes import NONE, Scopes

SCOPES = tuple("abcdefg")
ROLES = tuple("TUVWXYZ")
SOME = st.frozensets(st.sampled_from(SCOPES), max_size=4)
NEEDED = st.frozensets(st.sampled_from(SCOPES), min_size=1, max_size=4)
SHIPPED = read_shipped(internal_prefix="iotman")
CORE = "mdsp:core:"


@st.composite
def vocabularies(draw: st.DrawFn) -> Vocabulary:
    """A catalogue of roles that include others, and scopes of which one implies another."""
    scopes = [ScopeDefinition(name, implies=draw(IMPLIED)) for name in SCOPES]
    roles = [
        RoleDefinition(name, scopes=draw(SOME), includes=draw(INCLUDED)) for name in draw(NAMES)
    ]
    own = RoleDefinition("own", scopes=frozenset(SCOPES))
    return Vocabulary(
        (Catalogue("x", "X", scopes=tuple(scopes), roles=tuple(roles)),), roles=(own,)
    )


IMPLIED = st.frozensets(st.sampled_from(SCOPES), max_size=1)
INCLUDED = st.frozensets(st.sampled_from(ROLES), max_size=1)
NAMES = st.lists(st.sampled_from(ROLES), unique=True)


def every_set(vocabulary: Vocabulary) -> list[tuple[str, ...]]:
    names = [role.name for role in vocabulary.catalogues[0].roles]
    sizes = range(len(names) + 1)
    return list(chain.from_iterable(combinations(names, size) for size in sizes))


@given(vocabularies(), NEEDED)
def test_the_suggestion_is_the_best_of_all_sets(vocabulary: Vocabulary, needed: Scopes) -> None:
    found = answer(vocabulary, needed).suggestion
    implied, suppliable = vocabulary.close(needed), vocabulary.scopes_of(ROLES) & needed
    costs = [
        (len(vocabulary.scopes_of(roles) - implied), len(roles))
        for roles in every_set(vocabulary)
        if vocabulary.scopes_of(roles) >= suppliable
    ]
    assert (len(found.beside), len(found.roles)) == min(costs)
    assert found.beside == vocabulary.scopes_of(found.roles) - implied


@given(vocabularies(), NEEDED)
def test_the_suggestion_supplies_all_that_can_be_and_no_part_of_it_does(
    vocabulary: Vocabulary, needed: Scopes
) -> None:
    found = answer(vocabulary, needed).suggestion
    suppliable = vocabulary.scopes_of(ROLES) & needed
    assert vocabulary.scopes_of(found.roles) >= suppliable
    for role in found.roles:
        assert not vocabulary.scopes_of(found.roles - {role}) >= suppliable


@given(vocabularies(), NEEDED)
def test_the_suppliers_of_a_scope_are_the_roles_that_come_to_it_the_tightest_first(
    vocabulary: Vocabulary, needed: Scopes
) -> None:
    implied = vocabulary.close(needed)
    for scope, supplies in answer(vocabulary, needed).by_scope.items():
        assert {role for one in supplies for role in one.roles} == {
            name for name in ROLES if scope in vocabulary.scopes_of([name])
        }
        assert [len(one.beside) for one in supplies] == sorted(len(one.beside) for one in supplies)
        for one in supplies:
            assert one.beside == vocabulary.scopes_of(one.roles) - implied


def test_two_roles_that_bring_less_are_better_than_one() -> None:
    wide = Supply(frozenset({"wide"}), frozenset("ab"), frozenset("x"))
    tight = [Supply(frozenset({f"only {one}"}), frozenset(one)) for one in "ab"]
    assert suggestion([wide, *tight]).roles == {"only a", "only b"}
    assert suggestion([wide, tight[0]]).roles == {"wide"}


def test_the_workspaces_own_roles_are_not_suggested_and_what_nobody_supplies_is_told() -> None:
    own = Vocabulary(
        scopes=(ScopeDefinition("mine"),), roles=(RoleDefinition("r", scopes=frozenset({"mine"})),)
    )
    found = answer(own, frozenset({"mine"}))
    assert (dict(found.by_scope), found.suggestion) == ({"mine": ()}, Supply())


# --- more than can be tried ---------------------------------------------------------------------


def many(scopes: int, suppliers: int) -> list[Supply]:
    """So many scopes, each from so many roles, every one of which brings others beside it."""
    return [
        Supply(
            frozenset({f"role{scope}-{n}"}),
            frozenset({f"s{scope}", f"s{(scope * 7 + n) % scopes}"}),
            frozenset({f"b{(scope * n) % 97}", f"b{(scope + n * n) % 89}"}),
        )
        for scope in range(scopes)
        for n in range(suppliers)
    ]


def test_of_very_many_sets_a_good_one_is_found_always_the_same_and_without_superfluous_ones() -> (
    None
):
    useful = many(60, 12)
    found = suggestion(useful)
    needed = frozenset[str]().union(*(one.supplied for one in useful))
    assert found.supplied == needed
    assert found == suggestion(reversed(useful))
    by_role = {min(one.roles): one.supplied for one in useful}
    for role in found.roles:
        rest = (by_role[other] for other in found.roles - {role})
        assert frozenset[str]().union(*rest) != needed


def test_nothing_is_suggested_for_nothing() -> None:
    assert suggestion([]) == Supply()


# --- the core roles -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mindsphere() -> Vocabulary:
    return Vocabulary((SHIPPED["mindsphere"],))


def test_who_reads_assets_is_told_from_four_roles(mindsphere: Vocabulary) -> None:
    found = answer(mindsphere, frozenset({"asm.r"}))
    assert [(min(one.roles), len(one.beside)) for one in found.by_scope["asm.r"]] == [
        (f"{CORE}assetmanagement.reporter", 3),
        (f"{CORE}assetmanagement.standarduser", 13),
        (f"{CORE}assetmanagement.subtenantuser", 14),
        (f"{CORE}assetmanagement.admin", 25),
    ]
    assert found.suggestion.roles == {f"{CORE}assetmanagement.reporter"}
    assert found.suggestion.beside == {"asm.f.r", "atm.apt.r", "atm.r"}


def test_one_role_is_better_than_two_that_bring_as_much(mindsphere: Vocabulary) -> None:
    found = answer(mindsphere, frozenset({"dinv.r", "sinv.r"})).suggestion
    assert (found.roles, found.beside) == ({f"{CORE}devicemanagement.devicereadonly"}, NONE)


def test_what_a_needed_scope_implies_is_not_beside_it(mindsphere: Vocabulary) -> None:
    found = answer(mindsphere, frozenset({"pl.de.w"})).suggestion
    assert (found.roles, found.beside) == ({f"{CORE}dataexch.user"}, NONE)


def test_everything_is_supplied_by_all_roles_that_have_something_alone(
    mindsphere: Vocabulary,
) -> None:
    found = answer(mindsphere, frozenset(mindsphere.by_name)).suggestion
    assert found.supplied == frozenset(mindsphere.by_name)
    assert found.beside == NONE
    assert f"{CORE}tm.tenantUser" not in found.roles
