"""The verifier alone: what it accepts, and that it refuses every hostile token."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from scopewright.core.errors import InvalidToken
from scopewright.guard.fake_issuer import public_jwk, sign
from scopewright.guard.jws import LARGEST_TOKEN, KeySet, UnknownKey
from scopewright.guard.verifier import EXPIRED, TOO_OLD, verify
from tests.guard import hostile

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
ISSUER = "https://auth.example/w/0192f0c1-7e57-7000-8000-000000000001"
AUDIENCE = "0192f0c1-7e57-7000-8000-000000000001"
CLAIMS = {
    "iss": ISSUER,
    "sub": "device-1",
    "aud": AUDIENCE,
    "client_id": "device-1",
    "scope": "sensor:read sensor:write",
    "iat": SECONDS,
    "exp": SECONDS + 300,
    "jti": "token-1",
}
KEY = ec.generate_private_key(ec.SECP256R1())
FORGE = hostile.Forge(KEY, "k1", CLAIMS, public_jwk("k1", KEY))
KEYS = KeySet.from_jwks({"keys": [FORGE.jwk]})
HOSTILE = dict(hostile.tokens(FORGE))
RSA_PRIVATE = rsa.generate_private_key(65537, 2048)


def check(token: str, **changes: Any) -> Any:
    known: dict[str, Any] = {"keys": KEYS, "issuer": ISSUER, "audience": AUDIENCE, "now": NOW}
    return verify(token, **{**known, **changes})


def rsa_jwk(**changes: Any) -> dict[str, Any]:
    public = dict(RSAKey.import_key(RSA_PRIVATE).as_dict(private=False))
    return {**public, "kid": "r1", "alg": "RS256", "use": "sig", **changes}


def test_a_good_token_says_who_and_with_which_scopes() -> None:
    claims = check(FORGE.good(sid="session-1"))
    assert claims.subject == claims.client_id == "device-1"
    assert claims.scopes == {"sensor:read", "sensor:write"}
    assert claims.audience == (AUDIENCE,)
    assert (claims.token_id, claims.session_id) == ("token-1", "session-1")
    assert claims.expires_at - claims.issued_at == timedelta(minutes=5)
    assert claims.values["iss"] == ISSUER


def test_a_token_for_several_audiences_is_good_at_each() -> None:
    assert check(FORGE.good(aud=["https://other.example", AUDIENCE])).subject == "device-1"


def test_a_token_without_scopes_is_good_and_holds_none() -> None:
    assert check(FORGE.good(scope="")).scopes == check(FORGE.good(scope=...)).scopes == frozenset()


def test_the_long_spelling_of_the_type_is_accepted() -> None:
    assert check(FORGE.headed(typ="application/at+jwt")).subject == "device-1"


def test_the_corpus_is_large_and_its_names_are_unique() -> None:
    assert len(HOSTILE) == len(list(hostile.tokens(FORGE))) > 200


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_token_is_refused(name: str) -> None:
    with pytest.raises(InvalidToken) as refused:
        check(HOSTILE[name], leeway=timedelta(seconds=5))
    assert refused.value.cause
    is_old = refused.value.cause == EXPIRED  # the one thing that whoever has a token is told
    assert refused.value.detail == (TOO_OLD if is_old else "The access token is not valid here.")


def test_only_a_token_that_all_else_speaks_for_is_said_to_have_expired() -> None:
    old = {"exp": SECONDS - 3600, "iat": SECONDS - 7200}
    body = FORGE.good(**old).rpartition(".")[0]
    causes = {}
    for name, token in {
        "old": FORGE.good(**old),
        "forged": f"{body}.{FORGE.good().rpartition('.')[2]}",
        "elsewhere": FORGE.good(**old, aud="https://other.example"),
        "anothers": FORGE.good(**old, iss="https://other.example"),
    }.items():
        with pytest.raises(InvalidToken) as refused:
            check(token)
        causes[name] = refused.value.detail == TOO_OLD
    assert causes == {"old": True, "forged": False, "elsewhere": False, "anothers": False}


def test_a_token_is_good_until_the_second_it_expires() -> None:
    token = FORGE.good()
    assert check(token, now=NOW + timedelta(seconds=299))
    with pytest.raises(InvalidToken):
        check(token, now=NOW + timedelta(seconds=300))


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_an_issuer_whose_clock_runs_ahead_is_forgiven_within_the_leeway(claim: str) -> None:
    token = FORGE.good(**{claim: SECONDS + 5})
    assert check(token, leeway=timedelta(seconds=5))
    with pytest.raises(InvalidToken):
        check(token, leeway=timedelta(seconds=4))


def test_the_leeway_never_prolongs_a_token() -> None:
    with pytest.raises(InvalidToken):
        check(FORGE.good(), now=NOW + timedelta(seconds=300), leeway=timedelta(minutes=1))


def test_an_unknown_key_is_told_apart_so_that_keys_can_be_fetched_again() -> None:
    with pytest.raises(UnknownKey):
        check(FORGE.headed(kid="k2"))


def test_the_largest_token_is_read_and_a_larger_one_is_not() -> None:
    padding = "x" * (LARGEST_TOKEN * 3 // 4 - 700)
    assert check(FORGE.good(pad=padding))
    with pytest.raises(InvalidToken) as refused:
        check(FORGE.good(pad=padding + "x" * 1000))
    assert refused.value.cause == "size or alphabet"


@pytest.mark.parametrize(
    "key",
    [
        {**FORGE.jwk, "use": "enc"},
        {**FORGE.jwk, "alg": "ES384"},
        {**FORGE.jwk, "alg": "none"},
        {**FORGE.jwk, "key_ops": ["sign"]},
        {**FORGE.jwk, "key_ops": "verify"},
        {**FORGE.jwk, "crv": "P-384"},
        {**FORGE.jwk, "x": FORGE.jwk["y"]},
        {**FORGE.jwk, "x": "not base64url!"},
        {**FORGE.jwk, "x": 7},
        {name: value for name, value in FORGE.jwk.items() if name != "kid"},
        {"kty": "oct", "kid": "k1", "k": "c2VjcmV0", "alg": "HS256"},
        {"kty": "OKP", "kid": "k1", "crv": "Ed25519", "x": FORGE.jwk["x"]},
        {"kty": ["EC"], "kid": "k1"},
        rsa_jwk(alg="RS512"),
        rsa_jwk(alg="HS256"),
        rsa_jwk(n=hostile.b64(b"\xff" * 128)),
        rsa_jwk(n=hostile.b64(b"\xff" * 2048)),
        rsa_jwk(e=hostile.b64(b"\xff" * 64)),
        rsa_jwk(e="AQ"),
        "k1",
        None,
    ],
)
def test_a_key_that_cannot_verify_our_tokens_is_passed_over(key: Any) -> None:
    other = public_jwk("other", KEY)
    assert len(KeySet.from_jwks({"keys": [key, other]})) == 1


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "keys",
        {},
        {"keys": {}},
        {"keys": []},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "k1"}]},
        {"keys": [FORGE.jwk, FORGE.jwk]},
        {"keys": [FORGE.jwk] * 101},
    ],
)
def test_what_is_no_usable_key_set_is_refused_as_a_whole(document: Any) -> None:
    with pytest.raises(ValueError, match=r"set|kid"):
        KeySet.from_jwks(document)


def test_a_key_is_used_with_its_own_algorithm_only() -> None:
    keys = KeySet.from_jwks({"keys": [FORGE.jwk, rsa_jwk()]})
    header = {"typ": "at+jwt", "alg": "RS256", "kid": "r1"}
    token = jws.serialize_compact(
        header, json.dumps(CLAIMS), RSAKey.import_key(RSA_PRIVATE), algorithms=["RS256"]
    )
    assert check(token, keys=keys).subject == "device-1"
    with pytest.raises(InvalidToken):
        check(FORGE.headed(kid="r1"), keys=keys)


names = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=40)
some_claims = st.fixed_dictionaries(
    {"sub": names, "client_id": names, "jti": names},
    optional={"sid": names, "extra": st.recursive(st.none() | names, st.lists, max_leaves=5)},
)
pairs = {
    "ES256": (ECKey.import_key(KEY), KEYS),
    "RS256": (RSAKey.import_key(RSA_PRIVATE), KeySet.from_jwks({"keys": [rsa_jwk(kid="k1")]})),
}


@settings(deadline=None, max_examples=60)
@given(changes=some_claims, algorithm=st.sampled_from(sorted(pairs)))
def test_what_joserfc_signs_is_read_here(changes: dict[str, Any], algorithm: str) -> None:
    key, keys = pairs[algorithm]
    header = {"typ": "at+jwt", "alg": algorithm, "kid": "k1"}
    said = {**CLAIMS, **changes}
    token = jws.serialize_compact(header, json.dumps(said), key, algorithms=[algorithm])
    claims = check(token, keys=keys)
    assert claims.values == said
    assert (claims.subject, claims.token_id) == (said["sub"], said["jti"])


@settings(deadline=None, max_examples=60)
@given(changes=some_claims)
def test_what_is_signed_here_is_read_by_joserfc(changes: dict[str, Any]) -> None:
    said = {**CLAIMS, **changes}
    token = sign(said, FORGE.header, KEY)
    read = jws.deserialize_compact(token, ECKey.import_key(FORGE.jwk), algorithms=["ES256"])
    assert json.loads(read.payload) == said
    assert check(token).values == said


@settings(deadline=None, max_examples=200)
@given(at=st.integers(min_value=0), letter=st.sampled_from(hostile.ALPHABET + "=. \n+/"))
def test_no_letter_of_a_token_can_be_changed(at: int, letter: str) -> None:
    good = FORGE.good()
    at %= len(good)
    changed = good[:at] + letter + good[at + 1 :]
    if changed != good:
        with pytest.raises(InvalidToken):
            check(changed)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: f"{hostile.b64(b)}.e30.e30"))
def test_no_text_at_all_brings_down_the_verifier(text: str) -> None:
    with pytest.raises(InvalidToken):
        check(text)
