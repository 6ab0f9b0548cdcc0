"""Whom a token is for: a resource only ever takes scopes away (RFC 8707)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.applications import Application
from scopewright.core.catalogue import Catalogue, RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.errors import Conflict, Invalid, InvalidScope, InvalidTarget
from scopewright.core.model import Workspace, WorkspacePolicy
from scopewright.core.oauth import AUTHORIZATION_CODE, CLIENT_CREDENTIALS
from scopewright.core.resources import (
    Audiences,
    audience_of,
    audiences,
    check_application_resource,
    check_resources,
    chosen,
    narrowed,
)
from scopewright.core.scopes import EVERYTHING, NONE, Requested
from scopewright.core.tokens import decide

ISSUER = "https://auth.example/w/0192"
MCP = f"{ISSUER}/mcp"
PUMPS, LIGHTS = "https://pumps.example", "https://lights.example"

scopes = st.frozensets(st.sampled_from("abcdef"))
asked = st.builds(Requested, st.none() | scopes, st.frozensets(st.just("openid")))
known = st.fixed_dictionaries({PUMPS: scopes, LIGHTS: scopes, MCP: scopes}).map(
    lambda each: Audiences("workspace", MCP, each)
)
resources = st.one_of(
    st.lists(st.sampled_from([PUMPS, LIGHTS, "workspace"]), unique=True), st.just([MCP])
).map(tuple)


GUARDED = ScopeDefinition("g", opens=frozenset({"keys:read"}))
WORDS = Vocabulary((Catalogue("internal", "Internal API", scopes=(GUARDED,)),))


def some_audiences(**declared: list[str]) -> Audiences:
    policy = WorkspacePolicy(resources={PUMPS: ["a", "b"], LIGHTS: ["c"], **declared})
    workspace = Workspace(
        "workspace", "w", "W", (), datetime(2026, 1, 1, tzinfo=UTC), policy=policy
    )
    return audiences(workspace, WORDS, issuer=ISSUER)


@given(asked, scopes, known, resources)
def test_a_limited_token_has_only_what_its_resources_know_of_what_it_would_have_had(
    requested: Requested, held: frozenset[str], known: Audiences, named: tuple[str, ...]
) -> None:
    without = decide(AUTHORIZATION_CODE, requested, held)
    limited = decide(AUTHORIZATION_CODE, requested, known.ceiling(named).within(held))
    known_there = [known.scopes[one] for one in named if one != "workspace"]
    unlimited = not named or "workspace" in named
    assert limited <= without
    assert unlimited or limited - requested.protocol <= frozenset().union(*known_there)
    assert not unlimited or limited == without


@given(asked, scopes, known, resources)
def test_what_was_narrowed_when_it_was_asked_for_stays_within_the_same_bounds(
    requested: Requested, held: frozenset[str], known: Audiences, named: tuple[str, ...]
) -> None:
    ceiling = known.ceiling(named)
    try:
        limited = narrowed(requested, ceiling)
    except InvalidScope:
        assert requested.names
        assert not ceiling.within(requested.names)
        return
    assert limited.within(held) == ceiling.within(requested.within(held))
    assert limited.protocol == requested.protocol


@given(known, resources, resources)
def test_whoever_agreed_to_fewer_resources_never_gets_others(
    known: Audiences, named: tuple[str, ...], agreed: tuple[str, ...]
) -> None:
    try:
        result = chosen(named, agreed)
    except InvalidTarget:
        assert agreed
        assert set(named) - set(agreed)
        return
    assert not agreed or set(result) <= set(agreed)
    assert result == (named or agreed)


@given(asked, scopes, known, resources)
def test_a_client_alone_never_gets_a_scope_that_its_resource_does_not_know(
    requested: Requested, held: frozenset[str], known: Audiences, named: tuple[str, ...]
) -> None:
    reachable = known.ceiling(named).within(held)
    try:
        given_scopes = decide(CLIENT_CREDENTIALS, requested, reachable)
    except InvalidScope:
        assert requested.protocol or requested.beyond(reachable)
        return
    assert given_scopes <= reachable


def test_the_audience_is_the_workspace_the_resource_or_the_list_of_several() -> None:
    assert audience_of((), otherwise="workspace") == "workspace"
    assert audience_of((PUMPS,), otherwise="workspace") == PUMPS
    assert audience_of((PUMPS, LIGHTS), otherwise="workspace") == [PUMPS, LIGHTS]


def test_a_resource_named_twice_counts_once() -> None:
    assert some_audiences().checked([PUMPS, LIGHTS, PUMPS]) == (PUMPS, LIGHTS)


@pytest.mark.parametrize(
    "unknown",
    ["https://pumps.example/", "HTTPS://pumps.example", "pumps", "", f"{PUMPS}#x", ISSUER],
)
def test_a_resource_is_known_character_by_character(unknown: str) -> None:
    with pytest.raises(InvalidTarget):
        some_audiences().checked([unknown])


def test_the_management_resource_stands_alone_for_there_a_member_is_spoken_for() -> None:
    assert some_audiences().checked([MCP]) == (MCP,)
    for beside in (PUMPS, "workspace"):
        with pytest.raises(InvalidTarget):
            some_audiences().checked([MCP, beside])


def test_nobody_declares_the_management_resource_to_be_something_else() -> None:
    assert some_audiences(**{MCP: ["a"]}).ceiling((MCP,)) == Requested(frozenset({"g"}))


def test_naming_the_workspace_itself_limits_nothing() -> None:
    assert some_audiences().ceiling(("workspace",)) == EVERYTHING
    assert some_audiences().ceiling(()) == EVERYTHING


def test_scopes_that_no_named_resource_knows_are_refused_and_others_passed_over() -> None:
    ceiling = some_audiences().ceiling((LIGHTS,))
    with pytest.raises(InvalidScope):
        narrowed(Requested(frozenset({"a"})), ceiling)
    assert narrowed(Requested(frozenset({"a", "c"})), ceiling).names == {"c"}
    assert narrowed(EVERYTHING, ceiling).names == {"c"}
    assert narrowed(Requested(NONE), ceiling).names == NONE


@pytest.mark.parametrize(
    "uri",
    ["pumps", "/pumps", "https://pumps.example#x", "https://pumps example", "https:", "", "é:x"],
)
def test_a_resource_is_declared_as_an_absolute_uri_without_a_fragment(uri: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_resources({uri: []}, known=NONE)
    assert refusal.value.facts["field"] == "resources"


@pytest.mark.parametrize("uri", ["https://a.example/x?y=z", "urn:example:pumps", "app:pumps"])
def test_any_scheme_will_do(uri: str) -> None:
    check_resources({uri: ["a"]}, known=frozenset({"a"}))


def test_a_resource_has_scopes_that_exist_and_there_are_not_too_many() -> None:
    with pytest.raises(Invalid, match="no scope b"):
        check_resources({PUMPS: ["a", "b"]}, known=frozenset({"a"}))
    with pytest.raises(Invalid, match="at most"):
        check_resources({f"urn:x:{n}": [] for n in range(101)}, known=NONE)
    with pytest.raises(Invalid):
        check_resources({f"urn:{'x' * 2000}": []}, known=NONE)


# --- applications as resources ------------------------------------------------------------------

VIEWER = "https://viewer.example/api"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LETTERS = tuple("abcdefg")
letters = st.frozensets(st.sampled_from(LETTERS))


def with_application(
    listed: frozenset[str], core: frozenset[str], own: frozenset[str]
) -> Vocabulary:
    """`listed` are in a role of the application, `core` in a role that this includes."""
    catalogue = Catalogue(
        "core",
        "Core",
        scopes=tuple(ScopeDefinition(name) for name in LETTERS),
        roles=(RoleDefinition("core:role", scopes=core),),
    )
    user = RoleDefinition(
        "viewer.user", application="viewer", scopes=listed, includes=frozenset({"core:role"})
    )
    return Vocabulary(
        (catalogue,),
        scopes=tuple(ScopeDefinition(f"viewer.{name}", application="viewer") for name in own),
        roles=(user, RoleDefinition("other", scopes=frozenset(LETTERS))),
        applications=(Application("app_1", "workspace", "viewer", "V", NOW, resource=VIEWER),),
    )


@given(letters, letters, letters, st.frozensets(st.sampled_from(LETTERS)))
def test_a_token_for_an_application_has_what_it_and_its_roles_come_to_of_what_is_held(
    listed: frozenset[str], core: frozenset[str], own: frozenset[str], held: frozenset[str]
) -> None:
    words = with_application(listed, core, own)
    workspace = Workspace("workspace", "w", "W", (), NOW)
    known = audiences(workspace, words, issuer=ISSUER)
    holding = held | {f"viewer.{name}" for name in held}
    limited = known.ceiling((VIEWER,)).within(holding)
    assert limited == holding & (listed | core | {f"viewer.{name}" for name in own})


@pytest.mark.parametrize("uri", ["viewer", "/viewer", f"{VIEWER}#x", "", "urn:" + "x" * 2000])
def test_an_applications_resource_is_an_absolute_uri_without_a_fragment(uri: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_application_resource(uri, issuer=ISSUER, taken=())
    assert refusal.value.facts == {"field": "resource"}


@pytest.mark.parametrize(
    "uri", [ISSUER, f"{ISSUER}/", MCP, ISSUER.upper(), f"{ISSUER}/token", PUMPS]
)
def test_an_applications_resource_is_neither_the_issuers_nor_anothers(uri: str) -> None:
    with pytest.raises(Conflict):
        check_application_resource(uri, issuer=ISSUER, taken={PUMPS})


@pytest.mark.parametrize("uri", [VIEWER, f"{ISSUER}2", f"{PUMPS}/", "urn:viewer"])
def test_what_only_resembles_them_will_do(uri: str) -> None:
    assert check_application_resource(uri, issuer=ISSUER, taken={PUMPS}) == uri


def test_nobody_declares_an_applications_resource_to_be_something_else() -> None:
    with pytest.raises(Invalid):
        check_resources({VIEWER: []}, known=NONE, applications={VIEWER})
    policy = WorkspacePolicy(resources={VIEWER: ["a"]})
    workspace = Workspace("workspace", "w", "W", (), NOW, policy=policy)
    words = with_application(frozenset("b"), frozenset("c"), NONE)
    known = audiences(workspace, words, issuer=ISSUER)
    assert known.ceiling((VIEWER,)) == Requested(frozenset({"b", "c"}))
