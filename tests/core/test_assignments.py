"""Which roles may be assigned, and which lack others that they require."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.applications import Application
from scopewright.core.assignments import Incomplete, assignable, incomplete, refuse_member_role
from scopewright.core.catalogue import Catalogue, RoleDefinition, Vocabulary
from scopewright.core.errors import Conflict, NotFound
from scopewright.core.member_roles import MemberRoles
from scopewright.core.model import PrincipalKind
from tests.core.nouns import NOW, a_principal

VOCABULARY = Vocabulary(
    (Catalogue("core", "Core", aliases={"user:old": "user"}),),
    roles=(
        RoleDefinition("user"),
        RoleDefinition("batch", requires=frozenset({"user:old"})),
        RoleDefinition("all", includes=frozenset({"batch", "gone"}), requires=frozenset({"extra"})),
        RoleDefinition("viewer.user", application="viewer"),
        RoleDefinition("draft.user", application="draft"),
        RoleDefinition("lost.user", application="lost"),
    ),
    applications=(
        Application("app_1", "workspace", "draft", "Draft", NOW),
        Application("app_2", "workspace", "viewer", "Viewer", NOW, registered_at=NOW),
    ),
)
MEMBER_ROLES = MemberRoles("iotman:")
NAMES = tuple("ABCD")
SOME = st.frozensets(st.sampled_from(NAMES), max_size=2)


def test_a_role_is_assignable_by_each_spelling() -> None:
    assert assignable(VOCABULARY, "user:old").name == assignable(VOCABULARY, "user").name == "user"


@pytest.mark.parametrize("name", ["gone", "User", ""])
def test_a_role_that_is_not_there_is_not_assignable(name: str) -> None:
    with pytest.raises(NotFound) as refused:
        assignable(VOCABULARY, name)
    assert refused.value.facts["field"] == "role"


def test_a_role_of_an_application_is_assignable_once_that_is_registered() -> None:
    assert assignable(VOCABULARY, "viewer.user").application == "viewer"
    for application in ("draft", "lost"):
        with pytest.raises(Conflict, match="Register it first") as refused:
            assignable(VOCABULARY, f"{application}.user")
        assert refused.value.facts["conflict"] == application


@pytest.mark.parametrize("short", ["viewer", "editor", "admin"])
@pytest.mark.parametrize("kind", PrincipalKind)
def test_only_a_members_member_role_is_kept_out(kind: PrincipalKind, short: str) -> None:
    principal = a_principal(kind=kind)
    refuse_member_role(principal, short, member_roles=MEMBER_ROLES)  # a role of another's own
    if kind is not PrincipalKind.MEMBER:
        refuse_member_role(principal, f"iotman:{short}", member_roles=MEMBER_ROLES)
        return
    with pytest.raises(Conflict):
        refuse_member_role(principal, f"iotman:{short}", member_roles=MEMBER_ROLES)


def test_the_member_role_is_found_among_further_roles() -> None:
    assert MEMBER_ROLES.among(["admin", "editor", "a:viewer", "iotman:viewer", "z"]) == "viewer"


def test_a_role_without_what_it_requires_is_told_wherever_it_comes_from() -> None:
    assert incomplete(VOCABULARY, ["batch"]) == (Incomplete("batch", frozenset({"user"})),)
    assert incomplete(VOCABULARY, ["all"]) == (
        Incomplete("all", frozenset({"extra"})),
        Incomplete("batch", frozenset({"user"})),
    )
    assert incomplete(VOCABULARY, ["batch", "user"]) == ()
    assert incomplete(VOCABULARY, ["gone"]) == ()


@given(st.dictionaries(st.sampled_from(NAMES), st.tuples(SOME, SOME)), SOME, SOME)
def test_what_is_incomplete_is_held_lacks_what_it_names_and_more_roles_lack_no_more(
    drawn: dict[str, tuple[frozenset[str], frozenset[str]]],
    assigned: frozenset[str],
    more: frozenset[str],
) -> None:
    words = Vocabulary(
        roles=tuple(RoleDefinition(n, includes=i, requires=r) for n, (i, r) in drawn.items())
    )
    reached = words.graph.expand(assigned).roles
    found = {one.role: one.requires for one in incomplete(words, assigned)}
    for role in reached:
        assert found.pop(role, frozenset()) == words.every_role[role].requires - reached
    assert not found
    wider = {one.role: one.requires for one in incomplete(words, assigned | more)}
    for role in reached & wider.keys():
        assert wider[role] <= words.every_role[role].requires - reached
