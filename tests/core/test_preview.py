"""A preview: the difference of all that is held before and after, and whom it can concern."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.catalogue import RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.errors import Conflict, Forbidden, Invalid, NotFound, ScopewrightError
from scopewright.core.groups import Membership
from scopewright.core.holdings import Given, held
from scopewright.core.model import Assignment, Grant
from scopewright.core.preview import Edits, Reach, differences, proposed, reach
from scopewright.core.proposals import Proposal, RoleContents, ScopeContents
from tests.core.nouns import NOW
from tests.core.words import SOME_ROLES, SOME_SCOPES, WORDS, proposals, vocabularies

PEOPLE, GROUPS = ("ann", "bob", "eve"), ("crew", "guild")
EVERYBODY = (*PEOPLE, *GROUPS)


@st.composite
def gifts(draw: st.DrawFn) -> Given:
    """What some people and groups have, and who is in which group."""
    members = draw(st.sets(st.tuples(st.sampled_from(GROUPS), st.sampled_from(EVERYBODY))))
    return Given(
        [Membership(group, member, "admin", NOW) for group, member in sorted(members)],
        {id: [Grant(id, s, "admin", NOW) for s in sorted(draw(SOME_SCOPES))] for id in EVERYBODY},
        {
            id: [Assignment(id, r, "admin", NOW) for r in sorted(draw(SOME_ROLES))]
            for id in EVERYBODY
        },
    )


def held_by(words: Vocabulary, known: Given, id: str) -> frozenset[str]:
    """All that somebody holds, in the slowest way."""
    mine = {id}
    for _ in EVERYBODY:
        mine |= {m.group_id for m in known.memberships if m.principal_id in mine}
    return held(
        words,
        [grant.scope for one in mine for grant in known.grants[one]],
        [assignment.role for one in mine for assignment in known.assignments[one]],
    )


@given(vocabularies(), proposals(), gifts())
def test_gains_and_losses_are_the_difference_of_all_held_sets_before_and_after(
    before: Vocabulary, proposal: Proposal, known: Given
) -> None:
    after = proposal.on(before)
    found = differences(before, after, known, EVERYBODY)
    for id in EVERYBODY:
        had, has = held_by(before, known, id), held_by(after, known, id)
        assert (id in found) is (had != has)
        if id in found:
            assert (found[id].gained, found[id].lost) == (has - had, had - has)


@given(vocabularies(), proposals(), gifts())
def test_whoever_has_nothing_within_reach_gains_and_loses_nothing(
    before: Vocabulary, proposal: Proposal, known: Given
) -> None:
    after = proposal.on(before)
    within = reach(after, proposal)
    for id in differences(before, after, known, EVERYBODY):
        granted = {grant.scope for grant in known.granted(id)}
        assigned = {assignment.role for assignment in known.assigned(id)}
        assert granted & within.scopes or assigned & within.roles


def test_what_a_change_does_not_touch_is_out_of_reach() -> None:
    proposal = Proposal(roles={"middle": RoleDefinition("middle")})
    within = reach(proposal.on(WORDS), proposal)
    assert within == Reach(frozenset(), frozenset({"middle", "outer"}))
    proposal = Proposal(scopes={"one": None})
    within = reach(proposal.on(WORDS), proposal)
    assert within == Reach(frozenset({"one", "two"}), frozenset())


# --- from what is said to what is proposed -------------------------------------------------------


def test_edits_come_to_new_and_changed_definitions_and_to_what_goes() -> None:
    edits = Edits(
        roles={
            "inner": RoleContents(scopes=["one"]),
            "outer": None,
            "new": RoleContents(includes=["core:read-er"]),
        },
        scopes={"one": None, "new.x": ScopeContents(implies=["two"])},
        mappings={"core:gone": "core:read-er"},
    )
    assert proposed(WORDS, edits) == Proposal(
        roles={
            "inner": RoleDefinition("inner", scopes=frozenset({"one"})),
            "outer": None,
            "new": RoleDefinition("new", includes=frozenset({"core:reader"})),
        },
        scopes={"one": None, "new.x": ScopeDefinition("new.x", implies=frozenset({"two"}))},
        mappings={"core:gone": "core:reader"},
    )


@pytest.mark.parametrize(
    ("edits", "error"),
    [
        (Edits(roles={"nobody": None}), NotFound),
        (Edits(scopes={"nothing": None}), NotFound),
        (Edits(mappings={"nothing": "inner"}), NotFound),
        (Edits(roles={"core:reader": None}), Forbidden),
        (Edits(roles={"core:read-er": RoleContents(scopes=[])}), Forbidden),
        (Edits(scopes={"core:read": ScopeContents(implies=[])}), Forbidden),
        (Edits(roles={".": RoleContents()}), Invalid),
        (Edits(scopes={"openid": ScopeContents()}), Invalid),
        (Edits(roles={"core:new": RoleContents()}), Conflict),
        (Edits(roles={"one": RoleContents()}), Conflict),
        (Edits(scopes={"ONE": ScopeContents()}), Conflict),
        (Edits(mappings={"inner": "outer"}), Conflict),
    ],
)
def test_edits_are_refused_where_the_change_would_be(
    edits: Edits, error: type[ScopewrightError]
) -> None:
    with pytest.raises(error):
        proposed(WORDS, edits)
