"""Presets: functions of the action word, each within the next."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from scopewright.core.catalogue import ScopeDefinition
from scopewright.core.presets import presets

ACTIONS = ("read", "create", "update", "activate", "delete", "revoke", "rotate-secret", None)
ACTION_SETS = st.lists(st.sampled_from(ACTIONS), max_size=12)


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
