"""Authorization details: a scope, for named things only (RFC 9396)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.authorization_details import (
    agreed_details,
    beside_details,
    details_within,
    parse_details,
)
from scopewright.core.errors import InvalidAuthorizationDetails
from scopewright.core.scopes import EVERYTHING, NONE, Requested

TYPES = frozenset({"sensor:read", "sensor:write"})
PUMP = {"type": "sensor:read", "identifiers": ["pump-7"]}

details = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(sorted(TYPES)),
            "identifiers": st.lists(st.sampled_from("abc"), min_size=1, unique=True),
        }
    ),
    min_size=1,
    max_size=4,
)


@given(details)
def test_what_was_sent_in_the_one_form_is_read_as_it_stands(sent: list[dict[str, Any]]) -> None:
    assert list(parse_details(json.dumps(sent), types=TYPES)) == sent


@given(details, st.frozensets(st.sampled_from(sorted(TYPES))))
def test_only_what_is_held_is_given(sent: list[dict[str, Any]], held: frozenset[str]) -> None:
    kept = details_within(sent, held)
    assert {one["type"] for one in kept} == {one["type"] for one in sent} & held
    assert all(one in sent for one in kept)


@given(details, details)
def test_a_part_names_nothing_that_was_not_agreed_to(
    named: list[dict[str, Any]], agreed: list[dict[str, Any]]
) -> None:
    reach = {(one["type"], name) for one in agreed for name in one["identifiers"]}
    try:
        kept = agreed_details(tuple(named), tuple(agreed))
    except InvalidAuthorizationDetails:
        return
    assert {(one["type"], name) for one in kept for name in one["identifiers"]} <= reach


def test_a_narrower_part_may_be_named_and_nothing_named_means_all() -> None:
    whole = ({"type": "sensor:read", "identifiers": ["pump-7", "pump-8"]},)
    assert agreed_details((PUMP,), whole) == (PUMP,)
    assert agreed_details((), whole) == whole
    for other in ({**PUMP, "identifiers": ["pump-9"]}, {**PUMP, "type": "sensor:write"}):
        with pytest.raises(InvalidAuthorizationDetails):
            agreed_details((other,), whole)


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "{",
        "null",
        "{}",
        "[]",
        "[1]",
        "[{}]",
        "[" * 100_000,
        json.dumps([PUMP] * 21),
        json.dumps([{**PUMP, "type": "unknown"}]),
        json.dumps([{**PUMP, "type": ["sensor:read"]}]),
        json.dumps([{**PUMP, "type": None}]),
        json.dumps([{**PUMP, "actions": ["read"]}]),
        json.dumps([{"type": "sensor:read"}]),
        json.dumps([{**PUMP, "identifiers": []}]),
        json.dumps([{**PUMP, "identifiers": "pump-7"}]),
        json.dumps([{**PUMP, "identifiers": [7]}]),
        json.dumps([{**PUMP, "identifiers": [""]}]),
        json.dumps([{**PUMP, "identifiers": ["a\nb"]}]),
        json.dumps([{**PUMP, "identifiers": ["\ud800"]}]),
        json.dumps([{**PUMP, "identifiers": ["x" * 257]}]),
        json.dumps([{**PUMP, "identifiers": ["x"] * 101}]),
    ],
)
def test_what_has_another_form_is_refused(sent: str) -> None:
    with pytest.raises(InvalidAuthorizationDetails):
        parse_details(sent, types=TYPES)


def test_without_the_parameter_there_are_none() -> None:
    assert parse_details(None, types=TYPES) == ()


def test_beside_details_a_missing_scope_is_no_scope() -> None:
    everything = Requested(None, frozenset({"openid"}))
    assert beside_details(everything, (PUMP,)) == Requested(NONE, frozenset({"openid"}))
    assert beside_details(EVERYTHING, ()) == EVERYTHING
    named = Requested(frozenset({"sensor:write"}))
    assert beside_details(named, (PUMP,)) == named
