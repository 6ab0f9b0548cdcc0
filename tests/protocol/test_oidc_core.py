"""OpenID Connect Core §3.1.2: what a client may say at the authorize endpoint, and is answered."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from scopewright.core.model import Client, PrincipalKind
from scopewright.core.registration import ClientRegistration
from scopewright.store import schema
from tests.people import CALLBACK, ORIGIN, Browser, Forms, Stage, answer_of, claims_of

ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture
def client(stage: Stage) -> Client:
    """A client of a workspace with two people."""
    stage.person(ANN, "sensor:read")
    stage.person(BOB, "video:gold")
    return stage.client()


def signs_in(stage: Stage, browser: Browser, asked: httpx.Response, email: str) -> httpx.Response:
    """The page after the letter's link has been followed, a minute later."""
    assert asked.url.path == "/sign-in"
    browser.submit(asked, email=email)
    stage.clock.advance(minutes=1)
    return browser.submit(browser.get(stage.letters.link))


def approved(stage: Stage, client: Client, email: str = ANN, **replaced: str) -> Browser:
    """A browser whose person has approved everything that is asked for here, once."""
    browser = stage.signed_in(email)
    scope = replaced.pop("scope", "openid profile email")
    page = browser.get(stage.authorize_url(client, scope=scope, **replaced))
    assert "code" in answer_of(browser.submit(page))
    return browser


def tokens(stage: Stage, client: Client, answer: dict[str, str]) -> dict[str, Any]:
    exchanged = stage.exchange(client, answer["code"])
    assert exchanged.status_code == 200, exchanged.text
    return dict(exchanged.json())


def id_token(stage: Stage, client: Client, browser: Browser, **asked: str) -> str:
    """An ID token of the person who is signed in and has approved."""
    answer = answer_of(browser.get(stage.authorize_url(client, scope="openid", **asked)))
    return str(tokens(stage, client, answer)["id_token"])


# --- the request (§3.1.2.1) ---------------------------------------------------------------------


def test_a_request_may_come_as_a_form(stage: Stage, client: Client) -> None:
    browser = approved(stage, client)
    url = httpx.URL(stage.authorize_url(client, scope="openid", nonce="n-0S6_WzA2Mj"))
    answer = answer_of(browser.post(str(url.copy_with(query=None)), dict(url.params)))
    assert answer["state"] == "xyz"
    claims = claims_of(tokens(stage, client, answer)["id_token"])
    assert claims["nonce"] == "n-0S6_WzA2Mj"


def test_the_nonce_comes_back_in_the_id_token_as_it_was(stage: Stage, client: Client) -> None:
    browser = approved(stage, client)
    for nonce in ("a b+c&d=%20\"'<>", "ß ☃ 𝔘", "n" * 2000):
        assert claims_of(id_token(stage, client, browser, nonce=nonce))["nonce"] == nonce
    assert "nonce" not in claims_of(id_token(stage, client, browser))


@pytest.mark.parametrize(
    "said",
    [
        {"display": "popup"},
        {"display": "hologram"},
        {"ui_locales": "fr-CA fr en"},
        {"ui_locales": "not_a_locale ?"},
        {"claims_locales": "de"},
        {"login_hint": "nobody at all"},
    ],
)
def test_what_is_only_a_wish_refuses_nobody(
    stage: Stage, client: Client, said: dict[str, str]
) -> None:
    browser = approved(stage, client)
    assert "code" in answer_of(browser.get(stage.authorize_url(client, **said)))


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [("de", "de"), ("xx fr-CA de", "fr"), ("de-AT", "de"), ("xx", "en"), ("not_a_locale ?", "en")],
)
def test_the_pages_of_a_request_speak_the_language_that_the_client_wants(
    stage: Stage, client: Client, wanted: str, spoken: str
) -> None:
    browser = stage.browser()
    page = browser.get(stage.authorize_url(client, ui_locales=wanted))
    assert f'<html lang="{spoken}"' in page.text
    page = browser.get(f"{ORIGIN}/sign-in")
    assert f'<html lang="{spoken}"' in page.text


