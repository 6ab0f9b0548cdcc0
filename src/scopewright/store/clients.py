"""OAuth clients and their secrets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, or_, select, update

from scopewright.core.model import (
    NO_OVERRIDES,
    Client,
    ClientSecret,
    ClientType,
    ScopeDefault,
    TokenOverrides,
)
from scopewright.core.registration import PLAIN, ClientRegistration
from scopewright.store.compact import compact, restored
from scopewright.store.database import Transaction
from scopewright.store.pages import Page, Window, begins, rows_of
from scopewright.store.schema import (
    assignments,
    client_secrets,
    clients,
    consents,
    grants,
    memberships,
    sessions,
)

_BY = {"name": clients.c.name, "created_at": clients.c.id}  # ids sort by birth
_ADD = insert(clients)
_ADD_SECRET = insert(client_secrets)
_BY_ID = select(clients).where(clients.c.id == bindparam("id"))
_KNOWN = (
    select(clients.c.id)
    .where(clients.c.workspace_id == bindparam("workspace"))
    .where(clients.c.id.in_(bindparam("ids", expanding=True)))
)
_SECRETS = (
    select(client_secrets)
    .where(client_secrets.c.client_id.in_(bindparam("clients", expanding=True)))
    .order_by(client_secrets.c.created_at)
)
_CHANGE = update(clients).where(clients.c.id == bindparam("key"))
_EXPIRE_SECRETS = (
    update(client_secrets)
    .where(client_secrets.c.client_id == bindparam("client"))
    .where(client_secrets.c.expires_at.is_(None) | (client_secrets.c.expires_at > bindparam("at")))
    .values(expires_at=bindparam("at"))
)
_FORGET_SECRETS = delete(client_secrets).where(
    client_secrets.c.client_id == bindparam("client"),
    client_secrets.c.expires_at <= bindparam("at"),
)
# Those that came by themselves and that nobody has used, or given anything, since.
_UNUSED = (
    select(clients.c.id, clients.c.workspace_id)
    .where(
        (clients.c.registration_token_hash.is_not(None) & (clients.c.created_at < bindparam("at")))
        | (clients.c.document_expires_at < bindparam("at"))
    )
    .where(
        *(
            ~select(table).where(column == clients.c.id).exists()
            for table, column in (
                (sessions, sessions.c.client_id),
                (consents, consents.c.client_id),
                (grants, grants.c.principal_id),
                (assignments, assignments.c.principal_id),
                (memberships, memberships.c.principal_id),
            )
        )
    )
    .order_by(clients.c.id)
    .limit(bindparam("limit"))
)


def add(tx: Transaction, client: Client) -> None:
    """Remember a new client and its secrets; its principal is there already."""
    tx.run(_ADD, id=client.id, workspace_id=client.workspace_id,
           created_at=client.created_at, **_changeable(client))  # fmt: skip
    for secret in client.secrets:
        add_secret(tx, client.id, secret)


def change(tx: Transaction, client: Client) -> None:
    """Keep the client's present settings (not its secrets)."""
    tx.run(_CHANGE, key=client.id, **_changeable(client))


def get(tx: Transaction, id: str) -> Client | None:
    """The client of this id, in whatever workspace."""
    row = tx.one(_BY_ID, id=id)
    return None if row is None else _nouns(tx, [row])[0]


def known(tx: Transaction, workspace_id: str, *, ids: Collection[str]) -> frozenset[str]:
    """Which of these ids are clients of the workspace."""
    rows = tx.all(_KNOWN, workspace=workspace_id, ids=list(ids)) if ids else ()
    return frozenset(row.id for row in rows)


def unused(tx: Transaction, *, before: datetime, limit: int) -> list[tuple[str, str]]:
    """Workspace and id of clients that came by themselves before, and are nobody's."""
    return [(row.workspace_id, row.id) for row in tx.all(_UNUSED, at=before, limit=limit)]


def page(tx: Transaction, workspace_id: str, *, window: Window) -> Page[Client]:
    """The clients of a workspace, oldest first."""
    statement = select(clients).where(clients.c.workspace_id == workspace_id)
    if window.prefix:
        statement = statement.where(or_(*(begins(clients.c.name, p) for p in window.spellings)))
    rows, cursor = rows_of(tx, statement, clients.c.id, window, by=_BY)
    return Page(tuple(_nouns(tx, rows)), cursor)


def add_secret(tx: Transaction, client_id: str, secret: ClientSecret) -> None:
    """Remember one more secret."""
    tx.run(
        _ADD_SECRET,
        client_id=client_id,
        hash=secret.hash,
        created_at=secret.created_at,
        expires_at=secret.expires_at,
    )


def expire_secrets(tx: Transaction, client_id: str, *, now: datetime, at: datetime) -> None:
    """Let all secrets of a client end at a time; forget those that have ended by now."""
    tx.run(_FORGET_SECRETS, client=client_id, at=now)
    tx.run(_EXPIRE_SECRETS, client=client_id, at=at)


def _changeable(client: Client) -> dict[str, Any]:
    return {
        "name": client.name,
        "type": client.type.value,
        "redirect_uris": list(client.redirect_uris),
        "require_pkce": client.require_pkce,
        "allow_both_auth_methods": client.allow_both_auth_methods,
        "scope_default": client.scope_default.value,
        "grant_types": sorted(client.grant_types),
        "tokens": asdict(client.tokens),
        "registration": compact(client.registration),
        "document_url": client.document_url,
        "document_expires_at": client.document_expires_at,
        "registration_token_hash": client.registration_token_hash,
    }


def _nouns(tx: Transaction, rows: list[Row[Any]]) -> list[Client]:
    secrets: dict[str, list[ClientSecret]] = defaultdict(list)
    for row in tx.all(_SECRETS, clients=[row.id for row in rows]) if rows else ():
        secrets[row.client_id].append(ClientSecret(row.hash, row.created_at, row.expires_at))
    return [_client(row, tuple(secrets[row.id])) for row in rows]


def _overrides(said: dict[str, Any]) -> TokenOverrides:
    overrides = TokenOverrides(**said)
    return NO_OVERRIDES if overrides == NO_OVERRIDES else overrides


def _client(row: Row[Any], secrets: tuple[ClientSecret, ...]) -> Client:
    return Client(
        id=row.id,
        workspace_id=row.workspace_id,
        name=row.name,
        type=ClientType(row.type),
        redirect_uris=tuple(row.redirect_uris),
        secrets=secrets,
        require_pkce=row.require_pkce,
        allow_both_auth_methods=row.allow_both_auth_methods,
        scope_default=ScopeDefault(row.scope_default),
        grant_types=frozenset(row.grant_types),
        tokens=_overrides(row.tokens),
        created_at=row.created_at,
        registration=restored(ClientRegistration, row.registration) if row.registration else PLAIN,
        document_url=row.document_url,
        document_expires_at=row.document_expires_at,
        registration_token_hash=row.registration_token_hash,
    )
