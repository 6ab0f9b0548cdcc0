"""Reasons: each begins with something that was given, and tells all that there is to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.catalogue import Catalogue, RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.groups import Membership, Relation
from scopewright.core.holdings import Given, held
from scopewright.core.model import Assignment, Grant
from scopewright.core.why import BESIDE_SCOPES, HeldGroup, Ledger, givers, warnings
from tests.core.nouns import NOW

SCOPES, ROLES, PEOPLE, GROUPS = tuple("xyz"), tuple("PQR"), ("ann", "bob"), tuple("GH")
SOME_SCOPES = st.frozensets(st.sampled_from((*SCOPES, "deleted")), max_size=2)
SOME_ROLES = st.frozensets(st.sampled_from((*ROLES, "other", "gone")), max_size=2)


@st.composite
def vocabularies(draw: st.DrawFn) -> Vocabulary:
    catalogue = Catalogue("core", "Core", aliases={"other": "P"})
    scopes = (ScopeDefinition(name, implies=draw(SOME_SCOPES)) for name in SCOPES)
    roles = (
        RoleDefinition(name, scopes=draw(SOME_SCOPES), includes=draw(SOME_ROLES)) for name in ROLES
    )
    return Vocabulary((catalogue,), tuple(scopes), tuple(roles), mappings={"gone": "Q"})


@st.composite
def gifts(draw: st.DrawFn) -> Given:
    everybody, giver = (*PEOPLE, *GROUPS), "giver of {}".format
    pairs = st.frozensets(st.tuples(st.sampled_from(GROUPS), st.sampled_from(everybody)))
    return Given(
        [Membership(group, member, "admin", NOW) for group, member in sorted(draw(pairs))],
        {id: [Grant(id, s, giver(s), NOW) for s in draw(SOME_SCOPES)] for id in everybody},
        {id: [Assignment(id, r, giver(r), NOW) for r in draw(SOME_ROLES)] for id in everybody},
    )


def ledger(words: Vocabulary, given: Given) -> Ledger:
    return Ledger(words, given, {id: f"The {id}" for id in GROUPS})


@given(vocabularies(), gifts())
def test_there_is_a_reason_exactly_for_what_is_held_and_it_begins_with_a_gift(
    words: Vocabulary, given_to: Given
) -> None:
    for principal in PEOPLE:
        found = ledger(words, given_to).reasons(principal)
        assert found.keys() == given_to.held(words, principal)
        ids = given_to.holders(principal)
        for reasons in found.values():
            assert reasons.shown
            for one in reasons.shown:
                what = one.names[-1] if one.names else one.scope
                assert one.by == f"giver of {what}"
                holder = principal  # the last group is the one that was given it
                if one.groups:
                    holder = one.groups[-1].removeprefix("The ")
                assert holder in ids
                if one.given == "grant":
                    assert what in {grant.scope for grant in given_to.grants[holder]}
                else:
                    assert what in {each.role for each in given_to.assignments[holder]}


@given(vocabularies(), gifts(), st.sampled_from(SCOPES))
def test_who_holds_one_scope_is_told_with_reasons_as_short_as_each_ones_own(
    words: Vocabulary, given_to: Given, scope: str
) -> None:
    told = ledger(words, given_to)
    found = told.reasons_for(scope)
    for id in (*PEOPLE, *GROUPS):
        own = told.reasons(id).get(scope)
        assert (own is None) is (id not in found)
        if own is not None:
            shortest, same = own.shown[0], found[id].shown[0]
            assert len(shortest.names) + len(shortest.groups) == len(same.names) + len(same.groups)


@given(vocabularies(), st.sampled_from(SCOPES))
def test_what_gives_a_scope_is_all_that_comes_to_it_and_nothing_else(
    words: Vocabulary, scope: str
) -> None:
    found = givers(words, scope)
    assert found.scopes == {name for name in SCOPES if scope in words.close(frozenset({name}))}
    spellings = (*ROLES, "other", "gone")
    assert found.roles == {name for name in spellings if scope in held(words, (), [name])}


@given(vocabularies(), gifts())
def test_roles_and_groups_are_told_with_what_they_come_through(
    words: Vocabulary, given_to: Given
) -> None:
    told = ledger(words, given_to)
    for principal in PEOPLE:
        own = {m.group_id for m in given_to.memberships if m.principal_id == principal}
        groups = told.groups(principal)
        assert {group.id for group in groups} == set(given_to.holders(principal)[1:])
        assert {group.id for group in groups if group.relation is Relation.DIRECT} == own
        roles = told.roles(principal)
        assert [one.assignment for one in roles] == given_to.assigned(principal)
        for one in roles:
            assert (one.group or principal) == one.assignment.principal_id
            assert (one.relation is Relation.DIRECT) is (one.group is None)


# --- how a reason reads -------------------------------------------------------------------------

REPORTER, USER = "mdsp:core:assetmanagement.reporter", "mdsp:mytenant:timeseriesviewer.user"
WORDS = Vocabulary(
    scopes=(ScopeDefinition("asm.r"), ScopeDefinition("pl.w", implies=frozenset({"pl.r"})),
            ScopeDefinition("pl.r")),
    roles=(
        RoleDefinition(REPORTER, scopes=frozenset({"asm.r"})),
        RoleDefinition(USER, includes=frozenset({REPORTER, "gone"})),
    ),
)  # fmt: skip
NAMES = {"admin": "admin@example.com", "crew": "Crew", "guild": "Guild"}
NOTHING: dict[str, list[Grant]] = {"ann": [], "crew": [], "guild": []}


def test_an_assignment_reads_as_the_chain_of_roles_with_who_and_when() -> None:
    assigned = Assignment("ann", USER, "admin", NOW + timedelta(hours=20))
    given_to = Given([], NOTHING, {"ann": [assigned]})
    told = Ledger(WORDS, given_to, NAMES)
    [reason] = told.reasons("ann")["asm.r"].shown
    assert reason.text == (
        "asm.r, from mdsp:core:assetmanagement.reporter, from mdsp:mytenant:timeseriesviewer.user,"
        " assigned by admin@example.com on 2026-01-02"
    )
    assert told.missing("ann") == {"gone"}
    gone = Ledger(WORDS, given_to, {}).reasons("ann")["asm.r"].shown[0]
    assert gone == replace(reason, giver=None)
    assert gone.text.endswith("assigned by admin on 2026-01-02")


def test_what_comes_through_groups_names_the_one_first_that_the_principal_is_in() -> None:
    nested = [Membership("crew", "ann", "admin", NOW), Membership("guild", "crew", "admin", NOW)]
    grants = NOTHING | {"guild": [Grant("guild", "pl.w", "admin", NOW)]}
    assignments = {"ann": [], "crew": [Assignment("crew", USER, "admin", NOW)], "guild": []}
    told = Ledger(WORDS, Given(nested, grants, assignments), NAMES)
    texts = {scope: reasons.shown[0].text for scope, reasons in told.reasons("ann").items()}
    assert texts == {
        "asm.r": f"asm.r, from {REPORTER}, from {USER}, through the group Crew,"
        " assigned by admin@example.com on 2026-01-01",
        "pl.w": "pl.w, through the group Crew in the group Guild,"
        " granted by admin@example.com on 2026-01-01",
        "pl.r": "pl.r, from pl.w, through the group Crew in the group Guild,"
        " granted by admin@example.com on 2026-01-01",
    }
    assert told.groups("ann") == (
        HeldGroup("crew", "Crew", Relation.DIRECT),
        HeldGroup("guild", "Guild", Relation.INDIRECT),
    )


def test_who_holds_too_much_for_one_token_is_warned_and_told_what_helps() -> None:
    room = (4096 - BESIDE_SCOPES) * 3 // 4
    assert warnings(frozenset({"x" * room})) == ()
    [warning] = warnings(frozenset({"x" * (room + 1)}))
    assert f"{4096 + 2} bytes" in warning
    assert "naming the resource" in warning
