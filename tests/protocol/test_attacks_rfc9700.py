"""RFC 9700 §2 and §4: every attack that it names, with the tests that show it fail.

`SHOWN` is the whole list. What no file of a specification shows is shown here.
"""

from __future__ import annotations

import httpx
import pytest

from scopewright.core.model import ClientType
from scopewright.store import schema
from tests.people import Forms, Stage, answer_of
from tests.protocol.attacks import Attacks, missing
from tests.protocol.issuer import REDIRECT_URI, Issuer, assert_refused, bearer

ANN, EVE = "ann@example.com", "eve@example.com"
EVIL = "https://evil.example/callback"

SHOWN: Attacks = {
    "2.1 redirect-based flows": [
        (
            "protocol/test_rfc6749_authorization_code.py",
            "test_a_redirect_uri_that_differs_at_all_is_a_page_and_no_redirect",
        ),
    ],
    "2.1.1 authorization code grant": [
        ("protocol/test_rfc7636_pkce.py", "test_a_client_that_must_use_pkce_is_told_so"),
    ],
    "2.1.2 implicit grant": [
        ("protocol/test_attacks_rfc9700.py", "test_2_1_2_no_token_comes_by_the_browser"),
    ],
    "2.2.1 replay of access tokens": [
        ("protocol/test_rfc9449_dpop.py", "test_a_stolen_bound_token_is_worth_nothing"),
        (
            "protocol/test_rfc8705_mtls.py",
            "test_a_bound_token_needs_its_certificate_where_it_is_shown",
        ),
    ],
    "2.2.2 replay of refresh tokens": [
        ("protocol/test_rfc6749_refresh.py", "test_after_the_grace_a_second_use_ends_the_session"),
        (
            "protocol/test_rfc9449_dpop.py",
            "test_a_public_clients_refresh_token_needs_its_key_and_a_thief_ends_nothing",
        ),
    ],
    "2.3 privileges of access tokens": [
        (
            "protocol/test_rfc8707_resource.py",
            "test_our_own_endpoints_take_only_tokens_for_the_workspace",
        ),
        (
            "protocol/test_rfc9396_authorization_details.py",
            "test_only_details_whose_scope_is_held_are_given",
        ),
    ],
    "2.4 resource owner password credentials": [
        ("protocol/test_bad_input.py", "test_grants_that_never_were_are_refused"),
        ("protocol/test_discovery_says_what_is.py", "test_grant_types"),
    ],
    "2.5 client authentication": [
        (
            "protocol/test_rfc7523_private_key_jwt.py",
            "test_an_assertion_counts_once_at_whatever_endpoint",
        ),
        (
            "protocol/test_rfc6749_client_authentication.py",
            "test_unknown_client_and_wrong_secret_run_the_same_comparisons",
        ),
    ],
    "2.6 other recommendations": [
        (
            "protocol/test_rfc8414_metadata.py",
            "test_the_same_document_stands_at_all_four_addresses",
        ),
        ("protocol/test_cors.py", "test_no_page_is_for_scripts_of_other_sites"),
    ],
    "4.1 insufficient redirect URI validation": [
        (
            "protocol/test_rfc6749_authorization_code.py",
            "test_a_redirect_uri_that_differs_at_all_is_a_page_and_no_redirect",
        ),
        ("core/test_redirect_uris.py", "test_a_redirect_uri_is_compared_character_by_character"),
        (
            "protocol/test_rfc8252_native_apps.py",
            "test_only_loopback_addresses_are_free_to_choose_a_port",
        ),
    ],
    "4.2 leakage by Referer headers": [
        (
            "protocol/test_attacks_rfc9700.py",
            "test_4_2_no_page_tells_other_sites_where_the_browser_was",
        ),
    ],
    "4.3.1 codes in the browser's history": [
        ("protocol/test_rfc6749_authorization_code.py", "test_a_code_works_once_and_for_a_minute"),
    ],
    "4.3.2 access tokens in the browser's history": [
        ("protocol/test_attacks_rfc9700.py", "test_4_3_2_a_token_in_an_address_opens_nothing"),
    ],
    "4.4 mix-up": [
        ("protocol/test_rfc9207_issuer.py", "test_a_code_comes_with_the_issuer"),
        (
            "protocol/test_attacks_rfc9700.py",
            "test_4_4_a_code_at_another_issuer_is_worth_nothing_and_stays_good",
        ),
    ],
    "4.5 injection of authorization codes": [
        (
            "protocol/test_attacks_rfc9700.py",
            "test_4_5_a_stolen_code_is_worth_nothing_in_the_thiefs_own_session",
        ),
    ],
    "4.6 injection of access tokens": [
        ("protocol/test_attacks_rfc9700.py", "test_2_1_2_no_token_comes_by_the_browser"),
        ("protocol/test_oidc_id_token.py", "test_each_client_is_told_apart_of_the_same_person"),
    ],
    "4.7 cross-site request forgery": [
        (
            "protocol/test_rfc6749_authorization_code.py",
            "test_an_answer_from_another_site_or_browser_decides_nothing",
        ),
        ("protocol/test_rfc6749_authorization_code.py", "test_the_state_comes_back_as_it_was"),
        (
            "protocol/test_sign_in_by_letter.py",
            "test_a_form_from_another_site_or_browser_is_refused",
        ),
        (
            "protocol/test_attacks_rfc9700.py",
            "test_4_7_a_code_planted_in_a_victims_browser_fits_no_verifier_of_theirs",
        ),
    ],
    "4.8 PKCE downgrade": [
        (
            "protocol/test_attacks_rfc9700.py",
            "test_4_8_a_request_whose_challenge_was_stripped_gives_no_token",
        ),
    ],
    "4.9.1 counterfeit resource servers": [
        (
            "protocol/test_rfc8707_resource.py",
            "test_what_one_endpoint_has_accepted_does_not_pass_at_another",
        ),
        ("protocol/test_rfc9449_dpop.py", "test_a_proof_of_one_request_opens_no_other"),
    ],
    "4.9.2 compromised resource servers": [
        (
            "protocol/test_rfc8693_token_exchange.py",
            "test_a_token_for_a_resource_never_becomes_one_for_the_workspace",
        ),
        (
            "protocol/test_mcp.py",
            "test_a_token_for_the_workspace_is_none_for_its_management_and_the_other_way_round",
        ),
    ],
    "4.10.1 sender-constrained access tokens": [
        ("protocol/test_rfc9449_dpop.py", "test_a_stolen_bound_token_is_worth_nothing"),
        ("protocol/test_rfc9449_dpop.py", "test_nothing_unbound_passes_under_dpop"),
        (
            "guard/test_bound_tokens.py",
            "test_a_stolen_bound_token_is_worth_nothing_as_a_bearer_token",
        ),
    ],
    "4.10.2 audience-restricted access tokens": [
        ("gateway/test_verify.py", "test_a_token_counts_for_its_own_audience_only"),
    ],
    "4.11.1 the client as open redirector": [
        (
            "protocol/test_oidc_rp_initiated_logout.py",
            "test_the_browser_is_sent_nowhere_that_the_client_has_not_registered",
        ),
    ],
    "4.11.2 the authorization server as open redirector": [
        (
            "protocol/test_attacks_rfc9700.py",
            "test_4_11_2_no_error_sends_the_browser_to_who_is_not_registered",
        ),
        ("protocol/test_sign_in_by_letter.py", "test_nobody_is_sent_on_to_anywhere_else"),
        (
            "protocol/test_oidc_rp_initiated_logout.py",
            "test_nor_from_the_page_nor_by_a_changed_form",
        ),
    ],
    "4.12 307 redirect": [
        (
            "protocol/test_attacks_rfc9700.py",
            "test_4_12_what_somebody_typed_is_posted_nowhere_again",
        ),
    ],
    "4.13 TLS-terminating reverse proxies": [
        (
            "protocol/test_rfc8705_mtls.py",
            "test_a_header_from_an_untrusted_address_is_not_believed",
        ),
        (
            "protocol/test_rfc8705_mtls.py",
            "test_nginx_tells_the_certificate_and_nobody_can_tell_it_another",
        ),
        (
            "protocol/test_rfc9449_dpop.py",
            "test_who_is_no_trusted_proxy_learns_nothing_about_a_bound_token",
        ),
    ],
    "4.14 refresh token protection": [
        (
            "protocol/test_rfc6749_refresh.py",
            "test_a_second_use_ends_the_session_once_the_successor_was_used",
        ),
        (
            "protocol/test_rfc6749_refresh.py",
            "test_a_confidential_client_must_prove_itself_at_each_refresh",
        ),
        (
            "protocol/test_rfc6749_refresh.py",
            "test_another_client_can_neither_use_nor_end_a_session",
        ),
    ],
    "4.15 client impersonating resource owner": [
        ("protocol/test_attacks_rfc9700.py", "test_4_15_no_client_can_be_taken_for_a_person"),
    ],
    "4.16 clickjacking": [
        ("protocol/test_oidc_core.py", "test_no_page_may_be_framed_kept_or_led_astray"),
        ("protocol/test_rfc8628_device.py", "test_the_pages_can_neither_be_framed_nor_kept"),
        (
            "protocol/test_oidc_rp_initiated_logout.py",
            "test_the_page_can_neither_be_framed_nor_kept",
        ),
        ("browser/test_sign_in.py", "test_pages_stand_in_no_frame"),
    ],
    "4.17 in-browser communication": [
        ("protocol/test_form_post.py", "test_another_mode_is_refused_in_the_query"),
        ("protocol/test_discovery_says_what_is.py", "test_the_values_of_a_parameter"),
    ],
    # Beside the list of the specification, what a client could smuggle in.
    "replayed assertions and proofs": [
        (
            "protocol/test_rfc7523_private_key_jwt.py",
            "test_an_assertion_counts_once_at_whatever_endpoint",
        ),
        ("protocol/test_rfc7523_jwt_bearer.py", "test_an_assertion_counts_once"),
        ("protocol/test_rfc9449_dpop.py", "test_a_proof_counts_once_and_its_name_too"),
        ("protocol/test_rfc9101_jar.py", "test_an_object_counts_once_with_a_jti_and_without"),
    ],
    "jku, x5u and keys in headers": [
        (
            "protocol/test_rfc7523_private_key_jwt.py",
            "test_a_key_in_the_header_is_refused_even_where_it_signed",
        ),
        (
            "protocol/test_rfc7523_jwt_bearer.py",
            "test_a_header_that_chooses_its_own_key_or_algorithm_is_refused",
        ),
        ("protocol/test_rfc9101_jar.py", "test_an_object_brings_no_key_of_its_own"),
        ("guard/test_dpop.py", "test_a_header_that_names_another_key_is_refused"),
    ],
    "algorithm confusion": [
        ("protocol/test_rfc9101_jar.py", "test_a_public_key_is_no_secret_to_sign_with"),
        ("protocol/test_rfc9101_jar.py", "test_an_unsigned_object_is_refused"),
        ("protocol/test_rfc7523_private_key_jwt.py", "test_client_secret_jwt_is_no_method_here"),
        ("guard/test_jws.py", "test_no_other_algorithm_is_believed"),
        ("guard/test_dpop.py", "test_a_shared_secret_proves_nothing"),
    ],
    "encrypted or oversized objects": [
        ("protocol/test_rfc9101_jar.py", "test_an_encrypted_object_is_refused"),
        ("protocol/test_rfc9101_jar.py", "test_an_oversized_object_is_refused"),
        ("guard/test_jws.py", "test_what_is_too_large_is_not_even_read"),
    ],
    "request_uri to private addresses": [
        ("protocol/test_rfc9126_par.py", "test_a_request_elsewhere_is_never_fetched"),
        ("outbound/test_fetcher.py", "test_private_networks_are_not_asked"),
    ],
    "open redirect through post_logout_redirect_uri": [
        (
            "protocol/test_oidc_rp_initiated_logout.py",
            "test_the_browser_is_sent_nowhere_that_the_client_has_not_registered",
        ),
        (
            "protocol/test_oidc_rp_initiated_logout.py",
            "test_another_clients_address_is_not_followed",
        ),
    ],
    "double submits": [
        ("protocol/test_oidc_core.py", "test_a_page_that_is_sent_twice_answers_once"),
        ("protocol/test_rfc8628_device.py", "test_an_answer_counts_once"),
    ],
}


