"""The claims of a signed request: by whom, for whom, until when, and as which parameters."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.authorization_request import AuthorizationRequest
from scopewright.core.errors import InvalidRequestObject, OAuthError
from scopewright.core.request_objects import LEEWAY, LONGEST_LIFE, check_claims, request_within
from tests.core.nouns import NOW, a_client

ISSUER = "https://auth.example/w/1"
CLIENT = a_client()
MOMENT = int(NOW.timestamp())
NOTHING = AuthorizationRequest([])

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


def claims(**said: Any) -> dict[str, Any]:
    return {"iss": CLIENT.client_id, "aud": ISSUER, "exp": MOMENT + 60, **said}


def ends(**said: Any) -> Any:
    return check_claims(claims(**said), client=CLIENT, issuer=ISSUER, now=NOW)


@given(st.integers(-10_000, 10_000))
def test_it_ends_within_an_hour_and_has_not_ended_yet(seconds: int) -> None:
    is_good = timedelta(0) < timedelta(seconds=seconds) <= LONGEST_LIFE + LEEWAY
    try:
        assert ends(exp=MOMENT + seconds) == NOW + timedelta(seconds=seconds)
        assert is_good
    except InvalidRequestObject:
        assert not is_good


@given(st.integers(-10_000, 10_000))
def test_it_began_within_the_last_hour_or_begins_at_once(seconds: int) -> None:
    is_good = -LONGEST_LIFE <= timedelta(seconds=seconds) <= LEEWAY
    try:
        ends(nbf=MOMENT + seconds)
        assert is_good
    except InvalidRequestObject:
        assert not is_good


@given(st.dictionaries(st.sampled_from(["iss", "aud", "exp", "nbf", "sub"]), json_values))
def test_whatever_the_claims_are_it_is_good_or_refused(said: dict[str, Any]) -> None:
    try:
        ends(**said)
    except InvalidRequestObject:
        return
    assert {**claims(), **said}["iss"] == CLIENT.client_id


@given(
    st.dictionaries(st.sampled_from(["scope", "state", "resource", "max_age", "x"]), json_values)
)
def test_every_parameter_is_text_that_a_query_could_hold(said: dict[str, Any]) -> None:
    try:
        request = request_within(claims(**said), NOTHING, client=CLIENT)
    except OAuthError:
        return
    for name, value in request.parameters:
        assert isinstance(name, str)
        assert isinstance(value, str)
        assert "\x00" not in value


def test_what_is_of_the_token_is_no_parameter() -> None:
    request = request_within(claims(nbf=1, iat=1, jti="j", state="s"), NOTHING, client=CLIENT)
    assert dict(request.parameters) == {"state": "s", "client_id": CLIENT.client_id}


def test_structures_become_json_and_resources_repeat() -> None:
    said = {"claims": {"id_token": None}, "resource": ["a:1", "a:2"], "max_age": 5}
    pairs = list(request_within(claims(**said), NOTHING, client=CLIENT).parameters)
    assert ("claims", json.dumps(said["claims"], separators=(",", ":"))) in pairs
    assert [value for name, value in pairs if name == "resource"] == ["a:1", "a:2"]
    assert ("max_age", "5") in pairs


@pytest.mark.parametrize("value", [True, None, 1.5, "a\nb", "\x00", "\ud800"])
def test_what_a_query_could_not_hold_is_refused(value: Any) -> None:
    for said in ({"nonce": value}, {"resource": [value]}):
        with pytest.raises(InvalidRequestObject):
            request_within(claims(**said), NOTHING, client=CLIENT)
