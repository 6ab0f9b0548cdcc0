"""RFC 9396: a scope for named things only, from the question to the token."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from scopewright.core.model import Client
from scopewright.guard.jws import unverified
from tests.people import SCOPES, Stage, answer_of
from tests.protocol.issuer import Answer, Issuer, KnownClient, assert_refused

ANN = "ann@example.com"
PUMP = {"type": "sensor:read", "identifiers": ["pump-7", "pump-8"]}
GOLD = {"type": "video:gold", "identifiers": ["cam-1"]}


@pytest.fixture
def phone(stage: Stage) -> Client:
    return stage.client()


def asked(stage: Stage, client: Client, *details: Any, **more: str) -> str:
    return stage.authorize_url(client, authorization_details=json.dumps(details), **more)


def told(stage: Stage, client: Client, url: str, **more: str) -> dict[str, Any]:
    """The token endpoint's answer after Ann has approved."""
    browser = stage.signed_in(ANN)
    code = answer_of(browser.submit(browser.get(url)))["code"]
    answer = stage.exchange(client, code, **more)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def refresh(stage: Stage, client: Client, token: str, **more: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": client.id, **more}
    return stage.browser().ask("POST", f"{stage.issuer}/token", data=form)


# --- asked for and given ------------------------------------------------------------------------


def test_a_detail_is_in_the_answer_and_in_the_token_and_not_among_the_scopes(
    stage: Stage, phone: Client
) -> None:
    stage.person(ANN, *SCOPES)
    tokens = told(stage, phone, asked(stage, phone, PUMP))
    assert tokens["authorization_details"] == [PUMP]
    assert tokens["scope"] == ""
    said = unverified(tokens["access_token"])[1]
    assert said["authorization_details"] == [PUMP]
    assert said["scope"] == ""


def test_scopes_may_be_asked_for_beside(stage: Stage, phone: Client) -> None:
    stage.person(ANN, *SCOPES)
    tokens = told(stage, phone, asked(stage, phone, PUMP, scope="openid sensor:write"))
    assert tokens["authorization_details"] == [PUMP]
    assert tokens["scope"] == "openid sensor:write"


def test_the_person_sees_what_it_is_for_and_is_asked_every_time(
    stage: Stage, phone: Client
) -> None:
    stage.person(ANN, *SCOPES)
    browser = stage.signed_in(ANN)
    browser.submit(browser.get(stage.authorize_url(phone)))  # everything, for good
    for _ in range(2):
        consent = browser.get(asked(stage, phone, PUMP))
        assert "pump-7, pump-8" in consent.text
        assert "code" in answer_of(browser.submit(consent))
    silent = browser.get(asked(stage, phone, PUMP, prompt="none"))
    assert answer_of(silent)["error"] == "consent_required"


def test_an_identifier_is_text_on_the_page_and_never_markup(stage: Stage, phone: Client) -> None:
    stage.person(ANN, *SCOPES)
    sly = {**PUMP, "identifiers": ["<b>all</b>"]}
    consent = stage.signed_in(ANN).get(asked(stage, phone, sly))
    assert "&lt;b&gt;all&lt;/b&gt;" in consent.text
    assert "<b>all</b>" not in consent.text


def test_only_details_whose_scope_is_held_are_given(stage: Stage, phone: Client) -> None:
    stage.person(ANN, "sensor:read")
    url = asked(stage, phone, PUMP, GOLD)
    tokens = told(stage, phone, url)
    assert tokens["authorization_details"] == [PUMP]


def test_nothing_held_of_what_is_asked_for_is_refused(stage: Stage, phone: Client) -> None:
    stage.person(ANN, "sensor:write")
    page = stage.signed_in(ANN).get(asked(stage, phone, PUMP, GOLD))
    assert answer_of(page)["error"] == "invalid_scope"


def test_a_refresh_decides_anew_and_may_name_a_part(stage: Stage, phone: Client) -> None:
    stage.person(ANN, *SCOPES)
    tokens = told(stage, phone, asked(stage, phone, PUMP, GOLD))
    part = json.dumps([{**PUMP, "identifiers": ["pump-7"]}])
    answer = refresh(stage, phone, tokens["refresh_token"], authorization_details=part).json()
    assert answer["authorization_details"] == json.loads(part)
    whole = refresh(stage, phone, answer["refresh_token"]).json()
    assert whole["authorization_details"] == [PUMP, GOLD]
    for beyond in ({**PUMP, "identifiers": ["pump-9"]}, {**PUMP, "type": "sensor:write"}):
        more = {"authorization_details": json.dumps([beyond])}
        refused = refresh(stage, phone, whole["refresh_token"], **more)
        assert_refused(refused, 400, "invalid_authorization_details")
    assert refresh(stage, phone, whole["refresh_token"]).status_code == 200


def test_a_code_may_be_exchanged_for_a_part(stage: Stage, phone: Client) -> None:
    stage.person(ANN, *SCOPES)
    part = json.dumps([GOLD])
    tokens = told(stage, phone, asked(stage, phone, PUMP, GOLD), authorization_details=part)
    assert tokens["authorization_details"] == [GOLD]


def test_details_stay_within_the_resource_that_is_named(stage: Stage, phone: Client) -> None:
    stage.person(ANN, *SCOPES)
    stage.policy(resources={"urn:pumps": ["sensor:read"]})
    tokens = told(stage, phone, asked(stage, phone, PUMP, resource="urn:pumps"))
    assert unverified(tokens["access_token"])[1]["aud"] == "urn:pumps"
    beyond = stage.browser().ask("GET", asked(stage, phone, GOLD, resource="urn:pumps"))
    assert answer_of(beyond)["error"] == "invalid_authorization_details"


@pytest.mark.parametrize(
    "details",
    [
        "{",
        "{}",
        "[]",
        "null",
        '[{"type":"unknown","identifiers":["a"]}]',
        '[{"type":"sensor:read"}]',
        '[{"type":"sensor:read","identifiers":["a"],"actions":["read"]}]',
        '[{"type":"sensor:read","identifiers":[]}]',
    ],
)
def test_what_has_another_form_goes_back_to_the_client(
    stage: Stage, phone: Client, details: str
) -> None:
    url = stage.authorize_url(phone, authorization_details=details)
    answer = answer_of(stage.browser().ask("GET", url))
    assert (answer["error"], answer["state"]) == ("invalid_authorization_details", "xyz")


# --- a client for itself ------------------------------------------------------------------------


def token(issuer: Issuer, client: KnownClient, *details: Any, **more: str) -> Answer:
    return issuer.token(client, authorization_details=json.dumps(details), **more)


def test_a_client_gets_what_is_granted_for_named_things(issuer: Issuer) -> None:
    machine = issuer.machine("sensor:read", "video:gold")
    answer = token(issuer, machine, PUMP).json()
    assert (answer["authorization_details"], answer["scope"]) == ([PUMP], "")
    beside = token(issuer, machine, PUMP, scope="video:gold").json()
    assert (beside["authorization_details"], beside["scope"]) == ([PUMP], "video:gold")


def test_introspection_tells_the_details(issuer: Issuer) -> None:
    machine = issuer.machine("sensor:read")
    bound = token(issuer, machine, PUMP).json()["access_token"]
    assert issuer.introspect(machine, bound)["authorization_details"] == [PUMP]
    plain = issuer.introspect(machine, issuer.access_token(machine))
    assert "authorization_details" not in plain


def test_a_token_with_details_alone_opens_nothing_here(issuer: Issuer) -> None:
    machine = issuer.machine("iotman:scopes:read")
    detail = {"type": "iotman:scopes:read", "identifiers": ["sensor:read"]}
    limited = token(issuer, machine, detail).json()["access_token"]
    assert issuer.scopes_page(limited).status_code == 403


def test_what_is_not_granted_is_not_given(issuer: Issuer) -> None:
    issuer.define("video:gold")
    machine = issuer.machine("sensor:read")
    answer = token(issuer, machine, PUMP, GOLD).json()
    assert answer["authorization_details"] == [PUMP]
    refused = token(issuer, machine, {**PUMP, "type": "unknown"})
    assert_refused(refused, 400, "invalid_authorization_details")


def test_discovery_names_the_types(issuer: Issuer) -> None:
    issuer.define("sensor:read")
    url = f"{issuer.issuer}/.well-known/oauth-authorization-server"
    types = issuer.http.get(url).json()["authorization_details_types_supported"]
    assert {"sensor:read", "iotman:scopes:read"} <= set(types)