def test_every_test_that_is_listed_exists() -> None:
    assert missing(SHOWN) == []


@pytest.mark.parametrize(
    "response_type", ["token", "id_token", "code token", "code id_token", "id_token token"]
)
def test_2_1_2_no_token_comes_by_the_browser(stage: Stage, response_type: str) -> None:
    stage.person(ANN)
    client, browser = stage.client(), stage.signed_in(ANN)
    answer = browser.get(stage.authorize_url(client, response_type=response_type, nonce="n"))
    assert answer_of(answer)["error"] == "unsupported_response_type"
    assert "token=" not in answer.headers["location"]
    assert "#" not in answer.headers["location"]


def test_4_2_no_page_tells_other_sites_where_the_browser_was(stage: Stage) -> None:
    stage.person(ANN)
    client, browser = stage.client(), stage.browser()
    asked = browser.get(stage.authorize_url(client))
    code = browser.submit(asked, email=ANN)
    link = browser.get(stage.letters.link)
    consent = browser.submit(link)
    refusal = browser.get(stage.authorize_url(client, redirect_uri=EVIL))
    answered = browser.submit(consent)
    assert "code" in answer_of(answered)
    for page in (asked, code, link, consent, refusal, answered):
        assert page.headers["referrer-policy"] in ("same-origin", "no-referrer"), page.url
        assert loaded_from(page) <= {"data:"}, page.url


