"""RFC 9207: every answer of the authorize endpoint names its issuer."""

from __future__ import annotations

from tests.people import Stage, answer_of

ANN = "ann@example.com"


def test_a_code_comes_with_the_issuer(stage: Stage) -> None:
    stage.person(ANN)
    browser = stage.signed_in(ANN)
    answer = answer_of(browser.submit(browser.get(stage.authorize_url(stage.client()))))
    assert answer["iss"] == stage.issuer


def test_an_error_comes_with_the_issuer(stage: Stage) -> None:
    stage.person(ANN)
    client = stage.client()
    at_once = stage.browser().ask("GET", stage.authorize_url(client, response_type="token"))
    assert answer_of(at_once)["iss"] == stage.issuer
    silent = stage.browser().get(stage.authorize_url(client, prompt="none"))
    assert answer_of(silent)["iss"] == stage.issuer
    browser = stage.signed_in(ANN)
    refused = browser.submit(browser.get(stage.authorize_url(client)), button=1)
    assert answer_of(refused)["iss"] == stage.issuer


def test_the_metadata_says_so(stage: Stage) -> None:
    metadata = stage.browser().get(f"{stage.issuer}/.well-known/openid-configuration").json()
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert metadata["issuer"] == stage.issuer
    assert metadata["authorization_endpoint"] == f"{stage.issuer}/authorize"