def test_the_language_that_a_person_has_chosen_goes_before_the_clients(
    stage: Stage, client: Client
) -> None:
    browser = stage.browser()
    browser.post(f"{ORIGIN}/language", {"language": "fr", "back": "/sign-in"})
    page = browser.get(stage.authorize_url(client, ui_locales="de"))
    assert '<html lang="fr"' in page.text


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"registration": '{"client_name": "Me"}'}, "registration_not_supported"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"claims": '{"id_token": ["sub"]}'}, "invalid_request"),
        ({"claims": '{"id_token": ' * 900}, "invalid_request"),
        ({"claims": json.dumps({"id_token": {"x" * 10_000: None}})}, "invalid_request"),
        ({"prompt": "none consent"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"ui_locales": "en " * 700}, "invalid_request"),
        ({"login_hint": "a" * 2001}, "invalid_request"),
        ({"acr_values": "a" * 2001}, "invalid_request"),
        ({"acr_values": "urn:mace:incommon:iap:silver"}, "unmet_authentication_requirements"),
    ],
)
def test_what_cannot_be_read_or_done_is_told_to_the_client(
    stage: Stage, client: Client, said: dict[str, str], error: str
) -> None:
    answer = answer_of(stage.browser().ask("GET", stage.authorize_url(client, **said)))
    assert answer["error"] == error
    assert (answer["state"], answer["iss"]) == ("xyz", stage.issuer)
    assert stage.grown(schema.authorizations) == 0


# --- prompt -------------------------------------------------------------------------------------


def test_none_never_shows_a_page(stage: Stage, client: Client) -> None:
    silent = stage.authorize_url(client, prompt="none", scope="openid")
    assert answer_of(stage.browser().get(silent))["error"] == "login_required"
    browser = stage.signed_in(ANN)
    assert answer_of(browser.get(silent))["error"] == "consent_required"
    browser.submit(browser.get(stage.authorize_url(client, scope="openid")))
    assert "code" in answer_of(browser.get(silent))
    more = stage.authorize_url(client, prompt="none", scope="openid email")
    assert answer_of(browser.get(more))["error"] == "consent_required"


def test_login_and_consent_ask_for_both(stage: Stage, client: Client) -> None:
    browser = approved(stage, client)
    before = claims_of(id_token(stage, client, browser))["auth_time"]
    stage.clock.advance(minutes=5)
    asked = browser.get(stage.authorize_url(client, scope="openid", prompt="login consent"))
    consent = signs_in(stage, browser, asked, ANN)
    assert "Recognise you" in consent.text
    after = claims_of(tokens(stage, client, answer_of(browser.submit(consent)))["id_token"])
    assert after["auth_time"] == before + 6 * 60


def test_select_account_offers_to_go_on_as_who_is_here(stage: Stage, client: Client) -> None:
    browser = approved(stage, client)
    stage.clock.advance(minutes=1)
    choice = browser.get(stage.authorize_url(client, scope="openid", prompt="select_account"))
    assert ANN in choice.text
    assert "Field App" in choice.text
    answer = answer_of(browser.submit(choice))
    assert claims_of(tokens(stage, client, answer)["access_token"])["user"] == ANN


def test_select_account_offers_another_address(stage: Stage, client: Client) -> None:
    browser = approved(stage, client)
    stage.clock.advance(minutes=1)
    choice = browser.get(stage.authorize_url(client, prompt="select_account"))
    link = httpx.URL(f"/sign-in?continue={choice.url.path.rpartition('/')[2]}")
    assert f'href="{link}"' in choice.text
    consent = signs_in(stage, browser, browser.get(str(link)), BOB)
    answer = answer_of(browser.submit(consent))
    assert tokens(stage, client, answer)["scope"] == "video:gold"


def test_who_only_looks_at_the_choice_stays_signed_in(stage: Stage, client: Client) -> None:
    browser = approved(stage, client)
    stage.clock.advance(minutes=1)
    choice = browser.get(stage.authorize_url(client, prompt="select_account"))
    browser.get(f"/sign-in?continue={choice.url.path.rpartition('/')[2]}")
    assert ANN in browser.get("/me").text


def test_a_choice_answers_no_other_question(stage: Stage, client: Client) -> None:
    browser = stage.signed_in(ANN)
    stage.clock.advance(minutes=1)
    choice = browser.get(stage.authorize_url(client, prompt="select_account consent"))
    consent = browser.submit(choice)
    assert "Allow" in consent.text
    assert "code" in answer_of(browser.submit(consent))
    choice = browser.get(stage.authorize_url(client, prompt="select_account"))
    fields = {**stage.fields(choice), "decision": "approve"}
    assert ANN in browser.post(str(choice.url), fields).text
    assert "code" in answer_of(browser.submit(choice))


