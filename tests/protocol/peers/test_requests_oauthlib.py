"""requests-oauthlib, the oldest client in the field, does its grants and is refused in time."""

from __future__ import annotations

from typing import Any

import pytest
from oauthlib.oauth2 import BackendApplicationClient, InvalidClientError, InvalidGrantError
from requests_oauthlib import OAuth2Session

from tests.protocol.peers.conftest import SCOPE, Stage
from tests.visitors import REDIRECT_URI


@pytest.fixture(autouse=True)
def _loopback_has_no_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def signed_in(stage: Stage, session: Any, **more: str) -> dict[str, Any]:
    """The tokens of a person who has approved."""
    url, _ = session.authorization_url(
        stage.world.metadata["authorization_endpoint"], nonce="a-nonce-of-its-own"
    )
    arrived = stage.callback(url)
    tokens: dict[str, Any] = session.fetch_token(
        stage.world.metadata["token_endpoint"], authorization_response=arrived, **more
    )
    return tokens


def test_requests_oauthlib_signs_a_person_in_and_refreshes_until_it_is_refused(
    stage: Stage,
) -> None:
    metadata = stage.world.metadata
    session = OAuth2Session(
        stage.phone.id, redirect_uri=REDIRECT_URI, scope=["openid", SCOPE], pkce="S256"
    )
    tokens = signed_in(stage, session, include_client_id=True)  # type: ignore[arg-type]
    info = session.get(metadata["userinfo_endpoint"]).json()
    assert info["email"] == stage.mailbox.address
    first = tokens["refresh_token"]
    tokens = session.refresh_token(metadata["token_endpoint"], client_id=stage.phone.id)
    assert tokens["refresh_token"] != first
    tokens = session.refresh_token(metadata["token_endpoint"], client_id=stage.phone.id)
    with pytest.raises(InvalidGrantError):  # the first, whose successor has been used
        session.refresh_token(
            metadata["token_endpoint"], refresh_token=first, client_id=stage.phone.id
        )


def test_requests_oauthlib_gets_a_programs_token_and_none_with_a_wrong_secret(
    stage: Stage,
) -> None:
    url, machine = stage.world.metadata["token_endpoint"], stage.machine
    session = OAuth2Session(client=BackendApplicationClient(machine.id, scope=[SCOPE]))
    tokens = session.fetch_token(url, client_id=machine.id, client_secret=machine.secret)
    assert tokens["scope"] == [SCOPE]
    with pytest.raises(InvalidClientError):
        session.fetch_token(url, client_id=machine.id, client_secret="sws_wrong")
