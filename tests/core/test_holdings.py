"""What a principal holds: grants and roles, closed, within the words that exist now."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.catalogue import RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.holdings import held

VOCABULARY = Vocabulary(
    scopes=(
        ScopeDefinition("write", implies=frozenset({"read"})),
        ScopeDefinition("read"),
        ScopeDefinition("delete"),
    ),
    roles=(
        RoleDefinition("author", scopes=frozenset({"write"}), includes=frozenset({"gone"})),
        RoleDefinition(
            "chief", scopes=frozenset({"deleted"}), includes=frozenset({"author", "chief"})
        ),
    ),
)
GRANTS = st.frozensets(st.sampled_from(["write", "read", "delete", "deleted"]))
ROLES = st.frozensets(st.sampled_from(["author", "chief", "gone"]))


def test_grants_and_roles_are_closed_together() -> None:
    assert held(VOCABULARY, {"delete"}, {"chief"}) == {"delete", "write", "read"}


def test_a_grant_or_a_role_scope_that_was_deleted_gives_nothing() -> None:
    assert held(VOCABULARY, {"deleted"}, ()) == frozenset()
    assert "deleted" not in held(VOCABULARY, (), {"chief"})


def test_nothing_given_is_nothing_held() -> None:
    assert held(VOCABULARY, (), ()) == frozenset()


@given(GRANTS, ROLES, GRANTS, ROLES)
def test_more_given_never_means_less_held_and_all_is_within_the_vocabulary(
    grants: frozenset[str], roles: frozenset[str], more: frozenset[str], other: frozenset[str]
) -> None:
    less = held(VOCABULARY, grants, roles)
    assert less <= held(VOCABULARY, grants | more, roles | other) <= frozenset(VOCABULARY.by_name)
    assert held(VOCABULARY, less, roles) == less
