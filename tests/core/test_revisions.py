"""Undoing a change brings back exactly what was before, or says why it cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.applications import Application
from scopewright.core.catalogue import RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.deletions import (
    NOTHING,
    Taken,
    deletion,
    taken_with_role,
    taken_with_scope,
)
from scopewright.core.errors import Conflict, NotNow
from scopewright.core.proposals import Proposal
from scopewright.core.revisions import (
    Revision,
    RevisionKind,
    remembered_taken,
    told_mapping,
    told_role,
    told_scope,
    told_taken,
    undoing,
)
from scopewright.core.tag_definitions import GivenTagGrant, TagGrant
from tests.core.nouns import NOW
from tests.core.words import (
    CORE,
    INCLUDE,
    OWN_ROLES,
    OWN_SCOPES,
    WORDS,
    roles_of,
    scopes_of,
    vocabularies,
)


def a_revision(kind: RevisionKind, name: str, before: Any, after: Any, **said: Any) -> Revision:
    return Revision("rev", "workspace", NOW, "admin", kind, name, before, after, **said)


def of_role(
    name: str, before: RoleDefinition | None, after: RoleDefinition | None, taken: Taken = NOTHING
) -> Revision:
    was, is_ = (None if role is None else told_role(role) for role in (before, after))
    return a_revision(RevisionKind.ROLE, name, was, is_, taken=taken)


def of_scope(
    name: str, before: ScopeDefinition | None, after: ScopeDefinition | None, taken: Taken = NOTHING
) -> Revision:
    was, is_ = (None if scope is None else told_scope(scope) for scope in (before, after))
    return a_revision(RevisionKind.SCOPE, name, was, is_, taken=taken)


def undone(words: Vocabulary, revision: Revision) -> Vocabulary | None:
    """The words with that undone; None where something that it named is gone."""
    try:
        return undoing(words, revision).on(words)
    except Conflict as refusal:
        if refusal.detail.endswith("Bring it back first."):
            return None
        raise


# --- one change and its undoing ------------------------------------------------------------------


@given(vocabularies(), st.sampled_from(OWN_ROLES), st.data())
def test_a_defined_or_changed_role_is_as_it_was(
    before: Vocabulary, name: str, data: st.DataObject
) -> None:
    new = data.draw(roles_of(name))
    old = next((role for role in before.roles if role.name == name), None)
    after = Proposal(roles={name: new}).on(before)
    back = undone(after, of_role(name, old, new))
    if old is None:
        # What names it already in words that are in disorder goes with it.
        assert back == deletion(after, roles=[name]).on(after)
    else:
        assert back in (None, before)


@given(vocabularies(), st.sampled_from(OWN_SCOPES), st.data())
def test_a_changed_scope_is_as_it_was(before: Vocabulary, name: str, data: st.DataObject) -> None:
    new = data.draw(scopes_of(name))
    old = next((scope for scope in before.scopes if scope.name == name), None)
    if old is not None:
        after = Proposal(scopes={name: new}).on(before)
        assert undone(after, of_scope(name, old, new)) in (None, before)


@given(vocabularies(), st.data())
def test_a_deleted_role_comes_back_to_all_that_named_it(
    before: Vocabulary, data: st.DataObject
) -> None:
    if not before.roles:
        return
    role = data.draw(st.sampled_from(before.roles))
    deleting = deletion(before, roles=[role.name])
    taken = taken_with_role(before, deleting, role.name)
    after = deleting.on(before)
    assert undone(after, of_role(role.name, role, None, taken)) in (None, before)


@given(vocabularies(), st.data())
def test_a_deleted_scope_comes_back_to_all_that_named_it(
    before: Vocabulary, data: st.DataObject
) -> None:
    if not before.scopes:
        return
    scope = data.draw(st.sampled_from(before.scopes))
    deleting = deletion(before, scopes=[scope.name])
    taken = taken_with_scope(before, deleting, scope.name)
    after = deleting.on(before)
    assert undone(after, of_scope(scope.name, scope, None, taken)) in (None, before)


@pytest.mark.parametrize("before", [None, "inner"])
@pytest.mark.parametrize("after", [None, "middle"])
def test_a_mapping_is_as_it_was(before: str | None, after: str | None) -> None:
    told = (None if role is None else told_mapping(role) for role in (before, after))
    words = Proposal(mappings={INCLUDE: after}).on(WORDS)
    revision = a_revision(RevisionKind.MAPPING, INCLUDE, *told)
    assert undoing(words, revision).on(words) == Proposal(mappings={INCLUDE: before}).on(WORDS)


# --- what cannot be undone -----------------------------------------------------------------------

INNER = WORDS.every_role["inner"]
LESS = replace(INNER, description="less")


def test_what_was_undone_is_not_undone_again() -> None:
    with pytest.raises(NotNow):
        undoing(WORDS, replace(of_role("inner", LESS, INNER), undone_at=NOW))


@pytest.mark.parametrize(
    "revision",
    [
        of_role("inner", None, LESS),
        of_role("inner", INNER, LESS),
        of_role("inner", INNER, None),
        of_role("gone", INNER, LESS),
        of_scope("one", ScopeDefinition("one"), ScopeDefinition("one", "less")),
        of_scope("one", ScopeDefinition("one"), None),
        a_revision(RevisionKind.MAPPING, INCLUDE, None, told_mapping("inner")),
    ],
)
def test_what_has_been_changed_since_stays(revision: Revision) -> None:
    with pytest.raises(Conflict) as refusal:
        undoing(WORDS, revision)
    assert refusal.value.detail == "This has been changed since."


OF_VIEWER = RoleDefinition("viewer.user", application="viewer")


@pytest.mark.parametrize(
    ("revision", "named"),
    [
        (of_role("inner", replace(INNER, scopes=frozenset({"lost"})), INNER), ["lost"]),
        (of_role("inner", replace(INNER, includes=frozenset({"lost"})), INNER), ["lost"]),
        (of_scope("one", ScopeDefinition("one", implies=frozenset({"lost"})),
                  ScopeDefinition("one")), ["lost"]),
        (a_revision(RevisionKind.MAPPING, INCLUDE, told_mapping("lost"), None), ["lost"]),
        (of_role("viewer.user", OF_VIEWER, None), ["viewer"]),
        (of_role("INNER", RoleDefinition("INNER"), None), "inner"),
        (of_role("core:late", RoleDefinition("core:late"), None), "core"),
        (a_revision(RevisionKind.MAPPING, "outer", told_mapping("inner"), None), "outer"),
    ],
)  # fmt: skip
def test_what_would_come_back_without_its_place_is_refused(
    revision: Revision, named: object
) -> None:
    with pytest.raises(Conflict) as refusal:
        undoing(WORDS, revision)
    assert refusal.value.facts["conflict"] == named


def test_what_is_gone_and_was_named_all_the_time_stands_against_nothing() -> None:
    old = WORDS.every_role["old"]
    before = replace(old, description="Before.")
    assert undoing(WORDS, of_role("old", before, old)) == Proposal(roles={"old": before})
    odd = WORDS.by_name["odd"]
    told = ScopeDefinition("odd", "Before.", implies=odd.implies)
    assert undoing(WORDS, of_scope("odd", told, odd)) == Proposal(scopes={"odd": told})


def test_a_role_of_an_application_comes_back_while_the_application_is_there() -> None:
    words = Vocabulary((CORE,), applications=(Application("a", "w", "viewer", "Viewer", NOW),))
    assert undoing(words, of_role("viewer.user", OF_VIEWER, None)) == Proposal(
        roles={"viewer.user": OF_VIEWER}
    )


def test_what_a_deletion_took_is_remembered_as_it_was() -> None:
    taken = Taken(
        assignments=2,
        grants=1,
        tag_grants=(GivenTagGrant("lab", TagGrant("ann", "inner", is_role=True), "admin", NOW),),
        roles=frozenset({"middle", "outer"}),
        scopes=frozenset({"two"}),
        includes=frozenset({INCLUDE}),
    )
    assert remembered_taken(told_taken(taken)) == taken