def loaded_from(page: httpx.Response) -> set[str]:
    """From where beside ourselves a page may load anything, by its policy."""
    policy = page.headers.get("content-security-policy", "default-src 'none'").split("; ")
    loads = [part for part in policy if not part.startswith(("form-action", "frame-ancestors"))]
    return {word for part in loads for word in part.split()[1:] if not word.startswith("'")}


def test_4_3_2_a_token_in_an_address_opens_nothing(issuer: Issuer) -> None:
    token = issuer.access_token(issuer.machine("iotman:scopes:read"))
    api = f"{issuer.site.url}/api/workspaces/{issuer.id}/scopes"
    assert issuer.http.get(api, headers=bearer(token)).status_code == 200
    for url in (api, f"{issuer.issuer}/userinfo", f"{issuer.site.url}/api/whoami"):
        answer = issuer.http.get(url, params={"access_token": token})
        assert answer.status_code in (401, 422)
        assert token not in answer.text


def test_4_4_a_code_at_another_issuer_is_worth_nothing_and_stays_good(
    issuer: Issuer, stranger: Issuer
) -> None:
    client, person = issuer.phone_app(), issuer.person("a")
    code = issuer.code(client, person)
    assert_refused(stranger.redeem(client, code), 401, "invalid_client")
    assert_refused(stranger.redeem(stranger.phone_app(), code), 400, "invalid_grant")
    assert issuer.redeem(client, code).status_code == 200


