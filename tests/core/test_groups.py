"""Groups: who is in which, against a slow reference, and the cycles that are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.errors import Conflict
from scopewright.core.groups import (
    Membership,
    Relation,
    all_groups,
    check_free,
    membership_graph,
)
from tests.core.nouns import NOW

PEOPLE, GROUPS = ("ann", "bob"), tuple("ABCD")
PAIRS = st.tuples(st.sampled_from((*PEOPLE, *GROUPS)), st.sampled_from(GROUPS))
Pairs = frozenset[tuple[str, str]]


def memberships(pairs: Pairs) -> list[Membership]:
    """Of each pair the first is in the second."""
    return [Membership(group, member, "admin", NOW) for member, group in sorted(pairs)]


def slowly(pairs: Pairs, member: str) -> set[str]:
    """All groups above somebody, by going over the pairs until nothing changes."""
    reached: set[str] = set()
    while True:
        more = {group for one, group in pairs if one in reached | {member}}
        if more <= reached:
            return reached
        reached |= more


@given(st.frozensets(PAIRS))
def test_all_groups_of_a_principal_are_found_on_cycles_too(pairs: Pairs) -> None:
    graph = membership_graph(memberships(pairs))
    for member in (*PEOPLE, *GROUPS):
        assert all_groups(graph, member) == slowly(pairs, member) - {member}


@given(st.lists(PAIRS, max_size=20))
def test_refusing_what_would_cycle_keeps_every_group_out_of_itself(
    wanted: list[tuple[str, str]],
) -> None:
    kept: set[tuple[str, str]] = set()
    for member, group in wanted:
        path = membership_graph(memberships(frozenset(kept))).would_cycle(member, group)
        closes = member in slowly(frozenset(kept), group) | {group}
        assert bool(path) is closes
        if path:
            assert path[:2] == (member, group)
            assert path[-1] == member
        else:
            kept.add((member, group))
        assert not any(one in slowly(frozenset(kept), one) for one in GROUPS)


def test_a_name_is_free_unless_a_group_has_it_in_some_letter_case() -> None:
    check_free("Operators", taken=["Operator", "Planners"])
    for name in ("operators", "OPERATORS", "Straße"):
        with pytest.raises(Conflict) as refused:
            check_free(name, taken=["Operators", "STRASSE"])
        assert refused.value.facts["conflict"] in ("Operators", "STRASSE")
        assert refused.value.facts["field"] == "name"


def test_a_relation_is_direct_or_not() -> None:
    assert Relation.of(is_direct=True) is Relation.DIRECT
    assert Relation.of(is_direct=False) is Relation.INDIRECT
