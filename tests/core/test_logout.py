"""Where a browser may go after logging out, and how often clients are told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.logout import EVENT, PAUSES, LogoutNotice, LogoutRequest, is_answered
from scopewright.core.registration import ClientRegistration
from tests.core.nouns import NOW, a_client

THERE = "https://app.example/signed-out"
REGISTERED = (THERE, "https://app.example/bye?lang=en", "com.example.app:/bye")
CLIENT = a_client(registration=ClientRegistration(post_logout_redirect_uris=REGISTERED))


def going_to(uri: str | None, state: str | None = None) -> LogoutRequest:
    return LogoutRequest(post_logout_redirect_uri=uri, state=state)


@pytest.mark.parametrize("uri", REGISTERED)
def test_the_browser_goes_where_its_client_has_registered(uri: str) -> None:
    assert going_to(uri).answer_at(CLIENT) == uri


def test_the_state_goes_with_it_whatever_it_holds() -> None:
    state = "a&b=c#d é/?"
    for uri in REGISTERED:
        answer_at = going_to(uri, state).answer_at(CLIENT) or ""
        assert answer_at.startswith(uri)
        assert parse_qs(urlsplit(answer_at).query)["state"] == [state]


@pytest.mark.parametrize(
    "uri",
    [
        None,
        "",
        "https://app.example/signed-out/",
        "https://app.example/signed-out?x=1",
        "https://app.example:443/signed-out",
        "HTTPS://app.example/signed-out",
        "https://app.example/signed-out#",
        "https://app.example@evil.example/signed-out",
        "https://evil.example/?https://app.example/signed-out",
        "//app.example/signed-out",
        "javascript:alert(1)",
    ],
)
def test_it_goes_nowhere_else(uri: str | None) -> None:
    assert going_to(uri, "s").answer_at(CLIENT) is None


def test_it_goes_nowhere_for_a_client_that_is_in_doubt_or_has_registered_nothing() -> None:
    assert going_to(THERE).answer_at(None) is None
    assert going_to(THERE).answer_at(a_client()) is None


@given(st.text(max_size=40), st.none() | st.text(max_size=10))
def test_no_text_at_all_leads_to_a_stranger(uri: str, state: str | None) -> None:
    assert (going_to(uri, state).answer_at(CLIENT) is None) is (uri not in REGISTERED)


def test_of_a_request_only_what_the_specification_names_is_read() -> None:
    sent = {"id_token_hint": "h", "client_id": "c", "state": "s", "logout_hint": "x", "x": "y"}
    assert LogoutRequest.of(sent) == LogoutRequest("h", "c", None, "s")


# --- notices ------------------------------------------------------------------------------------


def a_notice(**said: Any) -> LogoutNotice:
    known: dict[str, Any] = {
        "id": "out_1",
        "workspace_id": "workspace",
        "client_id": "client",
        "principal_id": "ada",
        "session_id": "ses_1",
        "created_at": NOW,
        "next_at": NOW,
    }
    return LogoutNotice(**{**known, **said})


def test_a_notice_is_tried_at_growing_distances_and_then_given_up() -> None:
    notice, at, pauses = a_notice(), NOW, []
    while not notice.is_spent:
        notice = notice.tried(at=at)
        pauses.append(notice.next_at - at)
        at = notice.next_at
    assert tuple(pauses[:-1]) == PAUSES
    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=10)
    assert notice.tries == 6


def test_a_logout_token_says_whose_session_is_over_and_is_no_id_token() -> None:
    claims = a_notice().claims(issuer="https://i", audience="client", id="jti_1", now=NOW)
    now = int(NOW.timestamp())
    assert claims == {
        "iss": "https://i",
        "aud": "client",
        "iat": now,
        "exp": now + 120,
        "jti": "jti_1",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        "sub": "ada",
        "sid": "ses_1",
    }
    assert EVENT in claims["events"]


@pytest.mark.parametrize(
    ("status", "answered"),
    [(200, True), (204, True), (302, True), (400, True), (404, True), (408, False), (425, False),
     (429, False), (500, False), (503, False)],
)  # fmt: skip
def test_only_what_may_pass_is_worth_another_try(status: int, answered: bool) -> None:
    assert is_answered(status) is answered
