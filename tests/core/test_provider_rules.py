"""Rules of providers: what matches, what is given and taken, and that doubt gives nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.catalogue import Catalogue, RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.errors import Invalid
from scopewright.core.model import Assignment, Grant
from scopewright.core.provider_rules import (
    LARGEST_STATE,
    Due,
    Rule,
    check_state,
    difference,
    due,
    within,
)
from tests.core.nouns import NOW

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["staff", "guest", "1", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=5,
)
CLAIMS = st.dictionaries(st.sampled_from(["groups", "level", "on"]), JSON)
NAMES = st.frozensets(st.sampled_from("abc"))
DUE = st.builds(Due, NAMES, NAMES)
GIVERS = st.sampled_from(["provider:toy", "provider:other", "an-admin"])
GIVEN = st.dictionaries(st.sampled_from("abc"), GIVERS)
RULES = st.lists(
    st.builds(
        Rule,
        st.sampled_from(["groups", "level", "on"]),
        st.sampled_from(["staff", "1", 1, 0, True, False]),
        NAMES,
        NAMES,
    ),
    max_size=4,
)


def assigned(given_by: dict[str, str]) -> list[Assignment]:
    return [Assignment("ann", role, by, NOW) for role, by in given_by.items()]


def granted(given_by: dict[str, str]) -> list[Grant]:
    return [Grant("ann", scope, by, NOW) for scope, by in given_by.items()]


@given(CLAIMS, RULES)
def test_a_rule_matches_its_value_of_its_very_type_or_a_list_with_it(
    claims: dict[str, Any], rules: list[Rule]
) -> None:
    found = due(rules, claims)
    expected = set()
    for rule in rules:
        said = claims.get(rule.claim)
        values = said if isinstance(said, list) else [said]
        if any(repr(one) == repr(rule.value) for one in values):
            expected |= rule.roles
    assert found.roles == expected


@pytest.mark.parametrize(
    "claims",
    [{}, {"groups": None}, {"groups": {"staff": True}}, {"groups": "staffers"},
     {"groups": [["staff"]]}, {"groups": "staff guest"}, {"Groups": "staff"}],
)  # fmt: skip
def test_what_is_missing_or_of_another_shape_gives_nothing(claims: dict[str, Any]) -> None:
    assert due([Rule("groups", "staff", frozenset({"r"}))], claims) == Due()


@pytest.mark.parametrize(("value", "said"), [(1, True), (True, 1), (0, False), ("1", 1), (1, "1")])
def test_a_number_is_no_truth_and_no_text(value: Any, said: Any) -> None:
    assert due([Rule("on", value, frozenset({"r"}))], {"on": said}) == Due()


@given(DUE, GIVEN, GIVEN)
def test_afterwards_a_giver_gives_what_is_due_and_others_what_they_gave(
    owed: Due, roles: dict[str, str], scopes: dict[str, str]
) -> None:
    giver = "provider:toy"
    change = difference(owed, assigned(roles), granted(scopes), giver=giver)
    for had, give, take, wanted in (
        (roles, change.give.roles, change.take.roles, owed.roles),
        (scopes, change.give.scopes, change.take.scopes, owed.scopes),
    ):
        after = {name: by for name, by in had.items() if name not in take}
        assert not give & after.keys()
        after |= dict.fromkeys(give, giver)
        assert wanted <= after.keys()
        assert {n for n, by in after.items() if by == giver} <= wanted
        others = {name: by for name, by in had.items() if by != giver}
        assert {name: by for name, by in after.items() if by != giver} == others
    assert not difference(owed, assigned({**roles}), granted(scopes), giver=giver) or bool(change)


@given(DUE)
def test_what_is_there_already_is_no_change(owed: Due) -> None:
    there = dict.fromkeys(owed.roles, "provider:toy"), dict.fromkeys(owed.scopes, "provider:toy")
    change = difference(owed, assigned(there[0]), granted(there[1]), giver="provider:toy")
    assert not change


# --- within a workspace's words -----------------------------------------------------------------

TILED = Catalogue(
    "tiled",
    "Tiled",
    scopes=(ScopeDefinition("read:data"),),
    roles=(RoleDefinition("user"), RoleDefinition("admin")),
    default_role="user",
)


def test_only_words_of_the_workspace_are_given_by_their_one_spelling() -> None:
    words = Vocabulary((TILED,))
    owed = Due(frozenset({"user", "gone"}), frozenset({"read:data", "gone:too"}))
    assert within(owed, words) == Due(frozenset({"user"}), frozenset({"read:data"}))


# --- the state ----------------------------------------------------------------------------------


def test_a_state_of_two_kibibytes_travels_and_one_byte_more_does_not() -> None:
    room = LARGEST_STATE - len('{"a": ""}')
    assert check_state({"a": "x" * room})
    with pytest.raises(Invalid):
        check_state({"a": "x" * (room + 1)})


@pytest.mark.parametrize("state", [{"a": object()}, {"a": float("nan")}, {"a": b"x"}])
def test_a_state_that_is_no_json_is_refused(state: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        check_state(state)
