"""Grant types and PKCE."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256

import pytest

from scopewright.core.errors import (
    InvalidGrant,
    InvalidRequest,
)
from scopewright.core.model import ClientType
from scopewright.core.oauth import (
    GRANTS_OF_TYPE,
    USER_FLOWS,
    check_code_challenge,
    check_code_verifier,
)
from tests.core.nouns import a_client

# RFC 7636 appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_each_type_has_its_own_grants_and_only_user_flows_take_codes() -> None:
    for type in ClientType:
        assert ("authorization_code" in GRANTS_OF_TYPE[type]) == (type in USER_FLOWS)
    assert GRANTS_OF_TYPE[ClientType.CLIENT_CREDENTIALS] == {"client_credentials"}


# --- PKCE ---------------------------------------------------------------------------------------


def test_the_verifier_of_the_specification_fits_its_challenge() -> None:
    check_code_verifier(CHALLENGE, VERIFIER)


@pytest.mark.parametrize(
    ("challenge", "verifier"),
    [
        (CHALLENGE, None),
        (CHALLENGE, ""),
        (CHALLENGE, CHALLENGE),
        (CHALLENGE, VERIFIER[:-1] + "l"),
        (CHALLENGE, VERIFIER + "\n"),
        (CHALLENGE, VERIFIER + "="),
        (CHALLENGE, "ä" * 43),
        (VERIFIER, VERIFIER),
    ],
)
def test_a_verifier_that_does_not_fit_is_invalid_grant(challenge: str, verifier: str) -> None:
    with pytest.raises(InvalidGrant):
        check_code_verifier(challenge, verifier)


def test_a_verifier_without_a_challenge_betrays_that_the_challenge_was_stripped() -> None:
    with pytest.raises(InvalidGrant):
        check_code_verifier(None, VERIFIER)
    check_code_verifier(None, None)


@pytest.mark.parametrize(("length", "good"), [(42, False), (43, True), (128, True), (129, False)])
def test_a_verifier_has_43_to_128_characters(length: int, good: bool) -> None:
    verifier = "a" * length
    challenge = challenge_of(verifier)
    if good:
        check_code_verifier(challenge, verifier)
    else:
        with pytest.raises(InvalidGrant):
            check_code_verifier(challenge, verifier)


def test_a_challenge_is_taken_with_s256_only() -> None:
    assert check_code_challenge(a_client(), CHALLENGE, "S256") == CHALLENGE
    for method in (None, "plain", "s256", ""):
        with pytest.raises(InvalidRequest):
            check_code_challenge(a_client(), CHALLENGE, method)


@pytest.mark.parametrize(
    "challenge", ["", "a", CHALLENGE + "=", CHALLENGE + "\n", CHALLENGE[:-1] + "+", "ä" * 43]
)
def test_a_challenge_that_is_no_base64url_sha256_is_refused(challenge: str) -> None:
    with pytest.raises(InvalidRequest):
        check_code_challenge(a_client(), challenge, "S256")


def test_only_a_client_registered_without_pkce_may_leave_the_challenge_out() -> None:
    with pytest.raises(InvalidRequest):
        check_code_challenge(a_client(), None, None)
    free = a_client(ClientType.AUTHORIZATION_CODE, require_pkce=False)
    assert check_code_challenge(free, None, None) is None
    with pytest.raises(InvalidRequest):
        check_code_challenge(free, None, "S256")
    with pytest.raises(InvalidRequest):
        check_code_challenge(free, CHALLENGE, "plain")


def challenge_of(verifier: str) -> str:
    """RFC 7636 §4.2, written down a second time."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
