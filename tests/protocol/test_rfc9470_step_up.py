"""RFC 9470: a request that demands more of the sign-in ends in a token that says so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scopewright.core.model import Client
from scopewright.store import schema
from tests.people import Browser, Stage, answer_of, claims_of

ANN = "ann@example.com"


@pytest.fixture
def client(stage: Stage) -> Client:
    stage.person(ANN, "sensor:read")
    return stage.client()


@pytest.fixture
def browser(stage: Stage, client: Client) -> Browser:
    """Signed in two hours ago, everything approved."""
    browser = stage.signed_in(ANN)
    browser.submit(browser.get(stage.authorize_url(client, scope="openid sensor:read")))
    stage.clock.advance(hours=2)
    return browser


@pytest.fixture
def letter(stage: Stage) -> str:
    """The one class that this server gives."""
    metadata = stage.browser().get(f"{stage.issuer}/.well-known/openid-configuration").json()
    [acr] = metadata["acr_values_supported"]
    return str(acr)


def tokens(stage: Stage, client: Client, browser: Browser, **asked: str) -> dict[str, Any]:
    """The token endpoint's answer, nothing shown on the way."""
    url = stage.authorize_url(client, scope="openid sensor:read", **asked)
    answer = stage.exchange(client, answer_of(browser.get(url))["code"])
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


# --- acr ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", ["", "urn:example:card "])
def test_a_class_that_can_be_given_stands_in_the_token(
    stage: Stage, client: Client, browser: Browser, letter: str, before: str
) -> None:
    answered = tokens(stage, client, browser, acr_values=before + letter)
    for name in ("access_token", "id_token"):
        claims = claims_of(answered[name])
        assert claims["acr"] == letter
        assert claims["auth_time"] == int(stage.clock().timestamp()) - 2 * 3600


def test_who_does_not_ask_is_told_no_class(stage: Stage, client: Client, browser: Browser) -> None:
    assert "acr" not in claims_of(tokens(stage, client, browser)["access_token"])


def test_a_class_that_nobody_can_give_is_said_at_once_and_no_token_comes(
    stage: Stage, client: Client, browser: Browser, letter: str
) -> None:
    for unknown in ("urn:example:card", letter.upper(), f"{letter}x card"):
        url = stage.authorize_url(client, acr_values=unknown)
        assert answer_of(browser.get(url))["error"] == "unmet_authentication_requirements"
    assert stage.grown(schema.authorizations) == 1  # the one that was answered before


@pytest.mark.parametrize("asked", [{"value": "card"}, {"values": ["card", "stamp"]}])
def test_an_essential_class_is_a_demand_and_any_other_a_wish(
    stage: Stage, client: Client, browser: Browser, letter: str, asked: dict[str, Any]
) -> None:
    essential = json.dumps({"id_token": {"acr": {"essential": True, **asked}}})
    answer = answer_of(browser.get(stage.authorize_url(client, claims=essential)))
    assert answer["error"] == "unmet_authentication_requirements"
    voluntary = json.dumps({"id_token": {"acr": asked}})
    answered = tokens(stage, client, browser, claims=voluntary)
    assert claims_of(answered["id_token"])["acr"] == letter


def test_a_sign_in_of_another_kind_is_stepped_up(
    stage: Stage, client: Client, browser: Browser, letter: str
) -> None:
    with stage.database.write() as tx:
        tx.run(schema.sign_ins.update().values(provider="elsewhere"))
        tx.run(schema.principals.update().values(provider="elsewhere"))
    silent = stage.authorize_url(client, acr_values=letter, prompt="none")
    assert answer_of(browser.get(silent))["error"] == "login_required"
    asked = browser.get(stage.authorize_url(client, acr_values=letter))
    assert asked.url.path == "/sign-in"


# --- max_age ------------------------------------------------------------------------------------


def test_a_token_is_as_fresh_as_was_asked(stage: Stage, client: Client, browser: Browser) -> None:
    url = stage.authorize_url(client, scope="openid sensor:read", max_age="300")
    browser.submit(browser.get(url), email=ANN)
    answer = answer_of(browser.submit(browser.get(stage.letters.link)))
    token = stage.exchange(client, answer["code"]).json()["access_token"]
    assert stage.clock().timestamp() - claims_of(token)["auth_time"] <= 300


def test_refreshing_makes_no_sign_in_younger_or_better(
    stage: Stage, client: Client, browser: Browser, letter: str
) -> None:
    first = tokens(stage, client, browser, acr_values=letter)
    stage.clock.advance(hours=1)
    form = {
        "grant_type": "refresh_token",
        "client_id": client.id,
        "refresh_token": first["refresh_token"],
    }
    refreshed = browser.ask("POST", f"{stage.issuer}/token", data=form).json()
    before, after = claims_of(first["access_token"]), claims_of(refreshed["access_token"])
    assert after["iat"] == before["iat"] + 3600
    assert (after["auth_time"], after["acr"]) == (before["auth_time"], letter)


def test_stepping_up_ends_in_a_session_of_its_own(
    stage: Stage, client: Client, browser: Browser, letter: str
) -> None:
    plain = claims_of(tokens(stage, client, browser)["access_token"])
    better = claims_of(tokens(stage, client, browser, acr_values=letter)["access_token"])
    assert plain["sub"] == better["sub"]
    assert plain["sid"] != better["sid"]
