"""What is asked of another OpenID provider, and which of its answers are believed."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.id_tokens import half_hash
from scopewright.core.upstream import (
    Expected,
    Registered,
    Unbelievable,
    authorization_url,
    check_id_token,
    code_of,
    read_metadata,
    secrets_of,
)
from tests.core.nouns import NOW

ISSUER = "https://idp.example"
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://idp.example/authorize",
    "token_endpoint": "https://idp.example/token",
    "jwks_uri": "https://idp.example/jwks",
}
REGISTERED = Registered("us", "https://here.example/back", "openid")
EXPECTED = Expected(ISSUER, "us", "the nonce", "token", NOW)
SECONDS = int(NOW.timestamp())
CLAIMS: dict[str, Any] = {
    "iss": ISSUER, "sub": "ann", "aud": "us", "exp": SECONDS + 1, "iat": SECONDS,
    "nonce": "the nonce", "at_hash": half_hash("token"),
}  # fmt: skip
STATES = st.text(max_size=20)
JSON = st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.lists(st.text())


@given(st.binary(min_size=32, max_size=32), STATES, STATES)
def test_what_follows_from_a_state_is_known_again_and_tells_nothing_of_another(
    secret: bytes, one: str, other: str
) -> None:
    first = secrets_of(secret, one)
    assert first == secrets_of(secret, one)
    assert 43 <= len(first.verifier) <= 128
    assert first.verifier != first.nonce
    assert (one == other) == (first == secrets_of(secret, other))
    assert first != secrets_of(secret + b"x", one)


@pytest.mark.parametrize("endpoint", ["https://idp.example/a", "https://idp.example/a?tenant=1"])
def test_the_way_there_says_all_that_is_needed_and_not_the_verifier(endpoint: str) -> None:
    metadata = read_metadata(DOCUMENT | {"authorization_endpoint": endpoint}, issuer=ISSUER)
    secrets = secrets_of(b"secret", "state")
    url = authorization_url(metadata, REGISTERED, state="state", secrets=secrets)
    said = dict(parse_qsl(urlsplit(url).query))
    digest = hashlib.sha256(secrets.verifier.encode()).digest()
    assert said["code_challenge"] == urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert (said["state"], said["nonce"]) == ("state", secrets.nonce)
    assert secrets.verifier not in url
    assert url.startswith(endpoint)


@given(st.sampled_from(sorted(DOCUMENT)), JSON)
def test_a_document_with_anything_else_in_an_essential_place_is_not_believed(
    name: str, value: Any
) -> None:
    with pytest.raises(Unbelievable):
        read_metadata(DOCUMENT | {name: value}, issuer=ISSUER)


@given(st.sampled_from(sorted(CLAIMS)), JSON)
def test_a_claim_of_another_value_or_type_is_not_believed(name: str, value: Any) -> None:
    claims = CLAIMS | {name: value}
    is_good = {
        "sub": isinstance(value, str) and 0 < len(value) < 256 and value.isprintable(),
        "exp": _is_number(value) and value + 60 > SECONDS,
        "iat": _is_number(value) and value - 60 <= SECONDS,
        "aud": value == ["us"],
    }.get(name, value == CLAIMS[name])
    if is_good:
        assert check_id_token(claims, EXPECTED) == claims["sub"]
    else:
        with pytest.raises(Unbelievable):
            check_id_token(claims, EXPECTED)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def test_a_good_token_is_believed_until_its_end_and_the_leeway() -> None:
    assert check_id_token(CLAIMS, EXPECTED) == "ann"
    for seconds, is_good in ((60, True), (61, False)):
        later = Expected(ISSUER, "us", "the nonce", "token", NOW + timedelta(seconds=seconds))
        if is_good:
            assert check_id_token(CLAIMS, later) == "ann"
        else:
            with pytest.raises(Unbelievable):
                check_id_token(CLAIMS, later)


@pytest.mark.parametrize(
    ("says_issuer", "query", "is_good"),
    [
        (False, {"code": "c"}, True),
        (False, {"code": "c", "iss": ISSUER}, True),
        (False, {"code": "c", "iss": "https://other.example"}, False),
        (True, {"code": "c"}, False),
        (True, {"code": "c", "iss": ISSUER}, True),
        (False, {"code": ""}, False),
        (False, {"code": "c", "error": "access_denied"}, False),
    ],
)
def test_a_code_counts_from_its_own_issuer_alone(
    says_issuer: bool, query: dict[str, str], is_good: bool
) -> None:
    said = {"authorization_response_iss_parameter_supported": says_issuer}
    metadata = read_metadata(DOCUMENT | said, issuer=ISSUER)
    if is_good:
        assert code_of(query, metadata) == "c"
    else:
        with pytest.raises(Unbelievable):
            code_of(query, metadata)
