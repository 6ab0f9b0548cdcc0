"""Nouns for the core's tests: one of each, with what the test is about said by keyword."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from scopewright.core.model import (
    Asked,
    Authorization,
    Client,
    ClientSecret,
    ClientType,
    Identity,
    Principal,
    PrincipalKind,
    RefreshToken,
    ScopeDefault,
    Session,
    SignIn,
    TokenOverrides,
)
from scopewright.core.oauth import GRANTS_OF_TYPE, hash_secret
from scopewright.core.scopes import EVERYTHING

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
SECRET = "sws_the-right-one"


def a_client(type: ClientType = ClientType.PKCE, **said: Any) -> Client:
    """A client as registration makes it: confidential ones have one secret, `SECRET`."""
    confidential = type in (ClientType.AUTHORIZATION_CODE, ClientType.CLIENT_CREDENTIALS)
    client = Client(
        id="client",
        workspace_id="workspace",
        name="Portal",
        type=type,
        redirect_uris=(),
        secrets=(ClientSecret(hash_secret(SECRET), NOW),) if confidential else (),
        require_pkce=True,
        allow_both_auth_methods=False,
        scope_default=ScopeDefault.HELD,
        grant_types=GRANTS_OF_TYPE[type],
        tokens=TokenOverrides(),
        created_at=NOW,
    )
    return replace(client, **said)


def an_authorization(**said: Any) -> Authorization:
    """An authorization asked just now, for everything, with a redirect URI that was sent."""
    authorization = Authorization(
        id="aut",
        workspace_id="workspace",
        client_id="client",
        redirect_uri="https://app.example/cb",
        redirect_uri_was_sent=True,
        requested=EVERYTHING,
        code_challenge=None,
        state="state",
        nonce=None,
        prompt=frozenset(),
        stage=Asked(),
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=30),
    )
    return replace(authorization, **said)


def a_sign_in(at: datetime = NOW) -> SignIn:
    """A browser signed in at that time."""
    identity = Identity("email", "ada@example.org")
    return SignIn("hash", identity, at, at, at + timedelta(days=30))


def a_principal(**said: Any) -> Principal:
    """An end-user."""
    principal = Principal("ada", "workspace", PrincipalKind.END_USER, "Ada", None, NOW)
    return replace(principal, **said)


def a_session(**said: Any) -> Session:
    """A session begun just now, for everything, good for a day."""
    session = Session(
        id="ses",
        workspace_id="workspace",
        principal_id="ada",
        client_id="client",
        requested=EVERYTHING,
        authenticated_at=NOW,
        created_at=NOW,
        last_used_at=NOW,
        expires_at=NOW + timedelta(days=1),
    )
    return replace(session, **said)


def a_refresh_token(consumed_at: datetime | None = None) -> RefreshToken:
    """A refresh token of that session."""
    return RefreshToken("hash", "ses", NOW, consumed_at)
