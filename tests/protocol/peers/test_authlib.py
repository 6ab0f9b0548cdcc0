"""Authlib's client completes every grant, and is refused in time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client

from tests.protocol.peers.conftest import SCOPE, Stage
from tests.visitors import REDIRECT_URI
from tests.worlds import KnownClient


@contextmanager
def authlib(client: KnownClient, method: str) -> Iterator[Any]:
    with OAuth2Client(
        client.id,
        client.secret,
        token_endpoint_auth_method=method,
        redirect_uri=REDIRECT_URI,
        scope=SCOPE,
        code_challenge_method="S256",
        timeout=30,
    ) as session:
        yield session


def code(stage: Stage, session: Any) -> dict[str, str]:
    """What the client needs to redeem a code that the person has approved."""
    verifier = generate_token(48)
    url, state = session.create_authorization_url(
        stage.world.metadata["authorization_endpoint"],
        code_verifier=verifier,
        nonce=generate_token(16),
    )
    return {
        "authorization_response": stage.callback(url),
        "code_verifier": verifier,
        "state": state,
    }


@pytest.mark.parametrize("kind", ["phone", "app"])
def test_authlib_gets_refreshes_asks_about_and_gives_back_a_persons_tokens(
    stage: Stage, kind: str
) -> None:
    metadata = stage.world.metadata
    client = stage.phone if kind == "phone" else stage.app
    method = "none" if kind == "phone" else "client_secret_basic"
    with authlib(client, method) as session:
        tokens = session.fetch_token(metadata["token_endpoint"], **code(stage, session))
        assert (tokens["token_type"], tokens["scope"]) == ("Bearer", SCOPE)
        info = session.get(metadata["userinfo_endpoint"]).json()
        assert info["email"] == stage.mailbox.address

        first = dict(tokens)
        tokens = session.refresh_token(metadata["token_endpoint"], first["refresh_token"])
        assert tokens["refresh_token"] != first["refresh_token"]
        assert stage.world.introspect(stage.machine, tokens["access_token"])["sub"] == info["sub"]

        given_back = session.revoke_token(
            metadata["revocation_endpoint"], token=tokens["refresh_token"]
        )
        assert given_back.status_code == 200
        assert not stage.world.introspect(stage.machine, tokens["access_token"])["active"]
        with pytest.raises(OAuthError, match="invalid_grant"):
            session.refresh_token(metadata["token_endpoint"], tokens["refresh_token"])


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_gets_asks_about_and_gives_back_a_programs_token(stage: Stage, method: str) -> None:
    metadata = stage.world.metadata
    with authlib(stage.machine, method) as session:
        tokens = session.fetch_token(
            metadata["token_endpoint"], grant_type="client_credentials", scope=SCOPE
        )
        assert tokens["scope"] == SCOPE
        assert "refresh_token" not in tokens
        url, token = metadata["introspection_endpoint"], tokens["access_token"]
        assert session.introspect_token(url, token=token).json()["client_id"] == stage.machine.id
        assert session.revoke_token(metadata["revocation_endpoint"], token=token).is_success
        assert session.introspect_token(url, token=token).json() == {"active": False}


def test_authlib_is_refused_a_wrong_verifier_and_a_code_that_was_used(stage: Stage) -> None:
    url = stage.world.metadata["token_endpoint"]
    with authlib(stage.phone, "none") as session:
        ours = code(stage, session)
        with pytest.raises(OAuthError, match="invalid_grant"):
            session.fetch_token(url, **{**ours, "code_verifier": generate_token(48)})
        tokens = dict(session.fetch_token(url, **ours))
        with pytest.raises(OAuthError, match="invalid_grant"):
            session.fetch_token(url, **ours)
        with pytest.raises(OAuthError, match="invalid_grant"):
            session.refresh_token(url, tokens["refresh_token"])


def test_authlib_is_refused_with_a_wrong_secret(stage: Stage) -> None:
    impostor = KnownClient(stage.machine.id, "sws_wrong")
    with (
        authlib(impostor, "client_secret_basic") as session,
        pytest.raises(OAuthError, match="invalid_client"),
    ):
        session.fetch_token(stage.world.metadata["token_endpoint"], grant_type="client_credentials")


def test_authlib_is_refused_a_scope_that_is_not_granted(stage: Stage) -> None:
    with (
        authlib(stage.machine, "client_secret_basic") as session,
        pytest.raises(OAuthError, match="invalid_scope"),
    ):
        session.fetch_token(
            stage.world.metadata["token_endpoint"],
            grant_type="client_credentials",
            scope="video:gold",
        )
