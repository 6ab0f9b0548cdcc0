"""DPoP proofs (RFC 9449 §4.3): each check refuses what it is there for, and nothing else."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OctKey

from scopewright.core.errors import InvalidDpopProof, UseDpopNonce
from scopewright.guard.dpop import AGE, AHEAD, Proof, Purpose, check_proof
from scopewright.guard.nonces import LIFETIME, PERIOD, Nonces
from tests.clock import FrozenClock
from tests.proofs import ALGORITHMS, Claims, ProofKey

URL = "https://auth.example/w/1/token"
NOW = FrozenClock()()
TOKEN = "an.access.token"
NONCES = Nonces(b"n" * 32)


@cache
def key(algorithm: str = "ES256") -> ProofKey:
    return ProofKey(algorithm)


def claims(**changed: Any) -> Claims:
    return key().claims("POST", URL, at=NOW.timestamp(), **changed)


def check(*presented: str, now: datetime = NOW, **purpose: Any) -> Proof:
    return check_proof(presented, Purpose("POST", URL, **purpose), now=now)


def cause_of(*presented: str, **purpose: Any) -> str:
    """Why these are refused; the public sentence is the same for every proof."""
    with pytest.raises(InvalidDpopProof) as refused:
        check(*presented, **purpose)
    assert refused.value.detail in ("The DPoP proof is not valid here.", "Send one DPoP proof.")
    return refused.value.cause


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_good_proof_names_its_key(algorithm: str) -> None:
    signer = key(algorithm)
    proof = check(signer.proof("POST", URL, at=NOW.timestamp()))
    assert proof.jkt == signer.jkt
    assert proof.good_until == NOW + AGE


def test_there_is_one_proof_no_more_and_no_less() -> None:
    good = key().signed(claims())
    assert cause_of() == "0 proofs"
    assert cause_of(good, good) == "2 proofs"


@pytest.mark.parametrize("typ", [..., None, "JWT", "at+jwt", "DPOP+JWT", "application/dpop+jwt"])
def test_nothing_but_a_proof_is_taken_for_one(typ: Any) -> None:
    assert cause_of(headed(typ=typ)) == "typ"


def test_a_proof_is_signed_with_the_key_that_it_shows() -> None:
    other = ProofKey()
    assert cause_of(key().signed(claims(), jwk=other.jwk)) == "signature"
    head, body, signature = key().signed(claims()).split(".")
    assert cause_of(f"{head}.{body}.{signature[:-4]}AAAA") == "signature"
    longer = urlsafe_b64encode(json.dumps(claims(x=1)).encode()).rstrip(b"=").decode()
    assert cause_of(f"{head}.{longer}.{signature}") == "signature"


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_a_key_that_shows_its_private_half_is_no_key(algorithm: str) -> None:
    whole = key(algorithm).key.as_dict(private=True)
    assert cause_of(key(algorithm).signed(claims(), jwk=whole)) == "jwk"
    for member in ("d", "p", "k", "oth"):
        signed = key(algorithm).signed(claims(), jwk={**key(algorithm).jwk, member: "AQ"})
        assert cause_of(signed) == "jwk"


@pytest.mark.parametrize("jwk", [..., None, "key", [], {}, {"kty": "oct"}, {"kty": ["EC"]}])
def test_without_a_public_key_there_is_no_proof(jwk: Any) -> None:
    assert cause_of(headed(jwk=jwk)) == "jwk"


def test_a_shared_secret_proves_nothing() -> None:
    secret = OctKey.generate_key(256)
    said = {**key().header(), "alg": "HS256"}
    for jwk in (secret.as_dict(), key().jwk):
        head = _b64({**said, "jwk": jwk})
        assert cause_of(f"{head}.{_b64(claims())}.{'A' * 43}") == "alg"


@pytest.mark.parametrize("alg", ["none", "HS256", "ES384", "ES512", "RS1", "", None, ["ES256"]])
def test_no_other_algorithm_is_taken(alg: Any) -> None:
    head = _b64({**key().header(), "alg": alg})
    for signature in ("", key().signed(claims()).rpartition(".")[2]):
        assert cause_of(f"{head}.{_b64(claims())}.{signature}") == "alg"


def test_a_key_is_used_with_its_own_algorithm_alone() -> None:
    for alg, other in (("RS256", "ES256"), ("ES256", "RS256"), ("EdDSA", "ES256")):
        head, body, signature = key(other).signed(claims()).split(".")
        head = _b64({**key(other).header(), "alg": alg})
        assert cause_of(f"{head}.{body}.{signature}") in ("jwk", "alg of another key")
    restricted = {**key("RS256").jwk, "alg": "PS256"}
    said = cause_of(key("RS256").signed(claims(), jwk=restricted))
    assert said == "alg of another key"


def test_a_profile_may_take_fewer_algorithms() -> None:
    assert cause_of(key("RS256").signed(claims()), algorithms=["ES256"]) == "alg"
    assert check(key().signed(claims()), algorithms=["ES256"])


@pytest.mark.parametrize("member", ["jku", "x5u", "x5c", "crit", "b64", "zip"])
def test_a_header_that_names_another_key_is_refused(member: str) -> None:
    assert cause_of(headed(**{member: "https://evil.example/keys"})) == "header"


# --- what it is for ------------------------------------------------------------------------------


@pytest.mark.parametrize("htm", ["GET", "post", "POST ", "PUT", ...])
def test_a_proof_is_for_one_method(htm: Any) -> None:
    assert cause_of(key().signed(claims(htm=htm))) == "htm"


@pytest.mark.parametrize(
    "htu",
    [
        URL,
        f"{URL}?code=1",
        f"{URL}#part",
        "HTTPS://AUTH.EXAMPLE/w/1/token",
        "https://auth.example:443/w/1/token",
        "https://auth.example/%77/1/t%6Fken",
    ],
)
def test_spellings_of_the_same_url_are_the_same(htu: str) -> None:
    assert check(key().signed(claims(htu=htu)))


@pytest.mark.parametrize(
    "htu",
    [
        "http://auth.example/w/1/token",
        "https://auth.example:8443/w/1/token",
        "https://auth.example:80/w/1/token",
        "https://auth.example./w/1/token",
        "https://auth.example.evil.example/w/1/token",
        "https://auth.example@evil.example/w/1/token",
        "https://evil.example@auth.example/w/1/token",
        "https://auth.example/w/1/token/",
        "https://auth.example/w/1/TOKEN",
        "https://auth.example/w/1%2Ftoken",
        "https://auth.example/w/2/../1/token",
        "https://auth.example//w/1/token",
        "https://auth.example/w/1/to\nken",
        "https://auth.example/w/1/token\t",
        " https://auth.example/w/1/token",
        "https:\\\\auth.example/w/1/token",
        "https://auth.example:x/w/1/token",
        "https://[auth.example/w/1/token",
        "https:///w/1/token",
        "//auth.example/w/1/token",
        "/w/1/token",
        "ftp://auth.example/w/1/token",
        "https://auth.examplé/w/1/token",
        "",
        ...,
        1,
        None,
        [URL],
    ],
)
def test_another_url_is_another_url(htu: Any) -> None:
    assert cause_of(key().signed(claims(htu=htu))) == "htu"


@given(st.text())
def test_no_text_is_taken_for_our_url_by_accident(text: str) -> None:
    if text.partition("?")[0].partition("#")[0].lower() != URL:
        with pytest.raises(InvalidDpopProof):
            check(key().signed(claims(htu=text)))


def test_a_root_is_a_root_with_or_without_its_slash() -> None:
    purpose = Purpose("POST", "https://auth.example/")
    for htu in ("https://auth.example", "https://auth.example/", "https://auth.example?x"):
        assert check_proof([key().signed(claims(htu=htu))], purpose, now=NOW)


def test_a_proof_with_a_token_is_for_that_token() -> None:
    assert check(key().signed(claims(token=TOKEN)), access_token=TOKEN)
    for said in ({}, {"token": "another"}, {"ath": TOKEN}, {"ath": 1}, {"ath": "\udc80"}):
        assert cause_of(key().signed(claims(**said)), access_token=TOKEN) == "ath"


def test_at_the_token_endpoint_no_token_is_looked_for() -> None:
    assert check(key().signed(claims(token=TOKEN)))


# --- when ----------------------------------------------------------------------------------------


def test_a_proof_is_fresh_for_a_minute() -> None:
    proof = key().signed(claims())
    assert check(proof, now=NOW + AGE - timedelta(seconds=1))
    assert check(proof, now=NOW - AHEAD)
    for now in (NOW + AGE, NOW - AHEAD - timedelta(seconds=1), NOW - timedelta(days=9)):
        assert cause_of_at(proof, now) == "iat"


@pytest.mark.parametrize("iat", [..., None, "1", True, -1, 1e40, -1e400, [], {}])
def test_a_moment_is_a_number(iat: Any) -> None:
    assert cause_of(key().signed(claims(iat=iat))) in ("iat", "json")


def test_a_moment_may_have_a_fraction() -> None:
    assert check(key().signed(claims(iat=NOW.timestamp() - 0.5)))


@pytest.mark.parametrize("jti", [..., None, "", 1, "j" * 257])
def test_a_proof_has_a_name(jti: Any) -> None:
    assert cause_of(key().signed(claims(jti=jti))) == "jti"


def test_the_same_name_under_the_same_key_is_the_same_proof() -> None:
    one, two = (check(key().signed(claims(jti="a", x=x))) for x in (1, 2))
    other_key = check(ProofKey().signed(claims(jti="a")))
    assert one.hash == two.hash
    assert len({one.hash, other_key.hash, check(key().signed(claims(jti="b"))).hash}) == 3


# --- nonces --------------------------------------------------------------------------------------


def test_a_nonce_is_asked_for_where_it_is_required() -> None:
    for nonce in (..., "", "made-up", 1, None, Nonces(b"m" * 32).at(NOW)):
        with pytest.raises(UseDpopNonce):
            check(key().signed(claims(nonce=nonce)), nonces=NONCES, nonce_required=True)
    good = key().signed(claims(nonce=NONCES.at(NOW)))
    assert check(good, nonces=NONCES, nonce_required=True)


def test_a_nonce_that_nobody_asked_for_must_be_fresh_all_the_same() -> None:
    assert check(key().signed(claims()), nonces=NONCES)
    with pytest.raises(UseDpopNonce):
        check(key().signed(claims(nonce="made-up")), nonces=NONCES)


def test_a_fresh_nonce_counts_more_than_a_clock_that_is_wrong() -> None:
    late = key().signed(claims(nonce=NONCES.at(NOW), iat=int(NOW.timestamp()) - 7200))
    assert check(late, nonces=NONCES).good_until == NOW + LIFETIME


def test_whoever_hands_out_no_nonces_looks_at_none() -> None:
    assert check(key().signed(claims(nonce="somebody-elses")))


@given(st.integers(min_value=0, max_value=10**6))
def test_a_nonce_lives_for_one_period_at_least_and_two_at_most(seconds: int) -> None:
    handed_out = NOW + timedelta(seconds=seconds)
    nonce = NONCES.at(handed_out)
    assert NONCES.is_fresh(nonce, handed_out)
    assert NONCES.is_fresh(nonce, handed_out + PERIOD)
    assert not NONCES.is_fresh(nonce, handed_out + LIFETIME)
    assert not NONCES.is_fresh(nonce, handed_out - PERIOD - timedelta(seconds=1))


def cause_of_at(proof: str, now: datetime) -> str:
    with pytest.raises(InvalidDpopProof) as refused:
        check(proof, now=now)
    return refused.value.cause


def headed(**members: Any) -> str:
    """A proof whose header came later than its signature."""
    return f"{_b64(key().header(**members))}.{key().signed(claims()).partition('.')[2]}"


def _b64(value: Any) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
