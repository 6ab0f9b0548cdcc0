"""OAuth clients: handlers. A secret is in the answer that made it, and in no other."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Response
from pydantic import BaseModel

from scopewright.api.bodies import ClientChange, NewClient, SecretRotation
from scopewright.api.entrance import AskHere, sought_by
from scopewright.api.shapes import Listed, TokenSettingsShape
from scopewright.core.client_metadata import said
from scopewright.core.model import ClientType, ScopeDefault
from scopewright.services.clients import ClientSettings, Registered
from scopewright.store.pages import Window

ClientsWindow = Annotated[Window, Depends(sought_by("name", "created_at"))]


class SecretShape(BaseModel):
    """When a secret was made and when it ends; never the secret."""

    created_at: datetime
    expires_at: datetime | None


class ClientShape(BaseModel):
    """A client with the scopes granted to it; `internal_scopes` open operations here.

    `registration` is what it says by the standards' names. One with a `document_url` goes by that
    in the protocol, and by `client_id` here.
    """

    client_id: str
    name: str
    type: ClientType
    redirect_uris: list[str]
    require_pkce: bool
    allow_both_auth_methods: bool
    scope_default: ScopeDefault
    grant_types: list[str]
    tokens: TokenSettingsShape
    registration: dict[str, Any]
    document_url: str | None
    secrets: list[SecretShape]
    scopes: list[str]
    internal_scopes: list[str]
    created_at: datetime

    @classmethod
    def of(cls, registered: Registered) -> ClientShape:
        return cls(**_members(registered))


class ClientWithSecret(ClientShape):
    """A client with the secret that was just made: shown this once."""

    client_secret: str


def index(ask: AskHere, window: ClientsWindow) -> Listed[ClientShape]:
    """The clients of the workspace."""
    page = ask.services.clients.page(ask.caller, window=window)
    return ask.listed(page, ClientShape.of)


def show(ask: AskHere, id: str) -> ClientShape:
    """One client."""
    return ClientShape.of(ask.services.clients.show(ask.caller, id=id))


def register(ask: AskHere, body: NewClient) -> ClientWithSecret | ClientShape:
    """Register a client; `client_secret` is there where the type has one, and only here."""
    registered, secret = ask.services.clients.register(
        ask.caller, type=ClientType(body.type), settings=_settings(body)
    )
    if secret is None:
        return ClientShape.of(registered)
    return ClientWithSecret(**_members(registered), client_secret=secret)


def update(ask: AskHere, id: str, body: ClientChange) -> ClientShape:
    """Change what is named, null counts as not named; each list that is named is replaced."""
    changed = ask.services.clients.update(ask.caller, id=id, settings=_settings(body))
    return ClientShape.of(changed)


def rotate_secret(ask: AskHere, id: str, body: SecretRotation | None = None) -> ClientWithSecret:
    """Make a new secret; earlier ones go on for `overlap` seconds, a day where none is named."""
    overlap = timedelta(seconds=(body or SecretRotation()).overlap)
    registered, secret = ask.services.clients.rotate_secret(ask.caller, id=id, overlap=overlap)
    return ClientWithSecret(**_members(registered), client_secret=secret)


def delete(ask: AskHere, id: str) -> Response:
    """Delete a client; its tokens are refused at once."""
    ask.services.clients.delete(ask.caller, id=id)
    return Response(status_code=204)


def _settings(body: NewClient | ClientChange) -> ClientSettings:
    named: dict[str, Any] = body.model_dump(
        exclude={"type", "tokens", "registration"}, exclude_none=True
    )
    if "redirect_uris" in named:
        named["redirect_uris"] = tuple(named["redirect_uris"])
    if "scope_default" in named:
        named["scope_default"] = ScopeDefault(named["scope_default"])
    if "grant_types" in named:
        named["grant_types"] = frozenset(named["grant_types"])
    tokens = None if body.tokens is None else body.tokens.model_dump(exclude_unset=True)
    return ClientSettings(**named, tokens=tokens, registration=body.registration)


def _members(registered: Registered) -> dict[str, Any]:
    client = registered.client
    return {
        "client_id": client.id,
        "name": client.name,
        "type": client.type,
        "redirect_uris": list(client.redirect_uris),
        "require_pkce": client.require_pkce,
        "allow_both_auth_methods": client.allow_both_auth_methods,
        "scope_default": client.scope_default,
        "grant_types": sorted(client.grant_types),
        "tokens": TokenSettingsShape.of(client.tokens),
        "registration": said(client.registration),
        "document_url": client.document_url,
        "secrets": [
            SecretShape(created_at=secret.created_at, expires_at=secret.expires_at)
            for secret in client.secrets
        ],
        "scopes": sorted(registered.scopes),
        "internal_scopes": sorted(registered.internal_scopes),
        "created_at": client.created_at,
    }