def test_nobody_chooses_for_somebody_else(stage: Stage, client: Client) -> None:
    browser, eve = approved(stage, client), stage.signed_in(BOB)
    stage.clock.advance(minutes=1)
    choice = browser.get(stage.authorize_url(client, prompt="select_account"))
    fields = {**stage.fields(choice), "decision": "choose"}
    assert eve.post(str(choice.url), fields).status_code == 403
    assert stage.browser().post(str(choice.url), fields).status_code == 403
    assert "Go on as" in browser.get(str(choice.url)).text


def test_who_is_not_signed_in_has_nothing_to_choose_from(stage: Stage, client: Client) -> None:
    browser = stage.browser()
    asked = browser.get(stage.authorize_url(client, prompt="select_account"))
    assert "Allow" in signs_in(stage, browser, asked, ANN).text


# --- max_age ------------------------------------------------------------------------------------


def test_a_sign_in_that_is_young_enough_will_do(stage: Stage, client: Client) -> None:
    browser = approved(stage, client)
    stage.clock.advance(minutes=10)
    young = stage.authorize_url(client, max_age="600")
    assert "code" in answer_of(browser.get(young))
    stage.clock.advance(seconds=1)
    assert browser.get(young).url.path == "/sign-in"
    silent = stage.authorize_url(client, max_age="600", prompt="none")
    assert answer_of(browser.get(silent))["error"] == "login_required"


@pytest.mark.parametrize("max_age", ["0", "600"])
def test_who_is_too_long_signed_in_signs_in_again_and_once(
    stage: Stage, client: Client, max_age: str
) -> None:
    browser = approved(stage, client)
    stage.clock.advance(hours=1)
    asked = browser.get(stage.authorize_url(client, scope="openid", max_age=max_age))
    answer = answer_of(signs_in(stage, browser, asked, ANN))
    claims = claims_of(tokens(stage, client, answer)["id_token"])
    assert claims["auth_time"] == int(stage.clock().timestamp())


def test_a_client_may_have_registered_how_old_is_too_old(stage: Stage) -> None:
    stage.person(ANN)
    strict = stage.client(registration=ClientRegistration(default_max_age=60))
    browser = approved(stage, strict)
    stage.clock.advance(minutes=2)
    assert browser.get(stage.authorize_url(strict)).url.path == "/sign-in"
    assert "code" in answer_of(browser.get(stage.authorize_url(strict, max_age="3600")))


# --- login_hint ---------------------------------------------------------------------------------


def test_a_hint_fills_in_the_address(stage: Stage, client: Client) -> None:
    page = stage.browser().get(stage.authorize_url(client, login_hint=ANN))
    assert stage.fields(page)["email"] == ANN


@pytest.mark.parametrize("hint", ["nobody@example.com", '"><script>alert(1)</script>', "ß" * 300])
def test_a_hint_tells_nothing_and_does_nothing(stage: Stage, client: Client, hint: str) -> None:
    known = stage.browser().get(stage.authorize_url(client, login_hint=ANN))
    other = stage.browser().get(stage.authorize_url(client, login_hint=hint))
    assert other.status_code == known.status_code == 200
    assert stage.fields(other)["email"] == hint
    assert "<script>" not in other.text
    assert [form["fields"].keys() for form in Forms(other.text).found] == [
        form["fields"].keys() for form in Forms(known.text).found
    ]
    assert stage.letters.sent == []


def test_a_hint_does_not_sign_anybody_in(stage: Stage, client: Client) -> None:
    browser = approved(stage, client)
    answer = answer_of(browser.get(stage.authorize_url(client, login_hint=BOB)))
    assert claims_of(tokens(stage, client, answer)["access_token"])["user"] == ANN


# --- id_token_hint (§3.1.2.1, §3.1.2.2) ----------------------------------------------------------


def test_the_person_of_the_hint_goes_on_at_once_however_old_it_is(
    stage: Stage, client: Client
) -> None:
    browser = approved(stage, client)
    hint = id_token(stage, client, browser)
    stage.clock.advance(hours=20)
    assert claims_of(hint)["exp"] < stage.clock().timestamp()
    silent = stage.authorize_url(client, id_token_hint=hint, prompt="none")
    assert "code" in answer_of(browser.get(silent))


