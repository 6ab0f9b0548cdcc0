"""OpenID Connect Discovery §3 and the logout specifications: what is said of them is true."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from scopewright.core.particulars import Particulars
from scopewright.core.registration import ClientRegistration
from tests.protocol.issuer import Issuer


@pytest.fixture
def document(issuer: Issuer) -> dict[str, Any]:
    url = f"{issuer.issuer}/.well-known/openid-configuration"
    return dict(issuer.http.get(url).json())


def told(issuer: Issuer, tokens: dict[str, Any], algorithm: str) -> dict[str, Any]:
    keys = KeySet.import_key_set(issuer.jwks())
    return dict(jwt.decode(tokens["id_token"], keys, algorithms=[algorithm]).claims)


def test_what_discovery_requires_is_there(document: dict[str, Any]) -> None:
    assert {
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
    } <= set(document)
    assert "openid" in document["scopes_supported"]


@pytest.mark.parametrize("scope", ["openid", "profile", "email", "offline_access"])
def test_each_protocol_word_that_is_listed_is_answered_back(
    issuer: Issuer, document: dict[str, Any], scope: str
) -> None:
    assert scope in document["scopes_supported"]
    tokens = issuer.signed_in(issuer.phone_app(), issuer.person("a"), scope)
    assert scope in tokens["scope"].split()


@pytest.mark.parametrize("scope", ["address", "phone"])
def test_a_protocol_word_that_brings_nothing_is_not_listed(
    document: dict[str, Any], scope: str
) -> None:
    assert scope not in document["scopes_supported"]


def test_id_tokens_are_signed_by_each_advertised_algorithm(
    issuer: Issuer, document: dict[str, Any]
) -> None:
    algorithms, person = document["id_token_signing_alg_values_supported"], issuer.person("a")
    assert "RS256" in algorithms  # OpenID Connect Core §15.1
    assert "none" not in algorithms
    for algorithm in algorithms:
        registration = ClientRegistration(id_token_signed_response_alg=algorithm)
        phone = issuer.phone_app(registration=registration)
        assert told(issuer, issuer.signed_in(phone, person, "openid"), algorithm)["sub"] == person


def test_userinfo_is_signed_by_each_advertised_algorithm(
    issuer: Issuer, document: dict[str, Any]
) -> None:
    person = issuer.person("a")
    for algorithm in document["userinfo_signing_alg_values_supported"]:
        registration = ClientRegistration(userinfo_signed_response_alg=algorithm)
        phone = issuer.phone_app(registration=registration)
        answer = issuer.userinfo(issuer.signed_in(phone, person)["access_token"])
        keys = KeySet.import_key_set(issuer.jwks())
        assert jwt.decode(answer.text, keys, algorithms=[algorithm]).claims["sub"] == person


def test_every_advertised_claim_is_told_and_every_told_one_advertised(
    issuer: Issuer, document: dict[str, Any]
) -> None:
    registration = ClientRegistration(userinfo_signed_response_alg="RS256")
    phone = issuer.phone_app(registration=registration)
    asked = {name: {} for name in document["claims_supported"]}
    tokens = issuer.signed_in(
        phone,
        issuer.person("a"),
        "openid",
        nonce="n",
        particulars=Particulars(claims={"id_token": asked, "userinfo": asked}),
        approved={"acr": "urn:scopewright:acr:letter"},
    )
    assert set(told(issuer, tokens, "RS256")) == set(document["claims_supported"])
    signed = issuer.userinfo(tokens["access_token"]).text
    facts = jwt.decode(signed, KeySet.import_key_set(issuer.jwks()), algorithms=["RS256"]).claims
    ours = {"workspace", "scopes", "metadata"}
    assert set(facts) - ours <= set(document["claims_supported"])


def test_the_userinfo_endpoint_is_where_it_is_said_to_be(
    issuer: Issuer, document: dict[str, Any]
) -> None:
    assert document["userinfo_endpoint"] == f"{issuer.issuer}/userinfo"
    assert issuer.http.get(document["userinfo_endpoint"]).status_code == 401


def test_people_can_be_sent_to_the_end_session_endpoint(
    issuer: Issuer, document: dict[str, Any]
) -> None:
    page = issuer.http.get(document["end_session_endpoint"])
    assert page.status_code == 200
    assert "signed out" in page.text
    assert page.headers["content-type"].startswith("text/html")


def test_logout_in_the_background_is_offered_with_sessions(document: dict[str, Any]) -> None:
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True


def test_no_logout_by_frames_is_offered(document: dict[str, Any]) -> None:
    assert "frontchannel_logout_supported" not in document
    assert "check_session_iframe" not in document
