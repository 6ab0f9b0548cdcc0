"""OAuth 2.0 Form Post Response Mode: the answer as a form that the browser posts."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

import httpx
import pytest

from scopewright.core.model import Client
from scopewright.store import schema
from tests.people import CALLBACK, Browser, Stage, answer_of, posted_answer_of

ANN = "ann@example.com"


@pytest.fixture
def client(stage: Stage) -> Client:
    stage.person(ANN, "sensor:read")
    return stage.client()


@pytest.fixture
def browser(stage: Stage, client: Client) -> Browser:
    return stage.signed_in(ANN)


def asked(stage: Stage, client: Client, **replaced: str | None) -> str:
    return stage.authorize_url(client, **{"response_mode": "form_post", **replaced})


def inline_script(page: httpx.Response) -> str:
    found = re.search(r"<script>(.*?)</script>", page.text, re.DOTALL)
    assert found is not None
    return found[1]


# --- a code -------------------------------------------------------------------------------------


def test_the_code_comes_in_the_fields_of_a_form(
    stage: Stage, client: Client, browser: Browser
) -> None:
    page = browser.submit(browser.get(asked(stage, client)))
    answer = posted_answer_of(page)
    assert answer.keys() == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("xyz", stage.issuer)
    assert stage.exchange(client, answer["code"]).status_code == 200


def test_who_is_asked_nothing_gets_the_form_at_once(
    stage: Stage, client: Client, browser: Browser
) -> None:
    browser.submit(browser.get(stage.authorize_url(client)))
    assert posted_answer_of(browser.get(asked(stage, client, prompt="none")))["code"]


def test_the_query_of_the_redirect_uri_stays_and_gets_nothing(stage: Stage) -> None:
    stage.person(ANN)
    there = "https://app.example/callback?tenant=7&a=b"
    client, browser = stage.client(redirect_uris=(there,)), stage.signed_in(ANN)
    page = browser.submit(browser.get(asked(stage, client, redirect_uri=there)))
    assert posted_answer_of(page, at=there)["code"]
    assert "location" not in page.headers


@pytest.mark.parametrize("state", ["a b+c&d=e%20\"'<>", "</form><script>alert(1)</script>", "ß ☃"])
def test_the_state_comes_back_as_it_was(
    stage: Stage, client: Client, browser: Browser, state: str
) -> None:
    page = browser.submit(browser.get(asked(stage, client, state=state)))
    assert posted_answer_of(page)["state"] == state
    assert page.text.count("<script") == 1


def test_query_is_what_everybody_gets_who_asks_for_nothing_else(
    stage: Stage, client: Client, browser: Browser
) -> None:
    browser.submit(browser.get(stage.authorize_url(client)))
    for mode in (None, "", "query"):
        assert answer_of(browser.get(stage.authorize_url(client, response_mode=mode)))["code"]


# --- the page -----------------------------------------------------------------------------------


def test_the_one_script_of_the_page_is_the_one_that_its_policy_names(
    stage: Stage, client: Client, browser: Browser
) -> None:
    page = browser.submit(browser.get(asked(stage, client)))
    digest = b64encode(sha256(inline_script(page).encode()).digest()).decode()
    policy = page.headers["content-security-policy"].split("; ")
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "form-action 'self' https:" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"


def test_a_button_says_where_it_leads_for_browsers_without_scripts(
    stage: Stage, client: Client, browser: Browser
) -> None:
    page = browser.submit(browser.get(asked(stage, client)))
    assert "app.example" in page.text
    assert re.search(r"<button[^>]*>Continue</button>", page.text)


# --- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("replaced", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": '"'}, "invalid_scope"),
        ({"max_age": "x"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"acr_values": "card"}, "unmet_authentication_requirements"),
    ],
)
def test_an_error_comes_the_same_way(
    stage: Stage, client: Client, replaced: dict[str, str | None], error: str
) -> None:
    answer = posted_answer_of(stage.browser().get(asked(stage, client, **replaced)))
    assert answer["error"] == error
    assert (answer["state"], answer["iss"]) == ("xyz", stage.issuer)
    assert "code" not in answer


def test_a_refusal_of_the_person_comes_the_same_way(
    stage: Stage, client: Client, browser: Browser
) -> None:
    page = browser.submit(browser.get(asked(stage, client)), button=1)
    assert posted_answer_of(page)["error"] == "access_denied"


@pytest.mark.parametrize("mode", ["fragment", "web_message", "jwt", "form_post.jwt", "Form_Post"])
def test_another_mode_is_refused_in_the_query(stage: Stage, client: Client, mode: str) -> None:
    response = stage.browser().ask("GET", asked(stage, client, response_mode=mode))
    answer = answer_of(response)
    assert answer["error"] == "invalid_request"
    assert stage.grown(schema.authorizations) == 0


def test_a_mode_that_stands_twice_is_refused_in_the_query(stage: Stage, client: Client) -> None:
    url = f"{asked(stage, client)}&response_mode=form_post"
    assert answer_of(stage.browser().ask("GET", url))["error"] == "invalid_request"


def test_nothing_is_posted_to_where_the_client_does_not_live(stage: Stage, client: Client) -> None:
    for there in ("https://evil.example/", CALLBACK + "/x", "javascript:alert(1)"):
        page = stage.browser().get(asked(stage, client, redirect_uri=there))
        assert page.status_code == 400
        assert "<form" not in page.text.partition("</main>")[0]


def test_discovery_names_both_modes(stage: Stage, client: Client) -> None:
    metadata = stage.browser().get(f"{stage.issuer}/.well-known/openid-configuration").json()
    assert metadata["response_modes_supported"] == ["query", "form_post"]
