"""OpenID Connect Core §5.3: what a token lets its bearer know of the person."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from scopewright.core.model import Metadata, TokenOverrides
from scopewright.core.particulars import Particulars
from scopewright.core.registration import ClientRegistration
from scopewright.store import metadata
from tests.protocol.issuer import Answer, Issuer, KnownClient, assert_refused, bearer

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def phone(issuer: Issuer) -> KnownClient:
    return issuer.phone_app()


@pytest.fixture
def person(issuer: Issuer) -> str:
    return issuer.person("a", "b")


def posted(issuer: Issuer, token: str, **headers: str) -> Answer:
    """The token in a form (RFC 6750 §2.2)."""
    url = f"{issuer.issuer}/userinfo"
    return issuer.http.post(url, data={"access_token": token}, headers=headers)


def test_any_persons_token_is_answered_whatever_its_scopes(
    issuer: Issuer, phone: KnownClient, person: str
) -> None:
    for scope, scopes in ((None, ["a", "b"]), ("a", ["a"]), ("openid", ["a", "b"])):
        tokens = issuer.signed_in(phone, person, scope)
        assert issuer.userinfo(tokens["access_token"]).json() == {
            "sub": person,
            "email": "ann@example.com",
            "workspace": issuer.id,
            "scopes": scopes,
            "metadata": {},
        }


@pytest.mark.parametrize(
    ("scope", "more"),
    [
        ("openid profile a", {"name": "ann@example.com", "preferred_username": "ann@example.com"}),
        ("openid email a", {"email_verified": True}),
        ("openid address phone a", {}),
    ],
)
def test_a_scope_brings_its_claims(
    issuer: Issuer, phone: KnownClient, person: str, scope: str, more: dict[str, Any]
) -> None:
    tokens = issuer.signed_in(phone, person, scope)
    facts = issuer.userinfo(tokens["access_token"]).json()
    ours = {"sub", "email", "workspace", "scopes", "metadata"}
    assert {name: value for name, value in facts.items() if name not in ours} == more


def test_claims_asked_for_at_userinfo_are_answered_there_alone(
    issuer: Issuer, phone: KnownClient, person: str
) -> None:
    claims = {"userinfo": {"name": {"essential": True}, "workspace": {}, "gender": {}}}
    particulars = Particulars(claims={**claims, "id_token": {"preferred_username": {}}})
    tokens = issuer.signed_in(phone, person, "openid a", particulars=particulars)
    facts = issuer.userinfo(tokens["access_token"]).json()
    assert set(facts) == {"sub", "email", "workspace", "scopes", "metadata", "name"}
    assert facts["workspace"] == issuer.id


def test_what_is_attached_to_the_person_is_told(
    issuer: Issuer, phone: KnownClient, person: str
) -> None:
    with issuer.database.write() as tx:
        metadata.put(tx, Metadata(person, "locale", {"language": "de"}, person, issuer.clock()))
    token = issuer.signed_in(phone, person)["access_token"]
    assert issuer.userinfo(token).json()["metadata"] == {"locale": {"language": "de"}}


def test_a_persons_api_key_is_answered_too(issuer: Issuer, person: str) -> None:
    assert issuer.userinfo(issuer.api_key(person)).json()["sub"] == person


def test_where_only_what_is_held_now_counts_the_claims_stay(issuer: Issuer, person: str) -> None:
    phone = issuer.phone_app(tokens=TokenOverrides(live_scopes=True))
    token = issuer.signed_in(phone, person, "openid profile a b")["access_token"]
    issuer.revoke_grant(person, "b")
    facts = issuer.userinfo(token).json()
    assert facts["scopes"] == ["a"]
    assert facts["name"] == "ann@example.com"


# --- how a token is presented -------------------------------------------------------------------


def test_a_token_is_taken_from_the_header_by_either_method_or_from_a_form(
    issuer: Issuer, phone: KnownClient, person: str
) -> None:
    token = issuer.signed_in(phone, person)["access_token"]
    url = f"{issuer.issuer}/userinfo"
    for answer in (
        issuer.http.get(url, headers=bearer(token)),
        issuer.http.post(url, headers=bearer(token)),
        issuer.http.post(url, headers=bearer(token), data={"x": "y"}),
        posted(issuer, token),
    ):
        assert answer.json()["sub"] == person
        assert answer.headers["cache-control"] == "no-store"


def test_a_token_in_the_address_is_not_looked_at(
    issuer: Issuer, phone: KnownClient, person: str
) -> None:
    token = issuer.signed_in(phone, person)["access_token"]
    answer = issuer.http.get(f"{issuer.issuer}/userinfo", params={"access_token": token})
    assert answer.status_code == 401


def test_two_tokens_at_once_are_refused(issuer: Issuer, phone: KnownClient, person: str) -> None:
    token = issuer.signed_in(phone, person)["access_token"]
    assert_refused(posted(issuer, token, **bearer(token)), 400, "invalid_request")
    twice = issuer.http.post(
        f"{issuer.issuer}/userinfo", content=f"access_token={token}&access_token=x", headers=FORM
    )
    assert_refused(twice, 400, "invalid_request")


# --- refusals (§5.3.3) --------------------------------------------------------------------------


def test_a_refusal_carries_a_challenge(issuer: Issuer, phone: KnownClient, person: str) -> None:
    anonymous = issuer.http.get(f"{issuer.issuer}/userinfo")
    assert anonymous.status_code == 401
    assert anonymous.headers["www-authenticate"].startswith("Bearer ")
    assert "error=" not in anonymous.headers["www-authenticate"]
    tokens = issuer.signed_in(phone, person)
    issuer.clock.advance(hours=1)
    expired = issuer.userinfo(tokens["access_token"])
    for answer in (expired, issuer.userinfo("nonsense"), posted(issuer, "nonsense")):
        assert_refused(answer, 401, "invalid_token")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_programs_and_strangers_are_told_nothing(issuer: Issuer, stranger: Issuer) -> None:
    program = issuer.userinfo(issuer.access_token(issuer.machine("a")))
    assert_refused(program, 403, "insufficient_scope")
    assert 'error="insufficient_scope"' in program.headers["www-authenticate"]
    foreign = stranger.signed_in(stranger.phone_app(), stranger.person("a"))["access_token"]
    assert_refused(issuer.userinfo(foreign), 401, "invalid_token")


def test_an_ended_session_and_a_removed_person_are_answered_no_more(
    issuer: Issuer, phone: KnownClient, person: str
) -> None:
    machine = issuer.machine()
    tokens = [issuer.signed_in(phone, person)["access_token"] for _ in range(2)]
    issuer.end_session(issuer.introspect(machine, tokens[0])["sid"])
    assert_refused(issuer.userinfo(tokens[0]), 401, "invalid_token")
    issuer.remove_person(person)
    assert_refused(issuer.userinfo(tokens[1]), 401, "invalid_token")


# --- signed (§5.3.2) ----------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_it_is_signed_for_a_client_that_registered_for_that(
    issuer: Issuer, person: str, algorithm: str
) -> None:
    registration = ClientRegistration(userinfo_signed_response_alg=algorithm)
    phone = issuer.phone_app(registration=registration)
    answer = issuer.userinfo(issuer.signed_in(phone, person, "openid email a")["access_token"])
    assert answer.headers["content-type"] == "application/jwt"
    assert answer.headers["cache-control"] == "no-store"
    keys = KeySet.import_key_set(issuer.jwks())
    signed = jwt.decode(answer.text, keys, algorithms=[algorithm])
    assert signed.claims == {
        "iss": issuer.issuer,
        "aud": phone.id,
        "sub": person,
        "email": "ann@example.com",
        "email_verified": True,
        "workspace": issuer.id,
        "scopes": ["a"],
        "metadata": {},
    }


def test_a_refusal_is_never_signed(issuer: Issuer) -> None:
    registration = ClientRegistration(userinfo_signed_response_alg="RS256")
    machine = issuer.machine("a", registration=registration)
    assert_refused(issuer.userinfo(issuer.access_token(machine)), 403, "insufficient_scope")


def test_signed_userinfo_opens_nothing(issuer: Issuer, person: str) -> None:
    registration = ClientRegistration(userinfo_signed_response_alg="RS256")
    phone = issuer.phone_app(registration=registration)
    signed = issuer.userinfo(issuer.signed_in(phone, person)["access_token"]).text
    assert_refused(issuer.userinfo(signed), 401, "invalid_token")
