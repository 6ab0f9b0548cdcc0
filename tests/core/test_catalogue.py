"""The vocabulary of a workspace: which words exist, which are guarded, who owns a name, presets."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scopewright.core.catalogue import (
    Catalogue,
    RoleDefinition,
    ScopeDefinition,
    Vocabulary,
    presets,
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
ACTIONS = ("read", "create", "update", "activate", "delete", "revoke", "rotate-secret", None)
ACTION_SETS = st.lists(st.sampled_from(ACTIONS), max_size=12)


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


@pytest.mark.parametrize(
    "name", ["iotmanager:read", "iotman", "read:more", "pl", "plx.y", "Sensor:read"]
)
def test_a_name_that_only_resembles_is_free(name: str) -> None:
    VOCABULARY.check_free(name)


# --- presets ------------------------------------------------------------------------------------


def definitions(actions: list[str | None]) -> list[ScopeDefinition]:
    return [ScopeDefinition(f"thing{i}:{a}", action=a) for i, a in enumerate(actions)]


@given(ACTION_SETS)
def test_each_preset_is_within_the_next(actions: list[str | None]) -> None:
    read, operate, full = presets(definitions(actions))
    assert read.scopes <= operate.scopes <= full.scopes


@given(ACTION_SETS)
def test_presets_are_strictly_within_one_another_when_all_three_kinds_of_action_occur(
    actions: list[str | None],
) -> None:
    assume("read" in actions and {"create", "update", "activate"} & set(actions))
    assume({"delete", "revoke", "rotate-secret"} & set(actions))
    read, operate, full = presets(definitions(actions))
    assert read.scopes < operate.scopes < full.scopes


@given(ACTION_SETS)
def test_presets_are_functions_of_the_action_word(actions: list[str | None]) -> None:
    scopes = definitions(actions)
    action_of = {scope.name: scope.action for scope in scopes}
    read, operate, full = presets(scopes)
    assert {action_of[name] for name in read.scopes} <= {"read"}
    assert {action_of[name] for name in operate.scopes} <= {"read", "create", "update", "activate"}
    assert full.scopes == {name for name, action in action_of.items() if action is not None}
    assert read.scopes == {name for name in full.scopes if name.endswith(":read")}
    assert not {n for n in full.scopes - operate.scopes if action_of[n] in {"create", "activate"}}


def test_presets_are_known_by_their_ids_and_labels() -> None:
    assert [(preset.id, preset.label) for preset in presets([])] == [
        ("read-only", "Read-only"),
        ("operator", "Operator"),
        ("full-access", "Full access"),
    ]
