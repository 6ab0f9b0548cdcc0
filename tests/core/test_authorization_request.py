"""What an authorization request says: read whole, bounded, and refused in the standard's words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.authentication_context import LETTER
from scopewright.core.authorization_request import (
    LONGEST_OF,
    REQUEST_LIFETIME,
    AuthorizationRequest,
)
from scopewright.core.errors import (
    InvalidRequest,
    OAuthError,
    RegistrationNotSupported,
    UnmetAuthenticationRequirements,
    UnsupportedResponseType,
)
from scopewright.core.model import Authorization, Client
from scopewright.core.particulars import NO_PARTICULARS, Particulars
from scopewright.core.registration import ClientRegistration
from scopewright.store.compact import compact, restored
from tests.core.nouns import NOW, a_client

CALLBACK = "https://app.example/cb"
PLAIN_REQUEST = {
    "client_id": "client",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}


def registered(**said: Any) -> Client:
    return a_client(redirect_uris=(CALLBACK,), **said)


def asked(client: Client | None = None, **sent: str) -> Authorization:
    request = AuthorizationRequest([*{**PLAIN_REQUEST, **sent}.items()])
    return request.asked(client or registered(), id="aut", now=NOW)


def test_a_plain_request_says_nothing_in_particular() -> None:
    authorization = asked()
    assert authorization.particulars == NO_PARTICULARS
    assert authorization.prompt == frozenset()
    assert authorization.expires_at == NOW + REQUEST_LIFETIME
    assert timedelta(hours=1) == REQUEST_LIFETIME


def test_every_particular_is_kept() -> None:
    client = registered()
    request = AuthorizationRequest(
        [
            *PLAIN_REQUEST.items(),
            ("response_mode", "form_post"),
            ("resource", "https://one.example"),
            ("resource", "https://two.example"),
            ("claims", '{"userinfo": {"email": null}}'),
            ("max_age", "600"),
            ("acr_values", f"card {LETTER}"),
            ("login_hint", "ann@example.com"),
            ("ui_locales", "de-CH  de en de"),
            ("display", "popup"),
        ]
    )
    said = request.asked(client, id="aut", now=NOW, expected_subject="ada").particulars
    assert said == Particulars(
        response_mode="form_post",
        resources=("https://one.example", "https://two.example"),
        claims={"userinfo": {"email": {}}},
        max_age=600,
        acr_values=("card", LETTER),
        login_hint="ann@example.com",
        ui_locales=("de-CH", "de", "en"),
        expected_subject="ada",
    )
    assert restored(Particulars, compact(said)) == said


def test_an_empty_parameter_counts_as_missing() -> None:
    names = ("max_age", "prompt", "claims", "acr_values", "login_hint", "response_mode")
    assert asked(**dict.fromkeys(names, "")).particulars == NO_PARTICULARS


@pytest.mark.parametrize("said", ["-1", "1.5", "ten", " 1", "1e3", "9999999999", "٣"])
def test_a_max_age_is_a_whole_number_of_seconds(said: str) -> None:
    with pytest.raises(InvalidRequest):
        asked(max_age=said)


def test_what_a_client_registered_counts_where_its_request_is_silent() -> None:
    client = registered(registration=ClientRegistration(default_max_age=60))
    assert asked(client).particulars.max_age == 60
    assert asked(client, max_age="0").particulars.max_age == 0


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({"response_mode": "fragment"}, InvalidRequest),
        ({"response_mode": "query.jwt"}, InvalidRequest),
        ({"response_type": "code token"}, UnsupportedResponseType),
        ({"registration": "{}"}, RegistrationNotSupported),
        ({"prompt": "none login"}, InvalidRequest),
        ({"prompt": "create"}, InvalidRequest),
        ({"acr_values": "card"}, UnmetAuthenticationRequirements),
        ({"acr_values": f"card {LETTER}x"}, UnmetAuthenticationRequirements),
        (
            {"claims": '{"id_token": {"acr": {"essential": true, "value": "card"}}}'},
            UnmetAuthenticationRequirements,
        ),
    ],
)
def test_what_cannot_be_done_is_told_in_the_words_of_the_specification(
    sent: dict[str, str], error: type[OAuthError]
) -> None:
    with pytest.raises(error):
        asked(**sent)


@pytest.mark.parametrize(
    "acr",
    [
        '{"value": "card"}',
        '{"essential": false, "value": "card"}',
        '{"essential": true}',
        "null",
        f'{{"essential": true, "values": ["card", "{LETTER}"]}}',
    ],
)
def test_a_class_that_is_only_wished_for_refuses_nobody(acr: str) -> None:
    assert asked(claims=f'{{"id_token": {{"acr": {acr}}}}}').particulars.claims


@pytest.mark.parametrize("name", sorted(LONGEST_OF))
def test_a_parameter_has_an_end(name: str) -> None:
    with pytest.raises(InvalidRequest, match=name):
        asked(**{name: "x" * (LONGEST_OF[name] + 1)})


# --- how to answer ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "mode"),
    [
        ([], "query"),
        (["query"], "query"),
        (["form_post"], "form_post"),
        (["fragment"], "query"),
        ([""], "query"),
        (["form_post", "form_post"], "query"),
    ],
)
def test_an_error_goes_the_way_that_was_asked_for_if_that_is_clear(
    sent: list[str], mode: str
) -> None:
    request = AuthorizationRequest([("response_mode", value) for value in sent])
    assert request.response_mode == mode


def test_a_hint_is_read_once_and_only_if_it_could_be_a_token() -> None:
    assert AuthorizationRequest([]).id_token_hint is None
    assert AuthorizationRequest([("id_token_hint", "")]).id_token_hint is None
    assert AuthorizationRequest([("id_token_hint", "a.b.c")]).id_token_hint == "a.b.c"
    assert AuthorizationRequest([("id_token_hint", "a"), ("id_token_hint", "b")]).id_token_hint is (
        None
    )
    with pytest.raises(InvalidRequest):
        _ = AuthorizationRequest([("id_token_hint", "x" * 20_000)]).id_token_hint


PARAMETERS = [*PLAIN_REQUEST, *LONGEST_OF, "max_age", "response_mode", "resource"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(PARAMETERS),
            st.sampled_from([*PLAIN_REQUEST.values(), "none", "{}", "0", ""]) | st.text(),
        ),
        max_size=12,
    )
)
def test_whatever_is_sent_is_an_authorization_or_an_error_of_the_protocol(
    sent: list[tuple[str, str]],
) -> None:
    request = AuthorizationRequest([*PLAIN_REQUEST.items(), *sent])
    try:
        authorization = request.asked(registered(), id="aut", now=NOW)
    except OAuthError:
        return
    assert authorization.redirect_uri == CALLBACK
    assert authorization.code_challenge == PLAIN_REQUEST["code_challenge"]
