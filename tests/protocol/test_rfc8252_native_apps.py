"""RFC 8252: native apps are answered on a port of their own machine, or by their own scheme."""

from __future__ import annotations

import pytest

from scopewright.core.model import Client
from scopewright.store import schema
from tests.people import Stage, answer_of

ANN = "ann@example.com"
LOOPBACK = ("http://127.0.0.1/callback", "http://[::1]/callback")


@pytest.fixture
def app(stage: Stage) -> Client:
    """A public client that is answered on loopback."""
    stage.person(ANN, "sensor:read")
    return stage.client(redirect_uris=LOOPBACK)


# --- a port of this machine (§7.3, §8.3) ----------------------------------------------------------


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://127.0.0.1:51004/callback",
        "http://127.0.0.1:1/callback",
        "http://127.0.0.1/callback",
        "http://[::1]:61023/callback",
    ],
)
def test_the_port_is_chosen_by_the_app(stage: Stage, app: Client, redirect_uri: str) -> None:
    browser = stage.signed_in(ANN)
    consent = browser.get(stage.authorize_url(app, redirect_uri=redirect_uri))
    answer = answer_of(browser.submit(consent), at=f"{redirect_uri}?")
    exchanged = stage.exchange(app, answer["code"], redirect_uri=redirect_uri)
    assert exchanged.json()["scope"] == "sensor:read"


def test_a_code_is_exchanged_with_the_port_it_came_to(stage: Stage, app: Client) -> None:
    browser = stage.signed_in(ANN)
    url = stage.authorize_url(app, redirect_uri="http://127.0.0.1:51004/callback")
    answer = answer_of(browser.submit(browser.get(url)), at="http://127.0.0.1:51004/")
    for other in ("http://127.0.0.1:51005/callback", "http://127.0.0.1/callback", LOOPBACK[1]):
        refused = stage.exchange(app, answer["code"], redirect_uri=other)
        assert refused.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://127.0.0.1:51004/other",
        "http://127.0.0.1:51004/callback?a=b",
        "http://127.0.0.1:51004",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:123456/callback",
        "http://127.0.0.1:51004@evil.example/callback",
        "http://127.0.0.1.evil.example:51004/callback",
        "http://127.0.0.2:51004/callback",
        "http://localhost:51004/callback",
        "https://127.0.0.1:51004/callback",
        "http://[::1]:51004:1/callback",
        "http://[::2]:51004/callback",
    ],
)
def test_nothing_but_the_port_may_differ(stage: Stage, app: Client, redirect_uri: str) -> None:
    response = stage.browser().ask("GET", stage.authorize_url(app, redirect_uri=redirect_uri))
    assert response.status_code == 400
    assert "location" not in response.headers
    assert stage.grown(schema.authorizations) == 0


def test_only_loopback_addresses_are_free_to_choose_a_port(stage: Stage) -> None:
    for registered, other in (
        ("https://app.example/cb", "https://app.example:51004/cb"),
        ("http://localhost/cb", "http://localhost:51004/cb"),
        ("http://127.0.0.1/cb", "http://[::1]:51004/cb"),
    ):
        client = stage.client(redirect_uris=(registered,))
        response = stage.browser().ask("GET", stage.authorize_url(client, redirect_uri=other))
        assert response.status_code == 400


# --- a scheme of its own (§7.1) -------------------------------------------------------------------


def test_a_scheme_of_the_apps_own_is_answered_and_said_in_words(stage: Stage) -> None:
    stage.person(ANN)
    there = "com.example.app:/callback"
    client, browser = stage.client(redirect_uris=(there,)), stage.signed_in(ANN)
    consent = browser.get(stage.authorize_url(client, redirect_uri=there))
    assert "the app com.example.app" in consent.text
    assert answer_of(browser.submit(consent), at=f"{there}?")["code"]


@pytest.mark.parametrize(
    ("redirect_uri", "sources"),
    [
        ("com.example.app:/callback", "https: com.example.app:"),
        ("http://127.0.0.1/callback", "https: http://127.0.0.1:*"),
        ("http://localhost/callback", "https: http://localhost:*"),
        ("http://[::1]/callback", "https: http:"),
    ],
)
def test_the_page_lets_its_form_lead_to_the_app(
    stage: Stage, redirect_uri: str, sources: str
) -> None:
    stage.person(ANN)
    client, browser = stage.client(redirect_uris=(redirect_uri,)), stage.signed_in(ANN)
    consent = browser.get(stage.authorize_url(client, redirect_uri=redirect_uri))
    policy = consent.headers["content-security-policy"].split("; ")
    assert f"form-action 'self' {sources}" in policy


# --- public clients (§6, §8.4, §8.5) --------------------------------------------------------------


def test_an_app_without_pkce_gets_nothing(stage: Stage, app: Client) -> None:
    url = stage.authorize_url(
        app, redirect_uri=LOOPBACK[0], code_challenge=None, code_challenge_method=None
    )
    answer = answer_of(stage.browser().ask("GET", url), at=LOOPBACK[0])
    assert answer["error"] == "invalid_request"


def test_an_app_that_shows_a_secret_is_refused(stage: Stage, app: Client) -> None:
    browser = stage.signed_in(ANN)
    url = stage.authorize_url(app, redirect_uri=LOOPBACK[0])
    code = answer_of(browser.submit(browser.get(url)), at=LOOPBACK[0])["code"]
    refused = stage.exchange(app, code, redirect_uri=LOOPBACK[0], client_secret="s3cret")
    assert refused.json()["error"] == "invalid_client"


def test_the_implicit_way_is_closed_to_apps(stage: Stage, app: Client) -> None:
    url = stage.authorize_url(app, redirect_uri=LOOPBACK[0], response_type="token")
    answer = answer_of(stage.browser().ask("GET", url), at=LOOPBACK[0])
    assert answer["error"] == "unsupported_response_type"


# --- an app that only says who it is (§8.6) -------------------------------------------------------


@pytest.mark.parametrize(
    ("registered", "redirect_uri"),
    [
        (LOOPBACK[0], "http://127.0.0.1:51004/callback"),
        (LOOPBACK[1], "http://[::1]:51004/callback"),
        ("com.example.app:/callback", "com.example.app:/callback"),
    ],
)
def test_the_person_approves_each_time_for_the_app_cannot_be_told_from_another(
    stage: Stage, registered: str, redirect_uri: str
) -> None:
    stage.person(ANN)
    app, browser = stage.client(redirect_uris=(registered,)), stage.signed_in(ANN)
    url = stage.authorize_url(app, redirect_uri=redirect_uri)
    for _ in range(2):
        assert answer_of(browser.submit(browser.get(url)), at=redirect_uri)["code"]
    silent = stage.authorize_url(app, redirect_uri=redirect_uri, prompt="none")
    assert answer_of(browser.get(silent), at=redirect_uri)["error"] == "consent_required"


def test_who_can_be_told_from_another_is_approved_once(stage: Stage) -> None:
    stage.person(ANN)
    browser = stage.signed_in(ANN)
    for client, there in (
        (stage.client(redirect_uris=("https://app.example/claimed",)), None),
        (stage.client(redirect_uris=("http://127.0.0.1:5173/",)), None),
        (
            stage.confidential("s3cret", redirect_uris=(LOOPBACK[0],)),
            "http://127.0.0.1:51004/callback",
        ),
    ):
        redirect_uri = there or client.redirect_uris[0]
        url = stage.authorize_url(client, redirect_uri=redirect_uri)
        browser.submit(browser.get(url))
        assert answer_of(browser.get(url), at=redirect_uri)["code"]
