"""The vocabulary of a workspace: which words exist, which are guarded, who owns a name."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.catalogue import (
    Catalogue,
    RoleDefinition,
    ScopeDefinition,
    Vocabulary,
)
from scopewright.core.errors import Conflict
from scopewright.core.scopes import NONE, Scopes

INTERNAL = Catalogue(
    "internal",
    "Internal API",
    prefix="iotman:",
    scopes=(
        ScopeDefinition("iotman:grants:create", opens=frozenset({"grants:create"})),
        ScopeDefinition("iotman:keys:read", opens=frozenset({"keys:read"})),
    ),
    roles=(RoleDefinition("iotman:admin", every_guarded=True),),
)
TILED = Catalogue(
    "tiled",
    "Tiled",
    scopes=(
        ScopeDefinition("read:data"),
        ScopeDefinition("admin:keys", opens=frozenset({"keys:read", "keys:write"})),
    ),
)
MINDSPHERE = Catalogue(
    "mindsphere",
    "MindSphere",
    scopes=(
        ScopeDefinition("pl.de.w", implies=frozenset({"pl.de.r"})),
        ScopeDefinition("pl.de.r", implies=frozenset({"pl.de.w", "gone"})),
    ),
    roles=(RoleDefinition("iot.timUser", scopes=frozenset({"pl.de.r"})),),
)
VOCABULARY = Vocabulary(
    (INTERNAL, TILED, MINDSPHERE),
    scopes=(ScopeDefinition("sensor:read"),),
    roles=(RoleDefinition("reader", scopes=frozenset({"sensor:read"})),),
)

WORDS = tuple("abcdef")
SCOPES = st.frozensets(st.sampled_from((*WORDS, "unknown")))


@st.composite
def vocabularies(draw: st.DrawFn) -> Vocabulary:
    defined = draw(st.sets(st.sampled_from(WORDS)))
    return Vocabulary(
        scopes=tuple(ScopeDefinition(name, implies=draw(SCOPES)) for name in sorted(defined))
    )


# --- what is held of it -------------------------------------------------------------------------


@given(vocabularies(), SCOPES, SCOPES)
def test_closing_over_implications_is_a_closure_within_the_words_that_exist(
    vocabulary: Vocabulary, some: Scopes, others: Scopes
) -> None:
    known = frozenset(vocabulary.by_name)
    closed = vocabulary.close(some)
    assert some & known <= closed <= known
    assert vocabulary.close(closed) == closed
    assert vocabulary.close(some | others) == closed | vocabulary.close(others)
    for name in closed:
        assert vocabulary.by_name[name].implies & known <= closed


def test_a_scope_gives_what_it_implies_even_in_a_circle_and_not_what_does_not_exist() -> None:
    assert VOCABULARY.close(frozenset({"pl.de.w"})) == {"pl.de.w", "pl.de.r"}


def test_a_scope_is_guarded_exactly_when_it_opens_something() -> None:
    assert VOCABULARY.guarded == {"iotman:grants:create", "iotman:keys:read", "admin:keys"}


def test_a_role_of_every_guarded_scope_follows_the_catalogues_that_are_enabled() -> None:
    admin = VOCABULARY.every_role["iotman:admin"]
    assert admin.scopes == VOCABULARY.guarded
    assert Vocabulary((INTERNAL,)).graph.expand(["iotman:admin"]).scopes == {
        "iotman:grants:create",
        "iotman:keys:read",
    }


def test_operations_are_those_of_the_scopes_that_exist() -> None:
    assert VOCABULARY.operations(frozenset({"admin:keys", "gone"})) == {"keys:read", "keys:write"}
    assert VOCABULARY.operations(NONE) == frozenset()


def test_the_first_catalogue_names_the_scope_that_opens_an_operation() -> None:
    assert VOCABULARY.opener("keys:read") == "iotman:keys:read"
    assert Vocabulary((TILED, INTERNAL)).opener("keys:read") == "admin:keys"
    assert VOCABULARY.opener("nothing:known") is None


# --- what roles come to -------------------------------------------------------------------------

ROLE_NAMES = ("R", "S", "T")
SOME_ROLES = st.frozensets(st.sampled_from((*ROLE_NAMES, "alias", "mapped", "missing")))


@st.composite
def vocabularies_with_roles(draw: st.DrawFn) -> Vocabulary:
    """Roles that include one another by their own names, by an alias and by a mapped name."""
    roles = tuple(
        RoleDefinition(name, scopes=draw(SCOPES), includes=draw(SOME_ROLES)) for name in ROLE_NAMES
    )
    catalogue = Catalogue("x", "X", roles=roles[:2], aliases={"alias": "R"})
    own = draw(vocabularies())
    return replace(own, catalogues=(catalogue,), roles=roles[2:], mappings={"mapped": "alias"})


@given(vocabularies_with_roles())
def test_the_roles_with_a_scope_are_those_that_come_to_it(vocabulary: Vocabulary) -> None:
    for scope in vocabulary.by_name:
        assert vocabulary.roles_with(scope) == {
            role for role in ROLE_NAMES if scope in vocabulary.scopes_of([role])
        }


def test_roles_are_found_over_whatever_spelling_they_are_included_by() -> None:
    roles = (
        RoleDefinition("r", scopes=frozenset({"a"})),
        RoleDefinition("by alias", includes=frozenset({"alias"})),
        RoleDefinition("by mapping", includes=frozenset({"gone"})),
    )
    catalogue = Catalogue(
        "x", "X", scopes=(ScopeDefinition("a"),), roles=roles, aliases={"alias": "r"}
    )
    words = Vocabulary((catalogue,), mappings={"gone": "alias"})
    assert words.roles_with("a") == {"r", "by alias", "by mapping"}


def test_a_scope_is_about_what_it_says_and_what_the_roles_that_list_it_say() -> None:
    scopes = (ScopeDefinition("a", resource="A"), ScopeDefinition("b"), ScopeDefinition("c"))
    roles = (
        RoleDefinition("r", resource="R", scopes=frozenset({"a", "b"})),
        RoleDefinition("s", resource="A", scopes=frozenset({"a"})),
        RoleDefinition("t", scopes=frozenset({"c"})),
    )
    words = Vocabulary((Catalogue("x", "X", scopes=scopes, roles=roles),))
    assert words.resources == {"a": ("A", "R"), "b": ("R",)}


# --- who owns a name ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("iotman:anything", "internal"),
        ("IOTMAN:anything", "internal"),
        ("IotMan:grants:create", "internal"),
        ("read:data", "tiled"),
        ("READ:data", "tiled"),
        ("pl.other", "mindsphere"),
        ("PL.x", "mindsphere"),
        ("iot.timUser", "mindsphere"),
        ("IOT.TIMUSER", "mindsphere"),
    ],
)
def test_a_name_of_a_catalogue_is_not_free_in_any_letter_case(name: str, owner: str) -> None:
    with pytest.raises(Conflict) as refusal:
        VOCABULARY.check_free(name)
    assert refusal.value.facts == {"conflict": owner}


@pytest.mark.parametrize("name", ["sensor:read", "reader"])
def test_a_scope_and_a_role_cannot_share_a_name(name: str) -> None:
    with pytest.raises(Conflict) as refusal:
        VOCABULARY.check_free(name)
    assert refusal.value.facts == {"conflict": name}


@pytest.mark.parametrize("name", ["Sensor:read", "READER"])
def test_a_name_cannot_differ_from_another_by_letter_case_only(name: str) -> None:
    with pytest.raises(Conflict, match="letter case") as refusal:
        VOCABULARY.check_free(name)
    assert refusal.value.facts == {"conflict": name.lower()}


@pytest.mark.parametrize(
    "name", ["iotmanager:read", "iotman", "read:more", "pl", "plx.y", "sensor:reads"]
)
def test_a_name_that_only_resembles_is_free(name: str) -> None:
    VOCABULARY.check_free(name)