@pytest.mark.parametrize("kind", [ClientType.PKCE, ClientType.AUTHORIZATION_CODE])
def test_4_5_a_stolen_code_is_worth_nothing_in_the_thiefs_own_session(
    issuer: Issuer, kind: ClientType
) -> None:
    client, other = issuer.register(kind), issuer.register(kind)
    code = issuer.code(client, issuer.person("a"))
    assert_refused(issuer.redeem(client, code, code_verifier="e" * 43), 400, "invalid_grant")
    assert_refused(issuer.redeem(other, code), 400, "invalid_grant")
    elsewhere = issuer.redeem(client, code, redirect_uri=f"{REDIRECT_URI}/other")
    assert_refused(elsewhere, 400, "invalid_grant")


def test_4_7_a_code_planted_in_a_victims_browser_fits_no_verifier_of_theirs(stage: Stage) -> None:
    stage.person(EVE)
    client, eve = stage.client(), stage.signed_in(EVE)
    planted = answer_of(eve.submit(eve.get(stage.authorize_url(client, state="eves"))))
    assert planted["state"] == "eves"
    answer = stage.exchange(
        client, planted["code"], code_verifier="the-verifier-of-the-victim-" * 2
    )
    assert_refused(answer, 400, "invalid_grant")


def test_4_8_a_request_whose_challenge_was_stripped_gives_no_token(stage: Stage) -> None:
    stage.person(ANN)
    unable, browser = stage.confidential("s3cret", require_pkce=False), stage.signed_in(ANN)
    stripped = stage.authorize_url(unable, code_challenge=None, code_challenge_method=None)
    code = answer_of(browser.submit(browser.get(stripped)))["code"]
    answer = stage.exchange(unable, code, client_secret="s3cret")
    assert_refused(answer, 400, "invalid_grant")
    asked = stage.authorize_url(unable)
    page = browser.get(asked)
    code = answer_of(page if page.has_redirect_location else browser.submit(page))["code"]
    form = {"grant_type": "authorization_code", "client_id": unable.id, "client_secret": "s3cret"}
    form |= {"code": code, "redirect_uri": unable.redirect_uris[0]}
    unproven = stage.browser().ask("POST", f"{stage.issuer}/token", data=form)
    assert_refused(unproven, 400, "invalid_grant")


