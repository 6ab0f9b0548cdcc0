"""What a principal holds: grants and roles, closed, within the words that exist now."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.catalogue import RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.errors import Conflict
from scopewright.core.groups import Membership
from scopewright.core.holdings import Given, check_takes_scopes, deprived, held
from scopewright.core.model import Assignment, ClientType, Grant, PrincipalKind
from tests.core.nouns import NOW, a_client, a_principal

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


# --- through groups -----------------------------------------------------------------------------

GROUPS = tuple("ABCD")
PAIRS = st.frozensets(st.tuples(st.sampled_from(("ann", *GROUPS)), st.sampled_from(GROUPS)))


@given(PAIRS, st.data())
def test_a_member_holds_what_all_its_groups_hold_on_cycles_too(
    pairs: frozenset[tuple[str, str]], data: st.DataObject
) -> None:
    scopes = {id: data.draw(GRANTS) for id in ("ann", *GROUPS)}
    roles = {id: data.draw(ROLES) for id in ("ann", *GROUPS)}
    given_to = Given(
        [Membership(group, member, "admin", NOW) for member, group in pairs],
        {id: [Grant(id, scope, "admin", NOW) for scope in scopes[id]] for id in scopes},
        {id: [Assignment(id, role, "admin", NOW) for role in roles[id]] for id in roles},
    )
    mine = {"ann"}
    for _ in GROUPS:
        mine |= {group for member, group in pairs if member in mine}
    assert set(given_to.holders("ann")) == mine
    assert given_to.held(VOCABULARY, "ann") == held(
        VOCABULARY,
        frozenset().union(*(scopes[id] for id in mine)),
        frozenset().union(*(roles[id] for id in mine)),
    )
    assert given_to.mentioned - {"admin"} == {group for _, group in pairs}


HELD_BY_EACH = st.dictionaries(st.sampled_from(["ann", "bob"]), GRANTS)


@given(HELD_BY_EACH, HELD_BY_EACH, GRANTS)
def test_deprived_is_who_lost_something_guarded_and_nobody_else(
    before: dict[str, frozenset[str]], after: dict[str, frozenset[str]], guarded: frozenset[str]
) -> None:
    lost = deprived(before, after, guarded=guarded)
    for id in ("ann", "bob"):
        had, has = before.get(id, frozenset()), after.get(id, frozenset())
        assert (id in lost) is any(scope in guarded and scope not in has for scope in had)


# --- who takes scopes ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in PrincipalKind if kind != PrincipalKind.CLIENT])
def test_people_and_groups_take_scopes(kind: PrincipalKind) -> None:
    check_takes_scopes(a_principal(kind=kind), None)


@pytest.mark.parametrize("type", ClientType)
def test_of_clients_only_those_take_scopes_that_act_for_themselves(type: ClientType) -> None:
    itself, client = a_principal(kind=PrincipalKind.CLIENT), a_client(type)
    if type is ClientType.CLIENT_CREDENTIALS:
        check_takes_scopes(itself, client)
        return
    for unfit in (client, None):
        with pytest.raises(Conflict):
            check_takes_scopes(itself, unfit)