def test_a_hint_at_somebody_else_is_login_required_or_asks(stage: Stage, client: Client) -> None:
    bobs = id_token(stage, client, approved(stage, client, BOB))
    for browser in (approved(stage, client), stage.browser()):
        silent = stage.authorize_url(client, id_token_hint=bobs, prompt="none")
        assert answer_of(browser.get(silent))["error"] == "login_required"
    browser = stage.signed_in(ANN)
    stage.clock.advance(hours=1)
    asked = browser.get(stage.authorize_url(client, scope="openid", id_token_hint=bobs))
    assert stage.fields(asked)["email"] == ""
    answer = answer_of(signs_in(stage, browser, asked, BOB))
    subject = claims_of(tokens(stage, client, answer)["id_token"])["sub"]
    assert subject == claims_of(bobs)["sub"]


def test_another_than_expected_gets_no_token(stage: Stage, client: Client) -> None:
    bobs = id_token(stage, client, approved(stage, client, BOB))
    browser = stage.browser()
    asked = browser.get(stage.authorize_url(client, id_token_hint=bobs))
    assert answer_of(signs_in(stage, browser, asked, ANN))["error"] == "login_required"


def test_what_is_no_id_token_of_this_client_is_no_hint(stage: Stage, client: Client) -> None:
    browser = approved(stage, client)
    answer = answer_of(browser.get(stage.authorize_url(client, scope="openid")))
    ours = tokens(stage, client, answer)
    head, body, signature = ours["id_token"].split(".")
    other = stage.client()
    others = id_token(stage, other, approved(stage, other, BOB))
    bad = {
        "garbage": "hint",
        "access token": ours["access_token"],
        "unsigned": f"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}.",
        "signature cut": f"{head}.{body}.{signature[:-8]}",
        "signature of another": f"{head}.{body}.{others.rpartition('.')[2]}",
        "another client's": others,
        "too long": f"{head}.{'A' * 20_000}.{signature}",
    }
    for name, hint in bad.items():
        for prompt in (None, "none"):
            url = stage.authorize_url(client, id_token_hint=hint, prompt=prompt)
            assert answer_of(browser.ask("GET", url))["error"] == "invalid_request", name


def test_another_workspaces_id_token_is_no_hint(stage: Stage, client: Client) -> None:
    here = stage.workspace
    stage.workspace = stage.add_workspace("Other")
    stage.person(ANN)
    elsewhere = stage.client()
    foreign = id_token(stage, elsewhere, approved(stage, elsewhere))
    stage.workspace = here
    url = stage.authorize_url(client, id_token_hint=foreign)
    assert answer_of(stage.browser().ask("GET", url))["error"] == "invalid_request"


# --- claims (§5.5) ------------------------------------------------------------------------------


def sub_claim(subject: str) -> str:
    return json.dumps({"id_token": {"sub": {"value": subject}}})


def test_a_subject_asked_for_by_value_is_the_only_one_answered(
    stage: Stage, client: Client
) -> None:
    browser = approved(stage, client)
    ann = claims_of(id_token(stage, client, browser))["sub"]
    same = stage.authorize_url(client, claims=sub_claim(ann), prompt="none")
    assert "code" in answer_of(browser.get(same))
    other = stage.authorize_url(client, claims=sub_claim("somebody-else"), prompt="none")
    assert answer_of(browser.get(other))["error"] == "login_required"


def test_claims_asked_for_by_name_are_shown_and_approved_first(stage: Stage) -> None:
    stage.person(ANN)
    client = stage.client()
    browser = approved(stage, client, scope="openid")
    url = stage.authorize_url(
        client, scope="openid", claims='{"id_token": {"email": {"essential": true}}}'
    )
    consent = browser.get(url)
    assert "See your email address" in consent.text
    answer = answer_of(browser.submit(consent))
    assert claims_of(tokens(stage, client, answer)["id_token"])["email"] == ANN
    assert "code" in answer_of(browser.get(url))


# --- answered once, and to nobody else ------------------------------------------------------------


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_a_page_that_is_sent_twice_answers_once(
    stage: Stage, client: Client, first: int, second: int
) -> None:
    browser = stage.signed_in(ANN)
    consent = browser.get(stage.authorize_url(client))
    answer = answer_of(browser.submit(consent, button=first))
    again = browser.submit(consent, button=second)
    assert again.status_code == 409
    assert "location" not in again.headers
    assert browser.get(str(consent.url)).status_code == 409
    assert (stage.exchange(client, answer.get("code", "")).status_code == 200) is (first == 0)


