"""OpenID Connect Core §16: every attack that it names, with the tests that show it fail.

`SHOWN` is the whole list; of what it leaves to the parties' contracts or to TLS, `NOT_OURS` says
why. What no file of a specification shows is shown here.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from scopewright.guard import Guard, InvalidToken
from tests.people import Stage, answer_of, claims_of
from tests.protocol.attacks import Attacks, missing
from tests.protocol.issuer import Issuer, KnownClient, assert_refused

ANN = "ann@example.com"

SHOWN: Attacks = {
    "16.1 request disclosure": [
        (
            "protocol/test_rfc9126_par.py",
            "test_the_browser_brings_only_the_name_and_the_client_gets_its_token",
        ),
    ],
    "16.2 server masquerading": [
        (
            "protocol/test_attacks_oidc_core_16.py",
            "test_16_2_what_another_server_signs_is_no_token_of_this_one",
        ),
        ("guard/test_jwks.py", "test_an_issuer_that_could_be_impersonated_is_refused"),
    ],
    "16.3 token manufacture and modification": [
        (
            "protocol/test_attacks_oidc_core_16.py",
            "test_16_3_an_id_token_that_was_changed_verifies_nowhere",
        ),
        ("protocol/test_hostile_tokens.py", "test_none_is_active"),
        ("guard/test_verifier.py", "test_no_letter_of_a_token_can_be_changed"),
    ],
    "16.4 access token disclosure": [
        (
            "protocol/test_no_secret_leaks.py",
            "test_no_secret_is_logged_answered_in_an_error_or_remembered",
        ),
        ("protocol/test_oidc_userinfo.py", "test_a_token_in_the_address_is_not_looked_at"),
    ],
    "16.5 server response disclosure": [
        (
            "protocol/test_attacks_oidc_core_16.py",
            "test_16_5_nothing_that_is_somebodys_may_be_kept_by_a_cache",
        ),
    ],
    "16.8 access token redirect": [
        (
            "protocol/test_rfc8707_resource.py",
            "test_what_one_endpoint_has_accepted_does_not_pass_at_another",
        ),
        ("gateway/test_verify.py", "test_a_token_counts_for_its_own_audience_only"),
    ],
    "16.9 token reuse": [
        ("protocol/test_rfc6749_authorization_code.py", "test_a_code_works_once_and_for_a_minute"),
        (
            "protocol/test_attacks_oidc_core_16.py",
            "test_16_9_a_code_that_is_used_again_ends_what_it_began",
        ),
        (
            "protocol/test_rfc7523_private_key_jwt.py",
            "test_an_assertion_counts_once_at_whatever_endpoint",
        ),
    ],
    "16.10 eavesdropping or leaking authorization codes": [
        ("protocol/test_rfc7636_pkce.py", "test_only_the_verifier_of_the_challenge_gets_the_token"),
        (
            "protocol/test_attacks_oidc_core_16.py",
            "test_16_10_a_code_is_good_for_its_own_client_alone",
        ),
    ],
    "16.11 token substitution": [
        (
            "protocol/test_attacks_oidc_core_16.py",
            "test_16_11_an_id_token_and_an_access_token_never_pass_for_each_other",
        ),
        (
            "protocol/test_attacks_oidc_core_16.py",
            "test_16_11_an_access_token_beside_an_id_token_is_the_one_it_names",
        ),
        ("protocol/test_oidc_id_token.py", "test_each_client_is_told_apart_of_the_same_person"),
    ],
    "16.12 timing attack": [
        (
            "protocol/test_rfc6749_client_authentication.py",
            "test_unknown_client_and_wrong_secret_run_the_same_comparisons",
        ),
        (
            "core/test_client_authentication.py",
            "test_an_unknown_client_costs_the_same_comparisons_as_a_wrong_secret",
        ),
    ],
    "16.13 other crypto related attacks": [
        ("protocol/test_rfc9101_jar.py", "test_a_public_key_is_no_secret_to_sign_with"),
        ("guard/test_jws.py", "test_no_other_algorithm_is_believed"),
    ],
    "16.14 signing and encryption order": [
        ("protocol/test_rfc9101_jar.py", "test_an_encrypted_object_is_refused"),
    ],
    "16.15 issuer identifier": [
        ("protocol/test_rfc9207_issuer.py", "test_the_metadata_says_so"),
        ("protocol/test_rfc8414_metadata.py", "test_two_issuers_have_two_documents"),
        ("protocol/test_oidc_id_token.py", "test_it_verifies_with_no_other_issuers_keys"),
    ],
    "16.16 implicit flow threats": [
        ("protocol/test_attacks_rfc9700.py", "test_2_1_2_no_token_comes_by_the_browser"),
    ],
    "16.17 TLS requirements": [
        ("protocol/test_rfc8705_mtls.py", "test_serve_asks_for_the_certificate_itself"),
        ("outbound/test_fetcher.py", "test_a_certificate_of_another_name_is_refused"),
    ],
    "16.18 lifetimes of tokens": [
        (
            "protocol/test_rfc7662_introspection.py",
            "test_a_token_is_active_until_the_second_it_expires",
        ),
        ("protocol/test_rfc6749_refresh.py", "test_an_ended_session_is_not_continued"),
    ],
    "16.19 symmetric key entropy": [
        ("protocol/test_rfc7523_private_key_jwt.py", "test_client_secret_jwt_is_no_method_here"),
    ],
    "16.20 need for signed requests": [
        (
            "protocol/test_rfc9101_jar.py",
            "test_a_client_that_has_registered_it_sends_nothing_unsigned",
        ),
        ("protocol/test_rfc9101_jar.py", "test_nothing_outside_the_object_is_read"),
    ],
    "16.21 need for encrypted requests": [
        ("protocol/test_rfc9126_par.py", "test_only_a_hash_of_the_name_is_kept_and_no_secret"),
    ],
    "16.22 HTTP 307 redirects": [
        (
            "protocol/test_attacks_rfc9700.py",
            "test_4_12_what_somebody_typed_is_posted_nowhere_again",
        ),
    ],
    "16.23 custom URI schemes on iOS": [
        ("protocol/test_rfc8252_native_apps.py", "test_an_app_without_pkce_gets_nothing"),
        (
            "protocol/test_rfc8252_native_apps.py",
            "test_the_person_approves_each_time_for_the_app_cannot_be_told_from_another",
        ),
    ],
}
NOT_OURS = {
    "16.6 server response repudiation": "ID tokens are signed; who keeps them can show them.",
    "16.7 request repudiation": "A client that registered it sends signed requests only.",
}


def test_every_test_that_is_listed_exists() -> None:
    assert missing(SHOWN) == []


def test_every_section_stands_in_one_list() -> None:
    numbers = [section.partition(" ")[0] for section in [*SHOWN, *NOT_OURS]]
    assert sorted(numbers) == sorted(f"16.{number}" for number in range(1, 24))


@pytest.fixture
def phone(issuer: Issuer) -> KnownClient:
    return issuer.phone_app()


@pytest.fixture
def tokens(issuer: Issuer, phone: KnownClient) -> dict[str, Any]:
    return issuer.signed_in(phone, issuer.person("iotman:scopes:read"), "openid")


def changed(token: str, **said: Any) -> str:
    """The token with other claims under its old signature."""
    header, body, signature = token.split(".")
    claims = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4))) | said
    told = urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{header}.{told}.{signature}"


def test_16_2_what_another_server_signs_is_no_token_of_this_one(
    issuer: Issuer, stranger: Issuer
) -> None:
    machine = stranger.machine()
    token = stranger.access_token(machine)
    assert stranger.is_active(machine, token)
    assert not issuer.is_active(issuer.machine(), token)
    guard = Guard(issuer.issuer, issuer.id, clock=issuer.clock)
    guard.check(f"Bearer {issuer.access_token(issuer.machine())}")
    with pytest.raises(InvalidToken):
        guard.check(f"Bearer {token}")
    guard.close()


def test_16_3_an_id_token_that_was_changed_verifies_nowhere(
    issuer: Issuer, phone: KnownClient, tokens: dict[str, Any]
) -> None:
    keys = KeySet.import_key_set(issuer.jwks())  # type: ignore[arg-type]
    jwt.decode(tokens["id_token"], keys, algorithms=["RS256"])
    forged = changed(tokens["id_token"], sub="somebody-else")
    with pytest.raises(BadSignatureError):
        jwt.decode(forged, keys, algorithms=["RS256"])
    asked = {"client_id": phone.id, "id_token_hint": forged}
    page = issuer.http.get(f"{issuer.issuer}/end-session", params=asked)
    assert forged not in page.text


def test_16_5_nothing_that_is_somebodys_may_be_kept_by_a_cache(
    issuer: Issuer, phone: KnownClient, tokens: dict[str, Any]
) -> None:
    machine = issuer.machine()
    answers = [
        issuer.token(machine),
        issuer.refresh(phone, tokens["refresh_token"]),
        issuer.userinfo(tokens["access_token"]),
        issuer.post("introspect", {"token": tokens["access_token"]}, machine),
        issuer.http.get(f"{issuer.issuer}/end-session"),
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}


def test_16_9_a_code_that_is_used_again_ends_what_it_began(
    issuer: Issuer, phone: KnownClient
) -> None:
    machine = issuer.machine()
    code = issuer.code(phone, issuer.person("a"))
    first = issuer.redeem(phone, code).json()
    assert_refused(issuer.redeem(phone, code), 400, "invalid_grant")
    assert not issuer.is_active(machine, first["access_token"])
    assert_refused(issuer.refresh(phone, first["refresh_token"]), 400, "invalid_grant")


def test_16_10_a_code_is_good_for_its_own_client_alone(issuer: Issuer, phone: KnownClient) -> None:
    code = issuer.code(phone, issuer.person("a"))
    for other in (issuer.phone_app(), issuer.server_app()):
        assert_refused(issuer.redeem(other, code), 400, "invalid_grant")
    assert issuer.redeem(phone, code).status_code == 200


def test_16_11_an_id_token_and_an_access_token_never_pass_for_each_other(stage: Stage) -> None:
    stage.person(ANN, "sensor:read")
    client, browser = stage.client(), stage.signed_in(ANN)
    asked = stage.authorize_url(client, scope="openid sensor:read", nonce="n")
    code = answer_of(browser.submit(browser.get(asked)))["code"]
    given = stage.exchange(client, code).json()
    assert claims_of(given["id_token"])["nonce"] == "n"
    headers = {"authorization": f"Bearer {given['id_token']}"}
    assert browser.ask("GET", f"{stage.issuer}/userinfo", headers=headers).status_code == 401
    hint = stage.authorize_url(client, prompt="none", id_token_hint=given["access_token"])
    assert answer_of(browser.ask("GET", hint))["error"] == "invalid_request"


def test_16_11_an_access_token_beside_an_id_token_is_the_one_it_names(
    issuer: Issuer, phone: KnownClient, tokens: dict[str, Any]
) -> None:
    for answer in (tokens, issuer.refresh(phone, tokens["refresh_token"]).json()):
        said, other = claims_of(answer["id_token"]), claims_of(answer["access_token"])
        assert (said["aud"], said["sub"]) == (phone.id, other["sub"])
        assert said["at_hash"] == half_hash(answer["access_token"])


def half_hash(token: str) -> str:
    """`at_hash` of RS256 (OpenID Connect Core §3.1.3.6)."""
    digest = sha256(token.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
