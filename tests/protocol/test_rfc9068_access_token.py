"""RFC 9068: what an access token is, as a stranger's library reads it."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet

from scopewright.core.model import TokenOverrides
from tests.protocol.issuer import Issuer, KnownClient, Site


def read(issuer: Issuer, token: str) -> jwt.Token:
    """The token, verified by joserfc against the published keys."""
    return jwt.decode(token, KeySet.import_key_set(issuer.jwks()), algorithms=["ES256", "RS256"])


def test_a_programs_token_says_all_that_it_must_and_no_more(issuer: Issuer) -> None:
    machine = issuer.machine("b", "a", "iotman:scopes:read")
    token = read(issuer, issuer.access_token(machine))
    now = int(issuer.clock().timestamp())
    claims = dict(token.claims)
    assert claims.pop("jti").startswith("tok_")
    assert claims == {
        "iss": issuer.issuer,
        "sub": machine.id,
        "aud": issuer.id,
        "client_id": machine.id,
        "scope": "a b iotman:scopes:read",
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
    }


def test_the_header_names_type_algorithm_and_key_alone(issuer: Issuer) -> None:
    header = read(issuer, issuer.access_token(issuer.machine())).header
    assert set(header) == {"typ", "alg", "kid"}
    assert (header["typ"], header["alg"]) == ("at+jwt", "ES256")
    assert header["kid"] in {key["kid"] for key in issuer.jwks()["keys"]}


def test_a_persons_token_says_who_signed_in_and_when_in_which_session(issuer: Issuer) -> None:
    phone, person = issuer.phone_app(), issuer.person("a", email="bob@example.com")
    tokens = issuer.signed_in(phone, person)
    signed_in = int(issuer.clock().timestamp())
    issuer.clock.advance(hours=5)
    refreshed = issuer.refresh(phone, tokens["refresh_token"]).json()
    claims = read(issuer, refreshed["access_token"]).claims
    assert (claims["sub"], claims["user"], claims["client_id"]) == (
        person, "bob@example.com", phone.id,
    )  # fmt: skip
    assert claims["auth_time"] == signed_in
    assert claims["iat"] == signed_in + 5 * 3600
    assert claims["sid"] == read(issuer, tokens["access_token"]).claims["sid"]


def test_each_token_has_an_id_of_its_own(issuer: Issuer) -> None:
    machine = issuer.machine()
    tokens = [read(issuer, issuer.access_token(machine)).claims["jti"] for _ in range(5)]
    assert len(set(tokens)) == 5


def test_the_scope_of_the_answer_is_the_tokens(issuer: Issuer) -> None:
    phone = issuer.phone_app()
    tokens = issuer.signed_in(phone, issuer.person("b", "a"), "b openid a c")
    claims = read(issuer, tokens["access_token"]).claims
    assert tokens["scope"] == claims["scope"] == "a b openid"


def test_a_token_without_scopes_has_an_empty_scope(issuer: Issuer) -> None:
    assert read(issuer, issuer.access_token(issuer.machine())).claims["scope"] == ""


@pytest.mark.parametrize("level", ["workspace", "client"])
def test_rs256_can_be_chosen_by_workspace_and_by_client(site: Site, level: str) -> None:
    chosen: dict[str, Any] = {"tokens": TokenOverrides(signing_algorithm="RS256")}
    issuer = Issuer.new(site, **(chosen if level == "workspace" else {}))
    client = issuer.machine(**(chosen if level == "client" else {}))
    token = issuer.access_token(client)
    assert read(issuer, token).header["alg"] == "RS256"
    assert issuer.is_active(client, token)
    other = issuer.machine()
    expected = "RS256" if level == "workspace" else "ES256"
    assert read(issuer, issuer.access_token(other)).header["alg"] == expected


def test_a_client_may_go_back_to_es256_in_an_rs256_workspace(site: Site) -> None:
    issuer = Issuer.new(site, tokens=TokenOverrides(signing_algorithm="RS256"))
    client = issuer.machine(tokens=TokenOverrides(signing_algorithm="ES256"))
    assert read(issuer, issuer.access_token(client)).header["alg"] == "ES256"


def test_every_issuer_has_its_own_keys(issuer: Issuer, stranger: Issuer) -> None:
    def kids(of: Issuer) -> set[str]:
        return {key["kid"] for key in of.jwks()["keys"]}

    assert kids(issuer).isdisjoint(kids(stranger))
    token = issuer.access_token(issuer.machine())
    with pytest.raises(InvalidKeyIdError):
        jwt.decode(token, KeySet.import_key_set(stranger.jwks()), algorithms=["ES256"])


def test_the_published_keys_are_public_halves_for_signatures(issuer: Issuer) -> None:
    answer = issuer.http.get(f"{issuer.issuer}/jwks")
    assert answer.headers["cache-control"] == "public, max-age=300"
    keys = answer.json()["keys"]
    assert sorted(key["alg"] for key in keys) == ["ES256", "RS256"]
    for key in keys:
        members = {"EC": {"crv", "x", "y"}, "RSA": {"n", "e"}}[key["kty"]]
        assert set(key) == {"kty", "kid", "use", "alg"} | members
        assert key["use"] == "sig"


def test_tokens_of_a_client_whose_name_is_no_ascii_verify_too(issuer: Issuer) -> None:
    phone = issuer.phone_app(name="Sími ✓")
    tokens = issuer.signed_in(phone, issuer.person("a", email="jörð@example.com"))
    assert read(issuer, tokens["access_token"]).claims["user"] == "jörð@example.com"
    assert issuer.userinfo(tokens["access_token"]).json()["email"] == "jörð@example.com"


def test_a_token_is_as_long_as_headers_can_carry(issuer: Issuer) -> None:
    held = [f"resource-{number:03}:some-rather-long-action-name" for number in range(150)]
    client: KnownClient = issuer.machine(*held)
    token = issuer.access_token(client)
    assert read(issuer, token).claims["scope"].split(" ") == held
    assert issuer.scopes_page(token).status_code == 403
    assert issuer.is_active(client, token)
