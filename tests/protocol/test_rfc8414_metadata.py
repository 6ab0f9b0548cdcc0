"""RFC 8414 and OpenID Connect Discovery: one document, and everything in it is true.

What each switch of a workspace changes in it is tried in `test_discovery_says_what_is.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from scopewright.core.model import ClientType, ScopeDefault
from scopewright.core.oauth import DEVICE_CODE, JWT_BEARER, TOKEN_EXCHANGE
from scopewright.core.registration import ClientRegistration
from scopewright.core.token_exchange import ACCESS_TOKEN
from scopewright.core.trusted_issuers import Rule
from tests.client_keys import ClientKey
from tests.outside import Outside
from tests.protocol.issuer import (
    REDIRECT_URI,
    VERIFIER,
    Issuer,
    KnownClient,
    bearer,
    challenge_of,
)


def addresses(issuer: Issuer) -> list[str]:
    return [
        f"{issuer.issuer}/.well-known/openid-configuration",
        f"{issuer.issuer}/.well-known/oauth-authorization-server",
        f"{issuer.site.url}/.well-known/openid-configuration/w/{issuer.id}",
        f"{issuer.site.url}/.well-known/oauth-authorization-server/w/{issuer.id}",
    ]


@pytest.fixture
def document(issuer: Issuer) -> dict[str, Any]:
    return dict(issuer.http.get(addresses(issuer)[0]).json())


def test_the_same_document_stands_at_all_four_addresses(issuer: Issuer) -> None:
    answers = [issuer.http.get(address) for address in addresses(issuer)]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.headers["content-type"] for answer in answers} == {"application/json"}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["issuer"] == issuer.issuer


def test_nothing_stands_beside_them(issuer: Issuer) -> None:
    unknown = "0192f0c1-0000-7000-8000-000000000000"
    for address in addresses(issuer):
        for wrong in (address.replace(issuer.id, unknown), address.replace(issuer.id, "w")):
            assert issuer.http.get(wrong).status_code == 404
        assert issuer.http.get(f"{address}/x").status_code == 404
    for path in ("openid-configuration/w/x", "openid-configuration/x"):
        twice = f"{issuer.site.url}/.well-known/{path}/w/{issuer.id}"
        assert issuer.http.get(twice).status_code == 404


def test_two_issuers_have_two_documents(issuer: Issuer, stranger: Issuer) -> None:
    here, there = (issuer.http.get(addresses(one)[0]).json() for one in (issuer, stranger))
    assert here["issuer"] != there["issuer"]
    assert stranger.id not in str(here)


def test_what_both_specifications_require_is_there(document: dict[str, Any]) -> None:
    required = {
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
    }
    assert required <= set(document)
    assert "RS256" in document["id_token_signing_alg_values_supported"]


def test_every_endpoint_is_there_under_the_issuer(issuer: Issuer, document: dict[str, Any]) -> None:
    endpoints = [name for name in document if name.endswith(("_endpoint", "_uri"))]
    assert {name.removesuffix("_endpoint") for name in endpoints} == {
        "authorization",
        "token",
        "introspection",
        "revocation",
        "userinfo",
        "jwks_uri",
        "device_authorization",
        "pushed_authorization_request",
        "end_session",
        "registration",
    }
    for name in endpoints:
        assert document[name].startswith(f"{issuer.issuer}/")
        assert issuer.http.get(document[name]).status_code != 404


# --- grants, by each method of authentication ----------------------------------------------------


def test_every_grant_type_is_offered_and_no_other(issuer: Issuer, document: dict[str, Any]) -> None:
    tried = set()
    machine, phone = issuer.machine(), issuer.phone_app()
    if issuer.token(machine).status_code == 200:
        tried.add("client_credentials")
    tokens = issuer.redeem(phone, issuer.code(phone, issuer.person("a")))
    if tokens.status_code == 200:
        tried.add("authorization_code")
    if issuer.refresh(phone, tokens.json()["refresh_token"]).status_code == 200:
        tried.add("refresh_token")
    tried |= {name for name, is_offered in extension_grants(issuer) if is_offered}
    assert tried == set(document["grant_types_supported"])


def extension_grants(issuer: Issuer) -> Iterator[tuple[str, bool]]:
    """The grants of RFC 8628, 8693 and 7523, each with whether it is offered."""
    device, machine, outside = issuer.register(ClientType.DEVICE), issuer.machine(), Outside()
    begun = issuer.post("device_authorization", {}, device).json()
    form = {"grant_type": DEVICE_CODE, "device_code": begun["device_code"]}
    pending = issuer.post("token", form, device).json()
    yield DEVICE_CODE, pending["error"] == "authorization_pending"
    service = issuer.machine(grant_types=frozenset({TOKEN_EXCHANGE}))
    subject = {"subject_token": issuer.access_token(machine), "subject_token_type": ACCESS_TOKEN}
    exchanged = issuer.post("token", {"grant_type": TOKEN_EXCHANGE, **subject}, service)
    yield TOKEN_EXCHANGE, exchanged.status_code == 200
    issuer.trust(outside, Rule(outside.claims, machine.id))
    assertion = outside.assertion(issuer.issuer, issuer.clock())
    asked = issuer.post("token", {"grant_type": JWT_BEARER, "assertion": assertion})
    yield JWT_BEARER, asked.status_code == 200


def ask(
    issuer: Issuer, url: str, method: str, client: KnownClient, form: dict[str, str]
) -> httpx.Response:
    """One request, the client authenticated by this method."""
    match method:
        case "client_secret_basic":
            return issuer.http.post(url, data=form, auth=client.basic)
        case "client_secret_post":
            posted = {**form, "client_id": client.id, "client_secret": client.secret or ""}
            return issuer.http.post(url, data=posted)
        case "none":
            return issuer.http.post(url, data={**form, "client_id": client.id})
        case "private_key_jwt":
            key = ClientKey(issuer.clock())
            issuer.know(client, ClientRegistration(method, jwks=key.jwks))
            return issuer.http.post(url, data=form | key.assertion(client.id, issuer.issuer))
    raise AssertionError(f"the tests cannot try {method}")


def test_every_method_of_authentication_works_where_it_is_advertised(
    issuer: Issuer, document: dict[str, Any]
) -> None:
    phone, person = issuer.phone_app(), issuer.person("a")
    machine, introspecting = issuer.machine(), issuer.machine()
    for method in document["token_endpoint_auth_methods_supported"]:
        form = {"grant_type": "client_credentials"}
        if method == "none":
            tokens = issuer.signed_in(phone, person)
            form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        client = phone if method == "none" else machine
        assert ask(issuer, document["token_endpoint"], method, client, form).status_code == 200
    for method in document["introspection_endpoint_auth_methods_supported"]:
        form = {"token": issuer.access_token(issuer.machine())}
        answer = ask(issuer, document["introspection_endpoint"], method, issuer.machine(), form)
        assert answer.json()["active"]
    for method in document["revocation_endpoint_auth_methods_supported"]:
        client = phone if method == "none" else issuer.machine()
        token = (
            issuer.signed_in(phone, person)["access_token"]
            if method == "none"
            else issuer.access_token(client)
        )
        answer = ask(issuer, document["revocation_endpoint"], method, client, {"token": token})
        assert answer.status_code == 200
        assert not issuer.is_active(introspecting, token)


def test_a_public_client_may_not_introspect_and_that_is_not_advertised(
    document: dict[str, Any],
) -> None:
    assert "none" not in document["introspection_endpoint_auth_methods_supported"]


# --- what is asked at /authorize -----------------------------------------------------------------


def asked(issuer: Issuer, url: str, client: KnownClient, **changes: str) -> httpx.Response:
    query = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": REDIRECT_URI,
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        "state": "state",
        "nonce": "nonce",
        **changes,
    }
    return issuer.http.get(url, params=query, follow_redirects=False)


def is_asked_on(answer: httpx.Response) -> bool:
    """Whether the browser goes on here, instead of back to the client with an error."""
    location = answer.headers.get("location", "")
    return answer.is_redirect and not location.startswith(REDIRECT_URI)


def test_what_is_advertised_for_authorize_is_taken_and_all_else_is_not(
    issuer: Issuer, document: dict[str, Any]
) -> None:
    url, phone = document["authorization_endpoint"], issuer.phone_app()
    for parameter, supported, refused in (
        ("response_type", document["response_types_supported"], ["token", "id_token", "none"]),
        ("code_challenge_method", document["code_challenge_methods_supported"], ["plain"]),
        ("response_mode", document["response_modes_supported"], ["fragment", "jwt"]),
        ("prompt", document["prompt_values_supported"], ["create"]),
        ("acr_values", document["acr_values_supported"], ["urn:example:card"]),
        ("display", document["display_values_supported"], []),
        ("ui_locales", document["ui_locales_supported"], []),
        ("claims", ["{}"] if document["claims_parameter_supported"] else [], ["[]"]),
    ):
        for value in supported:
            assert is_asked_on(asked(issuer, url, phone, **{parameter: value})), (parameter, value)
        for value in refused:
            answer = asked(issuer, url, phone, **{parameter: value})
            assert not is_asked_on(answer), (parameter, value)


def test_an_error_at_authorize_names_the_issuer(issuer: Issuer, document: dict[str, Any]) -> None:
    assert document["authorization_response_iss_parameter_supported"] is True
    answer = asked(
        issuer, document["authorization_endpoint"], issuer.phone_app(), response_type="token"
    )
    said = httpx.URL(answer.headers["location"]).params
    assert said["iss"] == issuer.issuer
    assert said["error"] == "unsupported_response_type"


# --- scopes, subjects, keys ----------------------------------------------------------------------


def test_every_scope_that_can_be_held_is_listed_once(issuer: Issuer) -> None:
    issuer.define("sensor:read", "video:gold")
    listed = issuer.http.get(addresses(issuer)[0]).json()["scopes_supported"]
    assert {"sensor:read", "video:gold", "iotman:scopes:read"} <= set(listed)
    assert len(listed) == len(set(listed))


def test_a_protocol_word_is_listed_only_where_it_does_something(
    issuer: Issuer, document: dict[str, Any]
) -> None:
    words = {"openid", "profile", "email", "address", "phone", "offline_access"}
    listed = {"openid", "profile", "email", "offline_access"}
    assert words & set(document["scopes_supported"]) == listed
    phone = issuer.phone_app(scope_default=ScopeDefault.NONE)
    tokens = issuer.signed_in(phone, issuer.person(), " ".join(listed))
    assert tokens["refresh_token"]
    assert tokens["id_token"]
    facts = issuer.userinfo(tokens["access_token"]).json()
    assert facts["email"] == facts["name"] == "ann@example.com"


def test_the_subject_is_the_same_for_every_client(issuer: Issuer, document: dict[str, Any]) -> None:
    assert document["subject_types_supported"] == ["public"]
    person, machine = issuer.person("a"), issuer.machine()
    subjects = {
        issuer.introspect(machine, issuer.signed_in(client, person)["access_token"])["sub"]
        for client in (issuer.phone_app(), issuer.phone_app(), issuer.server_app())
    }
    assert subjects == {person}


def test_a_key_of_each_advertised_algorithm_is_published(
    issuer: Issuer, document: dict[str, Any]
) -> None:
    algorithms = {key["alg"] for key in issuer.http.get(document["jwks_uri"]).json()["keys"]}
    assert algorithms == set(document["id_token_signing_alg_values_supported"])


# --- userinfo ------------------------------------------------------------------------------------


def test_userinfo_answers_people_by_either_method(issuer: Issuer, document: dict[str, Any]) -> None:
    person = issuer.person("b", "a")
    token = issuer.signed_in(issuer.phone_app(), person, "openid a")["access_token"]
    for method in ("GET", "POST"):
        answer = issuer.http.request(method, document["userinfo_endpoint"], headers=bearer(token))
        assert answer.json() == {
            "sub": person,
            "email": "ann@example.com",
            "workspace": issuer.id,
            "scopes": ["a"],
            "metadata": {},
        }
        assert answer.headers["cache-control"] == "no-store"


def test_userinfo_tells_programs_strangers_and_the_anonymous_nothing(
    issuer: Issuer, stranger: Issuer
) -> None:
    anonymous = issuer.http.get(f"{issuer.issuer}/userinfo")
    assert anonymous.status_code == 401
    assert anonymous.headers["www-authenticate"] == 'Bearer realm="scopewright"'
    foreign = stranger.signed_in(stranger.phone_app(), stranger.person("a"))["access_token"]
    answer = issuer.userinfo(foreign)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    program = issuer.userinfo(issuer.access_token(issuer.machine("a")))
    assert program.status_code == 403
    assert 'error="insufficient_scope"' in program.headers["www-authenticate"]
