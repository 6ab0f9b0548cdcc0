"""What an ID token says, whose claims are told to whom, and what counts as a hint."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.errors import InvalidToken
from scopewright.core.id_tokens import (
    CLAIMS,
    Hint,
    IdToken,
    half_hash,
    read_hint,
    told,
    userinfo_claims,
)
from scopewright.core.model import Identity
from scopewright.core.particulars import SessionTerms
from tests.core.nouns import NOW, a_principal, a_session

ADA = a_principal(identity=Identity("email", "ada@example.org"))
KNOWN = {
    "name": "Ada",
    "preferred_username": "ada@example.org",
    "email": "ada@example.org",
    "email_verified": True,
}
REGISTERED = frozenset({"iss", "sub", "aud", "exp", "iat", "auth_time", "sid", "at_hash"})
NAMES = st.sampled_from([*CLAIMS, "phone_number", "address", "scope", "workspace", ""])
ASKED = st.dictionaries(NAMES, st.just({}) | st.just({"essential": True}), max_size=4)
WORDS = st.frozensets(st.sampled_from(["openid", "profile", "email", "offline_access", "a"]))


def an_id_token(*scopes: str, terms: SessionTerms | None = None, **said: Any) -> IdToken:
    session = a_session(terms=terms or SessionTerms())
    token = IdToken(
        issuer="https://auth.example/w/1",
        client_id="client",
        person=ADA,
        session=session,
        scopes=frozenset({"openid", *scopes}),
        issued_at=NOW + timedelta(minutes=2),
        expires_at=NOW + timedelta(hours=1),
        access_token="jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
    )
    return replace(token, **said)


def test_an_id_token_says_who_signed_in_when_and_in_which_session() -> None:
    session = a_session()
    assert an_id_token().claims() == {
        "iss": "https://auth.example/w/1",
        "sub": "ada",
        "aud": "client",
        "iat": int(NOW.timestamp()) + 120,
        "exp": int(NOW.timestamp()) + 3600,
        "auth_time": int(session.authenticated_at.timestamp()),
        "sid": session.id,
        "amr": ("otp",),
        "at_hash": "77QmUPtjPfzWtF2AnpK9RQ",
    }


def test_the_hash_of_an_access_token_is_that_of_the_specifications_example() -> None:
    # OpenID Connect Core, appendix A.3.
    assert half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") == "77QmUPtjPfzWtF2AnpK9RQ"


def test_a_nonce_and_a_context_class_are_said_where_there_are_any() -> None:
    claims = an_id_token(nonce="n-1", terms=SessionTerms(acr="urn:letter")).claims()
    assert (claims["nonce"], claims["acr"]) == ("n-1", "urn:letter")
    assert {"nonce", "acr"}.isdisjoint(an_id_token().claims())


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("profile", {"name", "preferred_username"}),
        ("email", {"email", "email_verified"}),
        ("openid", set()),
        ("sensor:read", set()),
    ],
)
def test_a_scope_asks_for_its_claims_and_no_others(scope: str, names: set[str]) -> None:
    assert told(ADA, scopes=frozenset({scope}), asked={}) == {n: KNOWN[n] for n in names}


def test_each_place_of_the_claims_parameter_counts_there_alone() -> None:
    terms = SessionTerms(claims={"id_token": {"email": {}}, "userinfo": {"name": {}}})
    session = a_session(terms=terms)
    claims = an_id_token(terms=terms).claims()
    assert claims["email"] == "ada@example.org"
    assert "name" not in claims
    answered = userinfo_claims(ADA, scopes=frozenset(), session=session)
    assert answered == {"sub": "ada", "name": "Ada"}


def test_without_a_session_only_scopes_ask() -> None:
    answered = userinfo_claims(ADA, scopes=frozenset({"email"}), session=None)
    assert answered == {"sub": "ada", "email": "ada@example.org", "email_verified": True}


def test_an_address_that_nobody_has_proven_is_none() -> None:
    elsewhere = replace(ADA, identity=Identity("corporate", "u-17"))
    claims = an_id_token("profile", "email", person=elsewhere).claims()
    assert claims["preferred_username"] == "u-17"
    assert {"email", "email_verified", "amr"}.isdisjoint(claims)


def test_of_who_has_no_identity_nothing_is_told() -> None:
    nobody = replace(ADA, identity=None)
    assert told(nobody, scopes=frozenset({"profile", "email"}), asked={"name": {}}) == {}


@given(WORDS, ASKED, st.none() | st.text(max_size=5))
def test_whatever_is_asked_for_the_token_stays_what_it_is(
    scopes: frozenset[str], asked: dict[str, Any], nonce: str | None
) -> None:
    terms = SessionTerms(claims={"id_token": asked})
    plain = an_id_token().claims()
    claims = an_id_token(*scopes, terms=terms, nonce=nonce).claims()
    assert {name: claims[name] for name in REGISTERED} == {name: plain[name] for name in REGISTERED}
    assert claims.get("nonce") == nonce
    assert set(claims) <= set(CLAIMS)


@given(WORDS, WORDS, ASKED)
def test_more_that_is_asked_for_never_tells_less(
    some: frozenset[str], more: frozenset[str], asked: dict[str, Any]
) -> None:
    less = told(ADA, scopes=some, asked={})
    assert less.items() <= told(ADA, scopes=some | more, asked=asked).items()
    assert told(ADA, scopes=some, asked=asked).items() <= KNOWN.items()


# --- as a hint ----------------------------------------------------------------------------------

HERE = "https://auth.example/w/1"


def test_a_hint_names_the_client_the_person_and_the_session() -> None:
    claims = an_id_token().claims()
    assert read_hint(claims, issuer=HERE) == Hint("client", "ada", a_session().id)


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://auth.example/w/2"},
        {"aud": ["client"]},
        {"aud": None},
        {"sub": 7},
        {"sid": None},
    ],
)
def test_what_is_no_id_token_of_this_issuer_is_no_hint(changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        read_hint({**an_id_token().claims(), **changed}, issuer=HERE)


def test_signed_userinfo_is_no_hint() -> None:
    facts = userinfo_claims(ADA, scopes=frozenset({"email"}), session=a_session())
    with pytest.raises(InvalidToken):
        read_hint({**facts, "iss": HERE, "aud": "client"}, issuer=HERE)
