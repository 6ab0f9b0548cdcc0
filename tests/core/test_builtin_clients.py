"""For whom a client acts: no stranger ever speaks for a member to anything but the management."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.applications import Application
from scopewright.core.builtin_clients import (
    acts_for,
    application_client,
    command_line,
    is_builtin,
    standing_consent,
)
from scopewright.core.catalogue import Catalogue, ScopeDefinition, Vocabulary
from scopewright.core.errors import InvalidTarget
from scopewright.core.model import PrincipalKind, Workspace, WorkspacePolicy
from scopewright.core.oauth import GRANTS_OF_TYPE
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
GUARDED = ScopeDefinition("iotman:scopes:read", opens=frozenset({"scopes:read"}))
HERE = audiences(
    Workspace(WORKSPACE, "acme", "Acme", (), NOW, policy=WorkspacePolicy(resources=DECLARED)),
    Vocabulary((Catalogue("internal", "Internal API", scopes=(GUARDED,)),)),
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


# --- applications at the gateway ----------------------------------------------------------------

VIEWER, EDITOR = (
    Application(f"app_{name}", WORKSPACE, name, name.title(), NOW) for name in ("viewer", "editor")
)
CLIENT = application_client(VIEWER, {"viewer.example"}, now=NOW)


def test_an_applications_client_acts_for_the_end_user_whom_nobody_need_ask() -> None:
    assert acts_for(CLIENT, (), issuer=ISSUER) is PrincipalKind.END_USER
    agreed = standing_consent(CLIENT, [EDITOR, VIEWER], "ada", now=NOW)
    assert agreed is not None
    assert agreed.requested == EVERYTHING


def test_nobody_but_the_gateway_begins_or_redeems_anything_in_its_name() -> None:
    assert CLIENT.grant_types == frozenset()
    assert CLIENT.secrets == ()
    assert all(GRANTS_OF_TYPE.values())  # and no registered client is without a grant type


def test_a_client_is_an_applications_only_where_the_application_is() -> None:
    assert is_builtin(CLIENT, [VIEWER])
    for others in ([], [EDITOR]):
        assert not is_builtin(CLIENT, others)
        assert standing_consent(CLIENT, others, "ada", now=NOW) is None
    assert standing_consent(STRANGER, [VIEWER], "ada", now=NOW) is None


def test_codes_come_back_by_https_or_within_this_machine() -> None:
    hosts = {"viewer.example:8443", "127.0.0.1:9000", "[::1]:9000", "localhost"}
    assert application_client(VIEWER, hosts, now=NOW).redirect_uris == (
        "http://127.0.0.1:9000/.scopewright/callback",
        "http://[::1]:9000/.scopewright/callback",
        "http://localhost/.scopewright/callback",
        "https://127.0.0.1:9000/.scopewright/callback",
        "https://[::1]:9000/.scopewright/callback",
        "https://localhost/.scopewright/callback",
        "https://viewer.example:8443/.scopewright/callback",
    )
