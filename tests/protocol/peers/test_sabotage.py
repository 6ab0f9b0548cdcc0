"""Every foreign client notices when the check that it exercises is switched off."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.protocol.peers import (
    sabotaged,
    test_authlib,
    test_mcp_client,
    test_mod_auth_openidc,
    test_nginx,
    test_oauth4webapi,
    test_openid_client,
    test_requests_oauthlib,
)
from tests.protocol.peers.conftest import staged, standing
from tests.protocol.peers.test_mcp_client import managing
from tests.protocol.peers.test_oidc_client_ts import (
    test_oidc_client_ts_signs_in_renews_and_out_and_is_refused_afterwards as in_a_browser,
)

Peer = Callable[..., None]
PEERS: dict[str, tuple[Peer, str]] = {
    "oauth4webapi": (
        test_oauth4webapi.test_oauth4webapi_completes_every_grant_and_is_refused_what_it_must_not_have,
        "code verifier",
    ),
    "openid-client": (
        test_openid_client.test_openid_client_signs_people_in_by_every_flow_and_is_refused_what_it_must_not_have,
        "signature",
    ),
    "authlib": (test_authlib.test_authlib_is_refused_with_a_wrong_secret, "client secret"),
    "requests-oauthlib": (
        test_requests_oauthlib.test_requests_oauthlib_gets_a_programs_token_and_none_with_a_wrong_secret,
        "client secret",
    ),
    "mod_auth_openidc": (
        test_mod_auth_openidc.test_apache_shows_its_page_to_who_signed_in_and_not_with_a_wrong_secret,
        "client secret",
    ),
    "nginx": (test_nginx.test_nginx_lets_pass_who_holds_the_scope_and_nobody_else, "liveness"),
}
UNNOTICED = (AssertionError, pytest.fail.Exception)


def without(check: str) -> tuple[str, ...]:
    """The program that serves without this check."""
    return sys.executable, sabotaged.__file__, check


@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_fails_when_the_check_that_it_exercises_is_off(
    peer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    drive, check = PEERS[peer]
    with (
        standing(tmp_path, *without(check)) as world,
        staged(world) as stage,
        pytest.raises(UNNOTICED),
    ):
        drive(stage)


def test_the_mcp_client_fails_when_a_revoked_session_goes_on(tmp_path: Path) -> None:
    with (
        managing(tmp_path, *without("liveness")) as managed,
        pytest.raises(AssertionError, match="1 == 2"),
    ):
        test_mcp_client.test_the_mcp_client_has_to_ask_again_once_its_session_is_revoked(managed)


# The last of the file: Playwright keeps an event loop of its own from here on.
def test_oidc_client_ts_fails_when_an_ended_session_goes_on(tmp_path: Path, page: Page) -> None:
    with (
        standing(tmp_path, *without("end of a session")) as world,
        staged(world) as stage,
        pytest.raises(AssertionError, match="invalid_grant"),
    ):
        in_a_browser(stage, page)
