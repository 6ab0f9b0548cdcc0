"""Client authentication and PKCE."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256

import pytest

from scopewright.core import oauth
from scopewright.core.errors import (
    InvalidClient,
    InvalidGrant,
    InvalidRequest,
)
from scopewright.core.model import Client, ClientSecret, ClientType
from scopewright.core.oauth import (
    GRANTS_OF_TYPE,
    USER_FLOWS,
    ClientCredential,
    authenticate,
    check_code_challenge,
    check_code_verifier,
    hash_secret,
)
from tests.core.nouns import MOMENT, NOW, SECRET, a_client

CONFIDENTIAL = (ClientType.AUTHORIZATION_CODE, ClientType.CLIENT_CREDENTIALS)
PUBLIC = (ClientType.PKCE, ClientType.DEVICE)
BASIC = frozenset({"client_secret_basic"})
BOTH = BASIC | {"client_secret_post"}

# RFC 7636 appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


# --- client authentication ----------------------------------------------------------------------


def proves(client: Client | None, secret: str | None, methods: frozenset[str] = BASIC) -> bool:
    credential = ClientCredential("client", secret, methods)
    try:
        return authenticate(client, credential, now=NOW) is client
    except InvalidClient:
        return False


@contextmanager
def counted_comparisons() -> Iterator[list[int]]:
    """The lengths of what is compared in constant time, by the real comparison."""
    compared: list[int] = []
    honest = hmac.compare_digest

    def counting(one: str, other: str) -> bool:
        compared.append(len(other))
        return honest(one, other)

    hmac.compare_digest = counting  # type: ignore[assignment]
    try:
        yield compared
    finally:
        hmac.compare_digest = honest


@pytest.mark.parametrize("type", CONFIDENTIAL)
def test_a_confidential_client_is_proved_by_its_secret_alone(type: ClientType) -> None:
    client = a_client(type)
    assert proves(client, SECRET)
    for wrong in (None, "", "sws_wrong", SECRET + " ", SECRET.upper(), hash_secret(SECRET)):
        assert not proves(client, wrong)


@pytest.mark.parametrize("type", PUBLIC)
def test_a_public_client_has_no_secret_and_may_not_present_one(type: ClientType) -> None:
    assert proves(a_client(type), None)
    assert not proves(a_client(type), SECRET)
    assert not proves(a_client(type), "")


def test_an_unknown_client_is_refused_with_the_same_words_as_a_wrong_secret() -> None:
    refusals = []
    for client in (None, a_client(ClientType.CLIENT_CREDENTIALS)):
        with pytest.raises(InvalidClient) as refusal:
            authenticate(client, ClientCredential("client", "wrong", BASIC), now=NOW)
        refusals.append((refusal.value.detail, refusal.value.code, refusal.value.facts))
    assert refusals[0] == refusals[1]


def test_an_unknown_client_that_refreshes_is_told_that_its_session_is_over() -> None:
    credential = ClientCredential("client")
    with pytest.raises(InvalidGrant):
        authenticate(None, credential, now=NOW, grant_type="refresh_token")
    with pytest.raises(InvalidClient):
        authenticate(None, credential, now=NOW, grant_type="authorization_code")


@pytest.mark.parametrize("secret", ["sws_wrong", None])
def test_an_unknown_client_costs_the_same_comparisons_as_a_wrong_secret(secret: str | None) -> None:
    with counted_comparisons() as unknown:
        assert not proves(None, secret)
    with counted_comparisons() as wrong:
        assert not proves(a_client(ClientType.CLIENT_CREDENTIALS), secret)
    assert unknown == wrong
    assert len(wrong) == 1


def test_the_comparison_goes_over_all_secrets_even_when_the_first_fits() -> None:
    both = (ClientSecret(hash_secret(SECRET), NOW), ClientSecret(hash_secret("old"), NOW))
    with counted_comparisons() as compared:
        assert proves(a_client(ClientType.CLIENT_CREDENTIALS, secrets=both), SECRET)
    assert len(compared) == 2


def test_after_a_rotation_both_secrets_prove_the_client_until_the_old_one_ends() -> None:
    ends = NOW + timedelta(hours=1)
    secrets = (ClientSecret(hash_secret("old"), NOW, ends), ClientSecret(hash_secret("new"), NOW))
    client = a_client(ClientType.CLIENT_CREDENTIALS, secrets=secrets)
    old, new = (ClientCredential("client", secret, BASIC) for secret in ("old", "new"))
    assert authenticate(client, old, now=ends - MOMENT) is client
    assert authenticate(client, new, now=ends - MOMENT) is client
    assert authenticate(client, new, now=ends) is client
    with pytest.raises(InvalidClient):
        authenticate(client, old, now=ends)


def test_a_confidential_client_without_a_live_secret_is_proved_by_nothing() -> None:
    client = a_client(ClientType.CLIENT_CREDENTIALS, secrets=())
    assert not proves(client, "")
    assert not proves(client, None)
    assert not proves(client, oauth._NOBODY)


def test_two_methods_at_once_are_refused_unless_the_client_allows_them() -> None:
    strict = a_client(ClientType.CLIENT_CREDENTIALS)
    with pytest.raises(InvalidRequest):
        authenticate(strict, ClientCredential("client", SECRET, BOTH), now=NOW)
    lenient = a_client(ClientType.CLIENT_CREDENTIALS, allow_both_auth_methods=True)
    assert proves(lenient, SECRET, BOTH)
    assert not proves(lenient, "wrong", BOTH)


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
