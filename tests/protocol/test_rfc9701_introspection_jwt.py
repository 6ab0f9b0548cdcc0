"""RFC 9701: what is true of a token, signed for the one client that asked."""

from __future__ import annotations

from typing import Any

import pytest

from scopewright.core.model import ClientType
from scopewright.core.registration import ClientRegistration
from scopewright.guard.jws import KeySet, open_jws, unverified
from tests.protocol.issuer import Answer, Issuer, KnownClient, assert_refused, bearer

MEDIA_TYPE = "application/token-introspection+jwt"
WANTED = {"accept": MEDIA_TYPE}


@pytest.fixture
def machine(issuer: Issuer) -> KnownClient:
    return issuer.machine("sensor:read")


def ask(issuer: Issuer, asker: KnownClient, token: str, accept: str = MEDIA_TYPE) -> Answer:
    return issuer.post("introspect", {"token": token}, asker, headers={"accept": accept})


def opened(issuer: Issuer, answer: Answer) -> dict[str, Any]:
    """The claims of a signed answer, as a resource server checks them (§5)."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.headers["cache-control"] == "no-store"
    keys = KeySet.from_jwks(issuer.jwks())
    return dict(open_jws(answer.text, keys=keys, types=["token-introspection+jwt"])[1])


def test_the_answer_is_signed_for_who_asks(issuer: Issuer, machine: KnownClient) -> None:
    asker, token = issuer.server_app(), issuer.access_token(machine)
    claims = opened(issuer, ask(issuer, asker, token))
    assert claims.pop("token_introspection") == issuer.introspect(asker, token)
    assert claims == {
        "iss": issuer.issuer,
        "aud": asker.id,
        "iat": int(issuer.clock().timestamp()),
    }


def test_it_can_be_taken_for_no_other_token(issuer: Issuer, machine: KnownClient) -> None:
    token = issuer.access_token(machine)
    signed = ask(issuer, machine, token).text
    assert not {"sub", "exp", "scope"} & set(unverified(signed)[1])
    for url in (f"{issuer.issuer}/userinfo", f"{issuer.site.url}/api/whoami"):
        assert issuer.http.get(url, headers=bearer(signed)).status_code == 401
    assert not issuer.is_active(machine, signed)


@pytest.mark.parametrize("token", ["made-up", "swr_made-up", "swk_made-up"])
def test_what_is_not_active_is_told_signed_too(
    issuer: Issuer, machine: KnownClient, token: str
) -> None:
    claims = opened(issuer, ask(issuer, machine, token))
    assert claims["token_introspection"] == {"active": False}


def test_a_revoked_token_is_told_so_at_once(issuer: Issuer, machine: KnownClient) -> None:
    token = issuer.access_token(machine)
    issuer.revoke(machine, token)
    claims = opened(issuer, ask(issuer, machine, token))
    assert claims["token_introspection"] == {"active": False}


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_a_client_may_be_registered_for_signed_answers(issuer: Issuer, algorithm: str) -> None:
    registration = ClientRegistration(introspection_signed_response_alg=algorithm)
    asker = issuer.register(ClientType.CLIENT_CREDENTIALS, registration=registration)
    answer = ask(issuer, asker, issuer.access_token(asker), accept="*/*")
    assert unverified(answer.text)[0]["alg"] == algorithm
    assert opened(issuer, answer)["token_introspection"]["active"]


@pytest.mark.parametrize(
    "accept", ["application/json", "*/*", "application/*", "application/jwt", ""]
)
def test_who_does_not_ask_for_it_gets_plain_json(
    issuer: Issuer, machine: KnownClient, accept: str
) -> None:
    answer = ask(issuer, machine, issuer.access_token(machine), accept)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["active"]


def test_it_is_found_among_other_media_types(issuer: Issuer, machine: KnownClient) -> None:
    accept = f"application/json;q=0.1, {MEDIA_TYPE.upper()}"
    assert opened(issuer, ask(issuer, machine, issuer.access_token(machine), accept))


def test_an_api_key_is_no_audience_and_gets_plain_json(
    issuer: Issuer, machine: KnownClient
) -> None:
    key = issuer.api_key(issuer.person())
    form = {"token": issuer.access_token(machine)}
    answer = issuer.post("introspect", form, headers={**bearer(key), **WANTED})
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["active"]


def test_nothing_is_signed_for_strangers(
    issuer: Issuer, stranger: Issuer, machine: KnownClient
) -> None:
    token = issuer.access_token(machine)
    for asker in (KnownClient(machine.id, "sws_wrong"), stranger.machine(), issuer.phone_app()):
        assert_refused(ask(issuer, asker, token), 401, "invalid_client")


def test_discovery_names_the_algorithms(issuer: Issuer) -> None:
    url = f"{issuer.issuer}/.well-known/oauth-authorization-server"
    said = issuer.http.get(url).json()["introspection_signing_alg_values_supported"]
    assert sorted(said) == ["ES256", "RS256"]
