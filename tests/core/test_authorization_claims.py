"""The `claims` parameter (OpenID Connect Core §5.5), and what of it counts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.authentication_context import LETTER, expected_subjects, told_acr
from scopewright.core.authorization import to_approve
from scopewright.core.claims_request import (
    MOST_CLAIMS,
    asked_names,
    demanded,
    parse_claims,
    values_of,
)
from scopewright.core.errors import InvalidRequest
from scopewright.core.particulars import Particulars
from scopewright.core.scopes import Requested
from tests.core.nouns import a_sign_in, an_authorization


def test_the_example_of_the_specification_is_kept() -> None:
    claims = parse_claims(
        """{
          "userinfo": {
            "given_name": {"essential": true}, "nickname": null,
            "email": {"essential": true}, "http://example.info/claims/groups": null
          },
          "id_token": {"auth_time": {"essential": true}, "acr": {"values": ["one", "two"]}}
        }"""
    )
    assert claims == {
        "userinfo": {
            "given_name": {"essential": True},
            "nickname": {},
            "email": {"essential": True},
            "http://example.info/claims/groups": {},
        },
        "id_token": {"auth_time": {"essential": True}, "acr": {"values": ["one", "two"]}},
    }
    assert "nickname" in asked_names(claims)
    assert demanded(claims, "acr") == frozenset()
    assert values_of(claims, "acr") == {"one", "two"}


def test_members_that_nobody_knows_are_left_out() -> None:
    assert parse_claims('{"verified": {}, "id_token": null}') == {}
    assert parse_claims('{"id_token": {"sub": {"value": "ada", "purpose": "x"}}}') == {
        "id_token": {"sub": {"value": "ada"}}
    }


@pytest.mark.parametrize(
    "parameter",
    [
        "",
        "claims",
        "[]",
        "null",
        '"id_token"',
        '{"id_token": []}',
        '{"id_token": 1}',
        '{"id_token": {"sub": "ada"}}',
        '{"id_token": {"sub": true}}',
        '{"id_token": {"sub": {"essential": 1}}}',
        '{"id_token": {"sub": {"value": {}}}}',
        '{"id_token": {"sub": {"value": null}}}',
        '{"id_token": {"sub": {"value": 1.5}}}',
        '{"id_token": {"sub": {"value": 1e999}}}',
        '{"id_token": {"sub": {"value": NaN}}}',
        '{"id_token": {"sub": {"values": "ada"}}}',
        '{"id_token": {"sub": {"values": [[]]}}}',
        '{"id_token": {"sub": {}, "sub": {}}}',
        '{"id_token": {}, "id_token": {}}',
        '{"id_token": {"s\\u0000": null}}',
        '{"id_token": {"s\\ud800": null}}',
        '{"id_token": {"sub": {"value": "\\udfff"}}}',
        json.dumps({"id_token": {"s" * 201: None}}),
        json.dumps({"id_token": {str(n): None for n in range(MOST_CLAIMS + 1)}}),
        json.dumps({"id_token": {"sub": {"values": [1] * (MOST_CLAIMS + 1)}}}),
        '{"id_token":' * 1500,
        "[" * 9000,
    ],
)
def test_what_is_no_claims_request_is_refused(parameter: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_claims(parameter)


values = st.none() | st.booleans() | st.floats() | st.text(max_size=5)
junk = st.recursive(
    values,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id_token", "userinfo", "acr", "essential", "value", "values", "sub"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(junk)
def test_whatever_is_sent_is_refused_or_kept_in_a_form_that_can_be_read(said: Any) -> None:
    try:
        claims = parse_claims(json.dumps(said))
    except InvalidRequest:
        return
    assert parse_claims(json.dumps(claims)) == claims
    assert set(claims) <= {"id_token", "userinfo"}
    demanded(claims, "acr"), values_of(claims, "sub"), asked_names(claims)
    json.dumps(claims).encode()


# --- what follows from it -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("particulars", "told"),
    [
        (Particulars(), None),
        (Particulars(acr_values=(LETTER,)), LETTER),
        (Particulars(claims={"id_token": {"acr": {}}}), LETTER),
        (Particulars(claims={"userinfo": {"acr": {}}}), LETTER),
        (Particulars(claims={"userinfo": {"email": {}}}), None),
        (Particulars(max_age=0), None),
    ],
)
def test_the_class_of_a_sign_in_is_told_to_who_asks_for_it(
    particulars: Particulars, told: str | None
) -> None:
    assert told_acr(particulars, a_sign_in()) == told


def test_a_person_is_expected_by_a_hint_or_by_the_value_of_the_subject() -> None:
    by_value = {"id_token": {"sub": {"value": "ada"}}}
    assert expected_subjects(Particulars()) == ()
    assert expected_subjects(Particulars(claims=by_value)) == ({"ada"},)
    both = Particulars(claims=by_value, expected_subject="eve")
    assert expected_subjects(both) == ({"eve"}, {"ada"})
    any_of = {"id_token": {"sub": {"values": ["ada", "eve"]}}}
    assert expected_subjects(Particulars(claims=any_of)) == ({"ada", "eve"},)


def test_claims_asked_for_by_name_are_approved_like_their_scope() -> None:
    requested = Requested(frozenset({"read"}), frozenset({"openid"}))
    claims = {"id_token": {"name": {}}, "userinfo": {"email_verified": {}}}
    asked = an_authorization(requested=requested, particulars=Particulars(claims=claims))
    assert to_approve(asked) == Requested(
        frozenset({"read"}), frozenset({"openid", "profile", "email"})
    )
    assert to_approve(an_authorization(requested=requested)) == requested