def test_one_authorization_is_answered_in_one_browser_only(stage: Stage, client: Client) -> None:
    ann, bob = stage.signed_in(ANN), stage.signed_in(BOB)
    consent = ann.get(stage.authorize_url(client))
    others = bob.get(str(consent.url))
    assert "code" in answer_of(ann.submit(consent))
    assert bob.submit(others).status_code == 409


def test_what_the_client_gave_up_meanwhile_is_no_place_to_answer(
    stage: Stage, client: Client
) -> None:
    browser = stage.signed_in(ANN)
    consent = browser.get(stage.authorize_url(client))
    with stage.database.write() as tx:
        gone = schema.clients.update().where(schema.clients.c.id == client.id)
        tx.run(gone.values(redirect_uris=["https://new.example/cb"]))
    answered = browser.submit(consent)
    assert answered.status_code == 400
    assert "location" not in answered.headers


# --- the pages (§16, RFC 9700 §4.16) --------------------------------------------------------------


def pages(stage: Stage, client: Client) -> dict[str, httpx.Response]:
    """Every page between a request and its answer."""
    browser = stage.browser()
    asked = browser.get(stage.authorize_url(client, login_hint=ANN))
    code = browser.submit(asked, email=ANN)
    link = browser.get(stage.letters.link)
    consent = browser.submit(link)
    stage.clock.advance(minutes=1)
    choice = browser.get(stage.authorize_url(client, prompt="select_account"))
    url = stage.authorize_url(client, response_mode="form_post", response_type="token")
    return {
        "sign-in": asked,
        "code": code,
        "link": link,
        "consent": consent,
        "choice": choice,
        "form_post": browser.get(url),
        "refusal": browser.get(stage.authorize_url(client, redirect_uri="https://evil.example")),
    }


def test_no_page_may_be_framed_kept_or_led_astray(stage: Stage, client: Client) -> None:
    for name, page in pages(stage, client).items():
        policy = page.headers["content-security-policy"].split("; ")
        assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy)
        assert page.headers["x-frame-options"] == "DENY", name
        assert page.headers["cache-control"] == "no-store", name
        assert "unsafe" not in page.headers["content-security-policy"], name
        assert ("<script" in page.text) is (name == "form_post")
        (scripts,) = (part for part in policy if part.startswith("script-src "))
        if name == "form_post":
            assert scripts.startswith("script-src 'sha256-"), name
        else:
            assert scripts == "script-src 'self'", name


def test_a_form_leads_here_or_to_the_client_that_waits(stage: Stage, client: Client) -> None:
    found = {}
    for name, page in pages(stage, client).items():
        policy = page.headers["content-security-policy"].split("; ")
        found[name] = next(part for part in policy if part.startswith("form-action"))
    onwards = "form-action 'self' https:"
    assert found == {
        "sign-in": "form-action 'self'",
        "code": onwards,
        "link": onwards,
        "consent": onwards,
        "choice": onwards,
        "form_post": onwards,
        "refusal": "form-action 'self'",
    }


def test_a_stranger_to_the_letter_is_not_told_which_client_waits(
    stage: Stage, client: Client
) -> None:
    browser = stage.browser()
    browser.submit(browser.get(stage.authorize_url(client)), email=ANN)
    elsewhere = stage.browser().get(stage.letters.link)
    assert "form-action 'self'" in elsewhere.headers["content-security-policy"].split("; ")


def test_an_unregistered_person_is_told_to_the_client_alone(stage: Stage, client: Client) -> None:
    stage.person("mia@example.com", kind=PrincipalKind.MEMBER, role="iotman:viewer")
    browser = stage.signed_in("mia@example.com")
    answer = answer_of(browser.get(stage.authorize_url(client)), at=CALLBACK)
    assert answer["error"] == "access_denied"


# --- discovery ----------------------------------------------------------------------------------


def test_discovery_says_what_may_be_asked(stage: Stage, client: Client) -> None:
    metadata = stage.browser().get(f"{stage.issuer}/.well-known/openid-configuration").json()
    assert metadata["prompt_values_supported"] == ["none", "login", "consent", "select_account"]
    assert metadata["claims_parameter_supported"] is True
    assert metadata["ui_locales_supported"] == ["en", "de", "fr"]
    assert metadata["display_values_supported"] == ["page"]
    browser = approved(stage, client)
    stage.clock.advance(minutes=1)
    for prompt in metadata["prompt_values_supported"]:
        response = browser.get(stage.authorize_url(client, prompt=prompt))
        assert response.status_code == (303 if prompt == "none" else 200)
