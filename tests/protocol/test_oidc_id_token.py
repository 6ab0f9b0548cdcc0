"""OpenID Connect Core §2, §3.1.3, §12.2: what an ID token says, read by a library of strangers."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError
from joserfc.jwk import KeySet

from scopewright.core.particulars import Particulars
from scopewright.core.registration import ClientRegistration
from tests.protocol.issuer import Issuer, KnownClient, assert_refused

ALWAYS = {"iss", "sub", "aud", "exp", "iat", "auth_time", "sid", "at_hash", "amr"}


def read(issuer: Issuer, token: str) -> jwt.Token:
    """The token, verified by joserfc against the published keys."""
    return jwt.decode(token, KeySet.import_key_set(issuer.jwks()), algorithms=["ES256", "RS256"])


def told(issuer: Issuer, tokens: dict[str, Any]) -> dict[str, Any]:
    """The claims of the ID token in an answer."""
    return dict(read(issuer, tokens["id_token"]).claims)


def at_hash(access_token: str) -> str:
    left = hashlib.sha256(access_token.encode("ascii")).digest()[:16]
    return base64.urlsafe_b64encode(left).rstrip(b"=").decode()


@pytest.fixture
def phone(issuer: Issuer) -> KnownClient:
    return issuer.phone_app()


@pytest.fixture
def person(issuer: Issuer) -> str:
    return issuer.person("a")


# --- with a code --------------------------------------------------------------------------------


def test_who_asks_for_openid_is_told_who_signed_in(
    issuer: Issuer, phone: KnownClient, person: str
) -> None:
    tokens = issuer.signed_in(phone, person, "openid a", nonce="n-0S6_WzA2Mj")
    now = int(issuer.clock().timestamp())
    access = read(issuer, tokens["access_token"]).claims
    assert told(issuer, tokens) == {
        "iss": issuer.issuer,
        "sub": person,
        "aud": phone.id,
        "iat": now,
        "exp": now + 3600,
        "auth_time": now,
        "nonce": "n-0S6_WzA2Mj",
        "sid": access["sid"],
        "amr": ["otp"],
        "at_hash": at_hash(tokens["access_token"]),
    }


@pytest.mark.parametrize("scope", [None, "a", "profile email a", "offline_access"])
def test_who_does_not_ask_for_openid_is_not(
    issuer: Issuer, phone: KnownClient, person: str, scope: str | None
) -> None:
    assert "id_token" not in issuer.signed_in(phone, person, scope)


def test_without_a_nonce_there_is_none(issuer: Issuer, phone: KnownClient, person: str) -> None:
    assert set(told(issuer, issuer.signed_in(phone, person, "openid"))) == ALWAYS


def test_the_time_is_that_of_signing_in_not_of_asking(
    issuer: Issuer, phone: KnownClient, person: str
) -> None:
    signed_in = int(issuer.clock().timestamp())
    code = issuer.code(phone, person, "openid")
    issuer.clock.advance(seconds=50)
    claims = told(issuer, issuer.redeem(phone, code).json())
    assert (claims["auth_time"], claims["iat"]) == (signed_in, signed_in + 50)


def test_each_client_is_told_apart_of_the_same_person(issuer: Issuer, person: str) -> None:
    clients = [issuer.phone_app(), issuer.server_app()]
    claims = [told(issuer, issuer.signed_in(each, person, "openid")) for each in clients]
    assert [each["aud"] for each in claims] == [client.id for client in clients]
    assert {each["sub"] for each in claims} == {person}
    assert len({each["sid"] for each in claims}) == 2


def test_a_context_class_is_told_to_who_asked_for_one(
    issuer: Issuer, phone: KnownClient, person: str
) -> None:
    approved = {"acr": "urn:scopewright:acr:letter"}
    tokens = issuer.signed_in(phone, person, "openid", approved=approved)
    assert told(issuer, tokens)["acr"] == "urn:scopewright:acr:letter"


# --- how it is signed ---------------------------------------------------------------------------


def test_it_is_signed_by_rs256_unless_the_client_registered_es256(
    issuer: Issuer, phone: KnownClient, person: str
) -> None:
    registration = ClientRegistration(id_token_signed_response_alg="ES256")
    for client, algorithm in (
        (phone, "RS256"),
        (issuer.phone_app(registration=registration), "ES256"),
    ):
        tokens = issuer.signed_in(client, person, "openid")
        header = read(issuer, tokens["id_token"]).header
        published = {key["kid"]: key["alg"] for key in issuer.jwks()["keys"]}
        assert header == {"alg": algorithm, "kid": header["kid"], "typ": "JWT"}
        assert published[header["kid"]] == algorithm
        assert told(issuer, tokens)["at_hash"] == at_hash(tokens["access_token"])


def test_it_verifies_with_no_other_issuers_keys(
    issuer: Issuer, stranger: Issuer, phone: KnownClient, person: str
) -> None:
    token = issuer.signed_in(phone, person, "openid")["id_token"]
    with pytest.raises((InvalidKeyIdError, BadSignatureError, ValueError)):
        read(stranger, token)


# --- claims about the person ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("openid profile", {"name", "preferred_username"}),
        ("openid email", {"email", "email_verified"}),
        ("openid address phone", set()),
    ],
)
def test_a_scope_brings_its_claims(
    issuer: Issuer, phone: KnownClient, person: str, scope: str, names: set[str]
) -> None:
    claims = told(issuer, issuer.signed_in(phone, person, scope))
    assert set(claims) - ALWAYS == names
    if "email" in names:
        assert (claims["email"], claims["email_verified"]) == ("ann@example.com", True)


def test_claims_are_asked_for_one_by_one_and_what_is_unknown_is_left_out(
    issuer: Issuer, phone: KnownClient, person: str
) -> None:
    claims = {
        "id_token": {"email": {"essential": True}, "birthdate": {}, "sub": {}, "iss": {}},
        "userinfo": {"name": {}},
    }
    tokens = issuer.signed_in(phone, person, "openid", particulars=Particulars(claims=claims))
    assert set(told(issuer, tokens)) - ALWAYS == {"email"}
    assert told(issuer, tokens)["iss"] == issuer.issuer
    refreshed = issuer.refresh(phone, tokens["refresh_token"]).json()
    assert set(told(issuer, refreshed)) - ALWAYS == {"email"}


# --- at a refresh -------------------------------------------------------------------------------


def test_a_refresh_tells_the_same_again_without_the_nonce(
    issuer: Issuer, phone: KnownClient, person: str
) -> None:
    tokens = issuer.signed_in(phone, person, "openid a", nonce="n")
    first = told(issuer, tokens)
    issuer.clock.advance(minutes=30)
    refreshed = issuer.refresh(phone, tokens["refresh_token"]).json()
    second = told(issuer, refreshed)
    for name in ("iss", "sub", "aud", "auth_time", "sid"):
        assert second[name] == first[name]
    assert second["iat"] == first["iat"] + 1800
    assert second["exp"] == first["exp"] + 1800
    assert second["at_hash"] == at_hash(refreshed["access_token"]) != first["at_hash"]
    assert "nonce" not in second


def test_a_refresh_for_less_than_openid_brings_none(
    issuer: Issuer, phone: KnownClient, person: str
) -> None:
    tokens = issuer.signed_in(phone, person, "openid a")
    refreshed = issuer.refresh(phone, tokens["refresh_token"], scope="a").json()
    assert refreshed["scope"] == "a"
    assert "id_token" not in refreshed


def test_a_refresh_cannot_ask_for_openid_afterwards(
    issuer: Issuer, phone: KnownClient, person: str
) -> None:
    tokens = issuer.signed_in(phone, person, "a")
    answer = issuer.refresh(phone, tokens["refresh_token"], scope="openid a")
    assert_refused(answer, 400, "invalid_scope")


# --- what it is not -----------------------------------------------------------------------------


def test_a_program_gets_none(issuer: Issuer) -> None:
    machine = issuer.machine("a")
    assert_refused(issuer.token(machine, scope="openid a"), 400, "invalid_scope")
    assert "id_token" not in issuer.token(machine).json()


def test_an_id_token_opens_nothing(issuer: Issuer, phone: KnownClient, person: str) -> None:
    token = issuer.signed_in(phone, person, "openid a")["id_token"]
    assert issuer.userinfo(token).status_code == 401
    assert issuer.scopes_page(token).status_code == 401
    assert issuer.introspect(issuer.machine(), token) == {"active": False}
    assert_refused(issuer.refresh(phone, token), 400, "invalid_grant")


def test_an_access_token_says_nothing_of_what_is_told_in_an_id_token(
    issuer: Issuer, phone: KnownClient, person: str
) -> None:
    tokens = issuer.signed_in(phone, person, "openid profile email a", nonce="n")
    claims = read(issuer, tokens["access_token"]).claims
    for name in ("at_hash", "nonce", "amr", "azp", "name", "email", "email_verified"):
        assert name not in claims
    assert claims["aud"] == issuer.id != told(issuer, tokens)["aud"]
