"""Signed tokens that clients make: their algorithms, their keys, and what is never believed."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from scopewright.core.errors import InvalidToken
from scopewright.guard.jws import (
    CLIENT_ALGORITHMS,
    LARGEST_TOKEN,
    UNTYPED,
    KeySet,
    UnknownKey,
    open_jws,
    open_self_signed,
)
from tests.guard import hostile

joserfc_registry = jws.JWSRegistry(algorithms=[*CLIENT_ALGORITHMS, "HS256", "RS384"])
EC = ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))
RSA = RSAKey.import_key(rsa.generate_private_key(65537, 2048))
ED = OKPKey.import_key(ed25519.Ed25519PrivateKey.generate())
KEY_OF: dict[str, Any] = {"ES256": EC, "PS256": RSA, "RS256": RSA, "Ed25519": ED, "EdDSA": ED}
CLAIMS = {"iss": "client", "sub": "client", "jti": "1"}


def signed(alg: str, claims: Any = CLAIMS, key: Any = None, **header: Any) -> str:
    said = {"alg": alg, **header}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # EdDSA is an old name (RFC 9864), which many still use
        return jws.serialize_compact(
            said, json.dumps(claims), key or KEY_OF[alg], registry=joserfc_registry
        )


def jwk(key: Any, **members: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **members}


def key_set(*jwks: dict[str, Any], **more: Any) -> KeySet:
    options = {"algorithms": CLIENT_ALGORITHMS, "kid_required": False, **more}
    return KeySet.from_jwks({"keys": list(jwks)}, **options)


def opened(token: str, keys: KeySet, **more: Any) -> dict[str, object]:
    options: dict[str, Any] = {"types": UNTYPED, "algorithms": CLIENT_ALGORITHMS, **more}
    return open_jws(token, keys=keys, **options)[1]


def refused(token: str, keys: KeySet, **more: Any) -> str:
    with pytest.raises(InvalidToken) as error:
        opened(token, keys, **more)
    return error.value.cause


# --- algorithms ---------------------------------------------------------------------------------


@settings(deadline=None, max_examples=50)
@given(
    alg=st.sampled_from(CLIENT_ALGORITHMS),
    claims=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers()),
)
def test_what_joserfc_signs_is_read_here(alg: str, claims: dict[str, Any]) -> None:
    keys = key_set(jwk(KEY_OF[alg], kid="k"))
    assert opened(signed(alg, claims, kid="k"), keys) == claims


@pytest.mark.parametrize("alg", CLIENT_ALGORITHMS)
def test_every_part_of_it_is_signed(alg: str) -> None:
    keys, token = key_set(jwk(KEY_OF[alg], kid="k")), signed(alg, kid="k")
    head, body, signature = token.split(".")
    other_head, other_body, _ = signed(alg, {"iss": "other"}, kid="k", typ="JWT").split(".")
    assert refused(f"{other_head}.{body}.{signature}", keys) == "signature"
    assert refused(f"{head}.{other_body}.{signature}", keys) == "signature"
    assert refused(f"{head}.{body}.{hostile.b64(bytes(64))}", keys) == "signature"
    assert refused(f"{head}.{body}.", keys) == "signature"


def test_an_rsa_key_that_names_no_algorithm_verifies_both_and_one_that_does_only_its_own() -> None:
    either, pss = key_set(jwk(RSA, kid="k")), key_set(jwk(RSA, kid="k", alg="PS256"))
    assert opened(signed("RS256", kid="k"), either) == CLAIMS
    assert opened(signed("PS256", kid="k"), either) == opened(signed("PS256", kid="k"), pss)
    assert refused(signed("RS256", kid="k"), pss) == "alg of another key"


def test_an_algorithm_that_was_not_asked_for_is_refused() -> None:
    keys = key_set(jwk(RSA, kid="k"))
    assert refused(signed("RS256", kid="k"), keys, algorithms=("PS256",)) == "alg"
    assert refused(signed("RS384", key=RSA, kid="k"), keys) == "alg"


def test_a_signature_of_one_padding_is_none_of_the_other() -> None:
    head, body, _ = signed("PS256", kid="k").split(".")
    _, _, other = signed("RS256", kid="k").split(".")
    assert refused(f"{head}.{body}.{other}", key_set(jwk(RSA, kid="k"))) == "signature"


def test_an_issuers_own_set_stays_as_strict_as_it_was() -> None:
    keys = KeySet.from_jwks({"keys": [jwk(EC, kid="e"), jwk(ED, kid="o"), jwk(RSA, kid="r")]})
    assert len(keys) == 2
    for alg, kid in (("PS256", "r"), ("EdDSA", "o")):
        token = signed(alg, kid=kid, typ="at+jwt")
        with pytest.raises(InvalidToken):
            open_jws(token, keys=keys, types=("at+jwt",))


@pytest.mark.parametrize(
    "broken",
    [
        jwk(ED, crv="X25519"),
        jwk(ED, crv="Ed448"),
        jwk(ED, x="AAAA"),
        jwk(ED, alg="ES256"),
        jwk(RSA, alg="RS384"),
        jwk(EC, use="enc"),
        jwk(EC, kid=7),
    ],
)
def test_a_key_that_fits_nothing_is_passed_over(broken: dict[str, Any]) -> None:
    assert len(key_set(broken, jwk(EC, kid="e"))) == 1


# --- which key ----------------------------------------------------------------------------------


def test_a_token_without_kid_needs_a_single_key_that_fits() -> None:
    assert opened(signed("ES256"), key_set(jwk(EC))) == CLAIMS
    assert opened(signed("ES256"), key_set(jwk(EC, kid="e"), jwk(RSA, kid="r"))) == CLAIMS
    other = ECKey.generate_key("P-256")
    with pytest.raises(UnknownKey):
        opened(signed("ES256"), key_set(jwk(EC, kid="a"), jwk(other, kid="b")))
    with pytest.raises(UnknownKey):
        opened(signed("ES256"), key_set(jwk(RSA)))


def test_a_token_without_kid_is_refused_where_one_is_required() -> None:
    assert refused(signed("ES256"), key_set(jwk(EC, kid="e"), kid_required=True)) == "kid"
    with pytest.raises(ValueError, match="usable"):
        key_set(jwk(EC), kid_required=True)


def test_a_kid_that_names_no_key_is_unknown_even_where_one_key_would_fit() -> None:
    with pytest.raises(UnknownKey):
        opened(signed("ES256", kid="other"), key_set(jwk(EC)))


@pytest.mark.parametrize("kid", [None, 1, ["e"]])
def test_a_kid_that_is_no_text_is_refused(kid: Any) -> None:
    forge = hostile.Forge(EC.private_key, "e", CLAIMS, {})  # type: ignore[arg-type]
    assert refused(forge.headed(typ="JWT", kid=kid), key_set(jwk(EC))) == "kid"


# --- header and size ----------------------------------------------------------------------------


@pytest.mark.parametrize("member", ["jku", "x5u", "x5c", "jwk", "crit", "b64", "zip"])
def test_a_key_brought_along_or_a_changed_meaning_is_refused(member: str) -> None:
    forge = hostile.Forge(EC.private_key, "e", CLAIMS, {})  # type: ignore[arg-type]
    value = {"jwk": jwk(EC), "crit": ["exp"], "x5c": ["MIIB"], "b64": False}.get(member, "https:")
    token = forge.headed(typ="JWT", **{member: value})
    assert refused(token, key_set(jwk(EC, kid="e"))) == "header"


@pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "jwt", "", None, 1, ["JWT"], {}])
def test_another_type_is_refused(typ: Any) -> None:
    forge = hostile.Forge(EC.private_key, "e", CLAIMS, {})  # type: ignore[arg-type]
    assert refused(forge.headed(typ=typ), key_set(jwk(EC, kid="e"))) == "typ"


@pytest.mark.parametrize("alg", ["none", "", None, "HS256", "es256", ["ES256"], {}, True])
def test_no_other_algorithm_is_believed(alg: Any) -> None:
    forge = hostile.Forge(EC.private_key, "e", CLAIMS, {})  # type: ignore[arg-type]
    assert refused(forge.headed(typ="JWT", alg=alg), key_set(jwk(EC, kid="e"))) == "alg"


def test_what_is_too_large_is_not_even_read() -> None:
    keys, room = key_set(jwk(EC, kid="e")), LARGEST_TOKEN * 3 // 4 - 700
    assert opened(signed("ES256", {"pad": "x" * room}, kid="e"), keys)
    large = signed("ES256", {"pad": "x" * (room + 1000)}, kid="e")
    assert refused(large, keys) == "size or alphabet"


# --- tokens that bring their key ----------------------------------------------------------------


def self_signed(alg: str, **header: Any) -> str:
    return signed(alg, **{"typ": "dpop+jwt", "jwk": jwk(KEY_OF[alg]), **header})


def opened_alone(token: str, **more: Any) -> dict[str, object]:
    return open_self_signed(token, types=("dpop+jwt",), **more)[1]


@pytest.mark.parametrize("alg", CLIENT_ALGORITHMS)
def test_a_token_may_bring_its_key_where_the_key_says_who_it_is(alg: str) -> None:
    assert opened_alone(self_signed(alg)) == CLAIMS


def test_the_key_must_be_the_one_that_signed() -> None:
    with pytest.raises(InvalidToken) as error:
        opened_alone(self_signed("ES256", jwk=jwk(ECKey.generate_key("P-256"))))
    assert error.value.cause == "signature"


@pytest.mark.parametrize(
    "brought",
    [
        None,
        "key",
        {},
        EC.as_dict(private=True),
        RSA.as_dict(private=True),
        {"kty": "oct", "k": "c2VjcmV0"},
        jwk(EC, use="enc"),
        jwk(EC, crv="P-384"),
        jwk(ED),
    ],
)
def test_a_key_that_is_private_symmetric_or_not_fitting_is_refused(brought: Any) -> None:
    forge = hostile.Forge(EC.private_key, "e", CLAIMS, {})  # type: ignore[arg-type]
    with pytest.raises(InvalidToken) as error:
        opened_alone(forge.headed(typ="dpop+jwt", jwk=brought))
    assert error.value.cause in ("jwk", "alg of another key")


@pytest.mark.parametrize("member", ["jku", "x5u", "x5c", "crit"])
def test_everything_else_of_the_header_is_refused_there_too(member: str) -> None:
    forge = hostile.Forge(EC.private_key, "e", CLAIMS, {})  # type: ignore[arg-type]
    token = forge.headed(typ="dpop+jwt", jwk=jwk(EC), **{member: "https:"})
    with pytest.raises(InvalidToken) as error:
        opened_alone(token)
    assert error.value.cause == "header"
