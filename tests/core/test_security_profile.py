"""The FAPI 2.0 Security Profile as data and checks; the default profile refuses nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.errors import InvalidClient, InvalidRequest, UnsupportedGrantType
from scopewright.core.model import Workspace, WorkspacePolicy
from scopewright.core.oauth import GRANT_TYPES
from scopewright.core.particulars import Confirmation
from scopewright.core.security_profile import DEFAULT, FAPI2, SecurityProfile, profile_of
from tests.core.nouns import an_authorization

GOOD: dict[str, Any] = {"code_challenge": "c" * 43, "redirect_uri": "https://app.example/cb"}
METHODS = [
    "none",
    "client_secret_basic",
    "client_secret_post",
    *(FAPI2.authentication_methods or ()),
]


@pytest.mark.parametrize("profile", [DEFAULT, FAPI2])
def test_a_workspace_names_its_profile(profile: SecurityProfile) -> None:
    born = datetime(2026, 1, 1, tzinfo=UTC)
    policy = WorkspacePolicy(security_profile=profile.name)
    assert profile_of(Workspace("w", "w", "W", (), born, policy=policy)) is profile


def test_the_default_profile_refuses_nothing() -> None:
    for name in GRANT_TYPES:
        DEFAULT.check_grant_type(name)
    DEFAULT.check_authentication({"none"})
    DEFAULT.check_binding(None)
    DEFAULT.check_unpushed()
    DEFAULT.check_request(an_authorization(code_challenge=None, redirect_uri_was_sent=False))
    assert DEFAULT.signing("RS256") == "RS256"
    assert DEFAULT.rotates_refresh_tokens


@given(st.sampled_from([DEFAULT, FAPI2]), st.lists(st.sampled_from(sorted(GRANT_TYPES))))
def test_what_is_offered_is_what_is_accepted(profile: SecurityProfile, some: list[str]) -> None:
    offered = profile.offered_grant_types(some)
    for name in some:
        if name in offered:
            profile.check_grant_type(name)
        else:
            with pytest.raises(UnsupportedGrantType):
                profile.check_grant_type(name)


@given(st.lists(st.sampled_from(METHODS), min_size=1))
def test_all_that_a_client_shows_has_to_be_a_method_of_the_profile(shown: list[str]) -> None:
    if FAPI2.offered_methods(shown) == shown:
        FAPI2.check_authentication(shown)
        return
    with pytest.raises(InvalidClient):
        FAPI2.check_authentication(shown)


def test_tokens_are_bound_to_a_key_or_a_certificate() -> None:
    FAPI2.check_binding(Confirmation(jkt="k"))
    FAPI2.check_binding(Confirmation(x5t_s256="t"))
    with pytest.raises(InvalidRequest):
        FAPI2.check_binding(None)


def test_requests_are_pushed() -> None:
    with pytest.raises(InvalidRequest):
        FAPI2.check_unpushed()


def test_a_pushed_request_has_its_guards() -> None:
    FAPI2.check_request(an_authorization(**GOOD))


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ({"code_challenge": None}, "code_challenge"),
        ({"redirect_uri_was_sent": False}, "missing"),
        ({"redirect_uri": "http://127.0.0.1/cb"}, "https"),
        ({"redirect_uri": "com.example.app:/cb"}, "https"),
        ({"redirect_uri": "HTTPS://app.example/cb"}, "https"),
    ],
)
def test_each_guard_that_is_missing_has_an_error_of_its_own(
    missing: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidRequest, match=said):
        FAPI2.check_request(an_authorization(**{**GOOD, **missing}))


def test_rs256_signs_nothing() -> None:
    assert FAPI2.signing("RS256") == FAPI2.signing("ES256") == "ES256"
    assert FAPI2.offered_algorithms(["RS256", "PS256", "HS256", "ES256"]) == ["PS256", "ES256"]