@pytest.mark.parametrize(
    "said",
    [
        {"response_type": "token"},
        {"prompt": "none"},
        {"scope": "no/such"},
        {"request": "x"},
        {"request_uri": "https://evil.example/request"},
        {"response_mode": "form_post"},
        {"code_challenge_method": "plain"},
    ],
    ids=str,
)
def test_4_11_2_no_error_sends_the_browser_to_who_is_not_registered(
    stage: Stage, said: dict[str, str]
) -> None:
    answer = stage.browser().ask(
        "GET", stage.authorize_url(stage.client(), redirect_uri=EVIL, **said)
    )
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert EVIL not in answer.text
    assert stage.grown(schema.authorizations) == 0


def test_4_12_what_somebody_typed_is_posted_nowhere_again(stage: Stage) -> None:
    stage.person(ANN)
    client, browser = stage.client(), stage.browser()
    asked = browser.get(stage.authorize_url(client))
    sent = {**stage.fields(asked), "email": ANN}
    letter = browser.ask("POST", "/sign-in", data=sent)
    browser.get(letter.headers["location"])
    link = browser.get(stage.letters.link)
    signed_in = browser.ask("POST", str(link.url), data=stage.fields(link))
    consent = browser.get(signed_in.headers["location"])
    form = {**stage.fields(consent), "decision": "approve"}
    answered = browser.ask("POST", str(consent.url), data=form)
    assert "code" in answer_of(answered)
    stage.clock.advance(minutes=1)
    choice = browser.get(stage.authorize_url(client, prompt="select_account"))
    shown = Forms(choice.text).found[0]
    chosen = browser.ask("POST", str(choice.url), data=shown["fields"] | shown["buttons"][0])
    answers = (letter, signed_in, answered, chosen)
    assert [one.status_code for one in answers] == [303, 303, 303, 303]


def test_4_15_no_client_can_be_taken_for_a_person(issuer: Issuer) -> None:
    machine, person = issuer.machine("a"), issuer.person("a", email="client@example.com")
    token = issuer.access_token(machine)
    told = issuer.introspect(machine, token)
    assert told["sub"] == told["client_id"] == machine.id != person
    assert "user" not in told
    assert issuer.userinfo(token).status_code == 403
    assert_refused(issuer.token(machine, scope="openid"), 400, "invalid_scope")
