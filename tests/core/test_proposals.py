"""Changes of a workspace's words: what they would be, what they give, and which are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.catalogue import RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.deletions import deletion
from scopewright.core.errors import Conflict, Forbidden, Invalid, NotFound, ScopewrightError
from scopewright.core.holdings import held
from scopewright.core.proposals import (
    Limits,
    Proposal,
    RoleContents,
    ScopeContents,
    check,
    check_limits,
    check_unresolved,
    own_role,
    own_scope,
)
from tests.core.words import (
    CATALOGUE_ROLES,
    CORE,
    OWN_ROLES,
    OWN_SCOPES,
    WORDS,
    proposals,
    vocabularies,
)


@given(vocabularies(), proposals())
def test_nobody_gains_more_than_what_is_new_comes_to(
    before: Vocabulary, proposal: Proposal
) -> None:
    after = proposal.on(before)
    given_by_it = proposal.given(before, after)
    # Whatever somebody has, it gives the union of what each part of it gives.
    for scope in OWN_SCOPES:
        assert held(after, [scope], ()) - held(before, [scope], ()) <= given_by_it
    for role in (*OWN_ROLES, *CATALOGUE_ROLES):
        assert held(after, (), [role]) - held(before, (), [role]) <= given_by_it


@given(vocabularies(), st.sets(st.sampled_from(OWN_ROLES)), st.sets(st.sampled_from(OWN_SCOPES)))
def test_a_deletion_gives_nothing_and_leaves_no_trace_of_what_is_gone(
    before: Vocabulary, roles: set[str], scopes: set[str]
) -> None:
    roles &= {role.name for role in before.roles}
    scopes &= {scope.name for scope in before.scopes}
    deleting = deletion(before, roles=roles, scopes=scopes)
    after = deleting.on(before)
    assert deleting.given(before, after) == frozenset()
    for role in after.roles:
        assert role.name not in roles
        assert not role.includes & roles
        assert not role.scopes & scopes
    for scope in after.scopes:
        assert scope.name not in scopes
        assert not scope.implies & scopes
    assert not roles & set(after.mappings.values())
    kept = {role.name for role in after.roles}
    assert kept == {role.name for role in before.roles} - roles


@given(vocabularies(), proposals())
def test_what_is_let_through_leaves_no_changed_word_in_a_circle_or_naming_what_is_not_there(
    before: Vocabulary, proposal: Proposal
) -> None:
    try:
        after = check(before, proposal)
    except (Invalid, Conflict):
        return
    assert after == proposal.on(before)
    for name in (*proposal.roles, *proposal.mappings):
        assert name not in after.graph.expand(after.graph.bundle(name).includes).roles
    for role in filter(None, proposal.roles.values()):
        known = before.every_role.get(role.name, RoleDefinition(role.name))
        assert role.includes - known.includes <= after.every_role.keys()
        assert role.scopes - known.scopes <= after.by_name.keys()
    for scope in filter(None, proposal.scopes.values()):
        assert scope.name not in after.implications.expand(scope.implies).roles


# --- what is refused, and how -------------------------------------------------------------------


def a_role(name: str, *scopes: str, includes: tuple[str, ...] = ()) -> Proposal:
    role = RoleDefinition(name, scopes=frozenset(scopes), includes=frozenset(includes))
    return Proposal(roles={name: role})


def a_scope(name: str, *implies: str) -> Proposal:
    return Proposal(scopes={name: ScopeDefinition(name, implies=frozenset(implies))})


@pytest.mark.parametrize(
    ("proposal", "given"),
    [
        (a_role("new", "two"), {"one", "two"}),
        (a_role("inner", "two"), {"one", "two"}),
        (a_role("new", includes=("core:reader",)), {"core:read"}),
        (a_role("inner", includes=("core:reader",)), {"core:read"}),
        (a_role("core:gone", "core:read"), {"core:read"}),
        (a_role("old", "gone", includes=("gone",)), set()),
        (a_role("old"), set()),
        (a_scope("new"), {"new"}),
        (a_scope("new", "core:read"), {"new", "core:read"}),
        (a_scope("one", "core:read"), {"core:read"}),
        (a_scope("two", "one"), set()),
        (a_scope("two"), set()),
        (a_scope("gone", "core:read"), {"gone", "core:read"}),
        (Proposal(mappings={"core:gone": "core:reader"}), {"core:read"}),
        (Proposal(mappings={"core:gone": None}), set()),
        (Proposal(roles={"outer": None}, scopes={"one": None}), set()),
    ],
)
def test_what_a_change_gives_is_the_closure_of_what_is_new(
    proposal: Proposal, given: set[str]
) -> None:
    assert proposal.given(WORDS, proposal.on(WORDS)) == given


def test_a_mapping_that_stays_as_it_is_gives_nothing() -> None:
    mapped = Proposal(mappings={"core:gone": "core:reader"})
    words = mapped.on(WORDS)
    assert mapped.given(words, words) == frozenset()


@pytest.mark.parametrize(
    ("proposal", "field", "named"),
    [
        (a_role("new", "one", "gone"), "scopes", "gone"),
        (a_role("new", "inner"), "scopes", "inner"),
        (a_role("new", includes=("inner", "gone")), "includes", "gone"),
        (a_role("new", includes=("one",)), "includes", "one"),
        (a_role("old", "gone", "lost"), "scopes", "lost"),
        (a_scope("three", "gone"), "implies", "gone"),
        (Proposal(mappings={"core:gone": "nobody"}), "role", "nobody"),
    ],
)
def test_what_does_not_exist_is_named_with_the_field(
    proposal: Proposal, field: str, named: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        check(WORDS, proposal)
    assert refusal.value.facts["field"] == field
    assert f" {named} " in refusal.value.detail


@pytest.mark.parametrize(
    "proposal",
    [
        a_role("old", "gone", "one", includes=("gone",)),
        a_scope("odd", "gone", "one"),
        Proposal(roles=a_role("new", "new.x").roles, scopes=a_scope("new.x").scopes),
    ],
)
def test_what_was_named_before_or_comes_with_it_may_stand(proposal: Proposal) -> None:
    check(WORDS, proposal)


@pytest.mark.parametrize(
    ("proposal", "circle"),
    [
        (a_role("inner", includes=("outer",)), ["inner", "outer", "middle", "inner"]),
        (a_role("inner", includes=("inner",)), ["inner", "inner"]),
        (a_role("new", includes=("new",)), ["new", "new"]),
        (a_scope("one", "two"), ["one", "two", "one"]),
        (a_scope("one", "one"), ["one", "one"]),
    ],
)
def test_what_would_contain_itself_is_refused_with_the_way(
    proposal: Proposal, circle: list[str]
) -> None:
    with pytest.raises(Conflict) as refusal:
        check(WORDS, proposal)
    assert refusal.value.facts["conflict"] == circle
    assert " → ".join(circle) in refusal.value.detail


def test_a_mapping_that_would_close_a_circle_is_refused_with_the_way() -> None:
    words = Vocabulary((CORE,), roles=(RoleDefinition("mine", includes=frozenset({"core:full"})),))
    with pytest.raises(Conflict) as refusal:
        check(words, Proposal(mappings={"core:gone": "mine"}))
    assert refusal.value.facts["conflict"] == ["core:gone", "mine", "core:full", "core:gone"]


def test_the_number_of_roles_is_limited_with_the_figure() -> None:
    limits = Limits(roles=4, depth=100)
    with pytest.raises(Conflict) as refusal:
        check_limits(WORDS, a_role("new").on(WORDS), limits)
    assert refusal.value.facts == {"conflict": "limits.roles", "limit": 4}
    assert " 4 " in refusal.value.detail
    check_limits(WORDS, a_role("inner", "one").on(WORDS), Limits(roles=2, depth=100))


def test_how_deep_roles_stand_is_limited_with_the_figure() -> None:
    limits = Limits(roles=100, depth=3)
    with pytest.raises(Conflict) as refusal:
        check_limits(WORDS, a_role("new", includes=("outer",)).on(WORDS), limits)
    assert refusal.value.facts == {"conflict": "limits.role_depth", "limit": 3}
    assert " 3 " in refusal.value.detail
    assert " 4" in refusal.value.detail
    check_limits(WORDS, a_role("new", includes=("middle",)).on(WORDS), limits)
    check_limits(WORDS, a_role("inner", "one").on(WORDS), Limits(roles=100, depth=2))


@pytest.mark.parametrize(
    ("name", "error"),
    [("core:reader", Forbidden), ("core:read-er", Forbidden), ("nobody", NotFound)],
)
def test_only_own_roles_can_be_changed(name: str, error: type[ScopewrightError]) -> None:
    with pytest.raises(error):
        own_role(WORDS, name)


@pytest.mark.parametrize(("name", "error"), [("core:read", Forbidden), ("nothing", NotFound)])
def test_only_own_scopes_can_be_changed(name: str, error: type[ScopewrightError]) -> None:
    with pytest.raises(error):
        own_scope(WORDS, name)


@pytest.mark.parametrize(
    ("include", "error"),
    [
        ("core:reader", Conflict),
        ("core:read-er", Conflict),
        ("inner", Conflict),
        ("nothing", NotFound),
    ],
)
def test_a_role_stands_only_for_what_is_missing(
    include: str, error: type[ScopewrightError]
) -> None:
    with pytest.raises(error):
        check_unresolved(WORDS, include)


def test_what_has_been_mapped_can_be_mapped_anew() -> None:
    check_unresolved(Proposal(mappings={"core:gone": "inner"}).on(WORDS), "core:gone")


def test_contents_leave_what_they_do_not_name_and_spell_includes_as_they_are_kept() -> None:
    role = RoleDefinition("mine", "old", scopes=frozenset({"one"}), includes=frozenset({"inner"}))
    assert RoleContents().put_into(role, WORDS) == role
    contents = RoleContents(" new ", [], ["core:read-er", "core:reader"])
    assert contents.put_into(role, WORDS) == RoleDefinition(
        "mine", "new", includes=frozenset({"core:reader"})
    )
    scope = ScopeDefinition("mine", "old", implies=frozenset({"one"}))
    assert ScopeContents().put_into(scope) == scope
    assert ScopeContents("new", []).put_into(scope) == ScopeDefinition("mine", "new")
    with pytest.raises(Invalid):
        ScopeContents("x" * 1001).put_into(scope)
