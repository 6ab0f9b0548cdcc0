"""For whom a client acts: no stranger ever speaks for a member to anything but the management."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.builtin_clients import acts_for, command_line, is_builtin
from scopewright.core.errors import InvalidTarget
from scopewright.core.model import PrincipalKind, Workspace, WorkspacePolicy
from scopewright.core.resources import audience_of, audiences, chosen, management_resource
from scopewright.core.scopes import EVERYTHING
from scopewright.core.token_exchange import Actor, Asked, Subject, exchange
from tests.core.nouns import NOW, a_client

WORKSPACE = "0192aaaa-0000-7000-8000-000000000000"
STRANGER = a_client(workspace_id=WORKSPACE)
ISSUER = f"https://auth.example/w/{WORKSPACE}"
MANAGEMENT = management_resource(ISSUER)
OTHERS = ("https://sensors.example", "https://video.example", f"{ISSUER}/mcp/", ISSUER, "", "mcp")
DECLARED = {"https://sensors.example": ["sensor:read"], MANAGEMENT: ["sensor:read"]}
HERE = audiences(
    Workspace(WORKSPACE, "acme", "Acme", (), NOW, policy=WorkspacePolicy(resources=DECLARED)),
    guarded=frozenset({"iotman:scopes:read"}),
    issuer=ISSUER,
)
one_resource = st.sampled_from((MANAGEMENT, WORKSPACE, *OTHERS))
resources = st.lists(one_resource, max_size=3).map(tuple)


@given(asked=resources)
def test_a_registered_client_acts_for_a_member_with_the_management_alone(
    asked: tuple[str, ...],
) -> None:
    kind = acts_for(STRANGER, asked, issuer=ISSUER)
    assert (kind is PrincipalKind.MEMBER) == (asked == (MANAGEMENT,))


@given(asked=resources, named=resources)
def test_what_a_registered_client_gets_for_a_member_is_of_use_for_the_management_alone(
    asked: tuple[str, ...], named: tuple[str, ...]
) -> None:
    try:
        agreed = HERE.checked(asked)
        meant = HERE.checked(chosen(HERE.checked(named), agreed))
    except InvalidTarget:
        return
    if acts_for(STRANGER, agreed, issuer=ISSUER) is PrincipalKind.MEMBER:
        assert audience_of(meant, otherwise=WORKSPACE) == MANAGEMENT
        assert HERE.ceiling(meant).within(frozenset({"sensor:read"})) == frozenset()


@given(named=resources)
def test_a_token_for_the_management_is_exchanged_for_no_other(named: tuple[str, ...]) -> None:
    subject = Subject("mia", EVERYTHING, (MANAGEMENT,), NOW)
    try:
        asked = Asked(EVERYTHING, HERE.checked(named))
        exchanged = exchange(subject, Actor("service"), asked, HERE)
    except InvalidTarget:
        return
    assert exchanged.resources == (MANAGEMENT,)


@given(asked=resources)
def test_the_management_of_another_workspace_is_no_reason_to_act_for_a_member(
    asked: tuple[str, ...],
) -> None:
    elsewhere = "https://auth.example/w/another"
    assert acts_for(STRANGER, asked, issuer=elsewhere) is PrincipalKind.END_USER


@given(asked=resources)
def test_the_command_line_acts_for_the_member_whatever_it_asks_for(asked: tuple[str, ...]) -> None:
    assert acts_for(command_line(WORKSPACE, now=NOW), asked, issuer=ISSUER) is PrincipalKind.MEMBER


def test_no_registered_client_is_built_in() -> None:
    assert not is_builtin(STRANGER)
    assert is_builtin(command_line(WORKSPACE, now=NOW))
