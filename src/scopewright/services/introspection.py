"""Introspect and revoke a token, and userinfo: what a bearer may learn about a credential."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scopewright import ids
from scopewright.access import Access, GoodKey, GoodToken
from scopewright.authority import View
from scopewright.clock import Clock
from scopewright.core import oauth
from scopewright.core.caller import Caller
from scopewright.core.errors import Forbidden, InvalidClient
from scopewright.core.model import AuditEvent, ChangeKind, Client, PrincipalKind
from scopewright.core.names import PROTOCOL_WORDS
from scopewright.core.oauth import ClientCredential, hash_secret
from scopewright.core.scopes import spell
from scopewright.core.tokens import LONGEST_ACCESS
from scopewright.store import api_keys, audit, metadata, principals, sessions, workspaces
from scopewright.store.database import Database

INACTIVE: dict[str, Any] = {"active": False}


@dataclass(frozen=True, slots=True)
class Introspection:
    """Answers about credentials of a workspace to its clients and key holders."""

    database: Database
    clock: Clock
    access: Access

    async def asker(
        self, view: View, *, bearer: str | None, credential: ClientCredential | None
    ) -> None:
        """Let the question be put: by a confidential client or an API key of this workspace.

        Raises:
            InvalidClient: neither, or not proven.
        """
        if bearer is not None:
            if await self.access.api_key(view, bearer) is None:
                raise InvalidClient("Client authentication failed.")
            return
        if credential is None:
            raise InvalidClient("Client authentication failed.")
        client = await self.client(view, credential)
        if not client.is_confidential:
            raise InvalidClient("Client authentication failed.")

    async def client(self, view: View, credential: ClientCredential) -> Client:
        """The client that this credential proves.

        Raises:
            InvalidClient, InvalidRequest: as `core.oauth.authenticate`.
        """
        known = await self.access.client(view, credential.client_id)
        return oauth.authenticate(known, credential, now=self.clock())

    async def introspect(self, view: View, token: str) -> dict[str, Any]:
        """What is true of a token now (RFC 7662 §2.2); `active: false` for all that is not."""
        if token.startswith("swk_"):
            key = await self.access.api_key(view, token)
            return INACTIVE if key is None else self._of_key(view, key)
        if token.startswith("swr_"):
            return await asyncio.to_thread(self._of_refresh_token, view, token)
        good = await self.access.token(view, token)
        return INACTIVE if good is None else _of_token(good)

    def _of_key(self, view: View, good: GoodKey) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "active": True,
            "scope": spell(good.scopes),
            "sub": good.holder.principal.id,
            "aud": view.workspace.id,
            "iss": self.access.issuer(view.workspace.id),
            "token_type": "Bearer",
            "iat": int(good.key.created_at.timestamp()),
        }
        if good.key.expires_at is not None:
            answer["exp"] = int(good.key.expires_at.timestamp())
        return answer

    def _of_refresh_token(self, view: View, token: str) -> dict[str, Any]:
        now = self.clock()
        with self.database.read() as tx:
            stored, session = sessions.of_token(tx, hash_secret(token))
            person = principals.get(tx, session.principal_id) if session else None
        if stored is None or stored.consumed_at is not None or session is None:
            return INACTIVE
        if session.workspace_id != view.workspace.id or not session.is_active(now):
            return INACTIVE
        if person is None or person.disabled_at is not None:
            return INACTIVE
        return {
            "active": True,
            "client_id": session.client_id,
            "sub": session.principal_id,
            "iss": self.access.issuer(view.workspace.id),
            "iat": int(stored.issued_at.timestamp()),
            "exp": int(session.expires_at.timestamp()),
        }

    # --- revocation (RFC 7009) ------------------------------------------------------------------

    async def revoke(self, view: View, credential: ClientCredential, token: str) -> None:
        """Revoke a token of this client's. Unknown and foreign tokens are passed over (§2.2).

        Raises:
            InvalidClient, InvalidRequest: as `core.oauth.authenticate`.
        """
        client = await self.client(view, credential)
        if token.startswith("swr_"):
            await asyncio.to_thread(self._revoke_refresh_token, client, token)
            return
        good = await self.access.token(view, token)
        if good is not None and good.claims.client_id == client.id:
            await asyncio.to_thread(self._revoke_access_token, client, good)

    async def revoke_key(self, view: View, secret: str) -> bool:
        """Revoke the API key that is presented: its holder needs no scope for that."""
        good = await self.access.api_key(view, secret)
        if good is None:
            return False
        await asyncio.to_thread(self._revoke_api_key, good)
        return True

    def _revoke_refresh_token(self, client: Client, token: str) -> None:
        now = self.clock()
        with self.database.write() as tx:
            _, session = sessions.of_token(tx, hash_secret(token))
            if session is None or session.client_id != client.id or session.ended_at is not None:
                return
            self._touch(tx, client.workspace_id, ChangeKind.SESSION, session.id, now)
            sessions.end(tx, session.id, at=now, why="revoked by its client")

    def _revoke_access_token(self, client: Client, good: GoodToken) -> None:
        with self.database.write() as tx:
            workspaces.touch(
                tx,
                client.workspace_id,
                ChangeKind.TOKEN,
                good.claims.token_id,
                at=self.clock(),
                forget_at=good.claims.expires_at,
            )

    def _revoke_api_key(self, good: GoodKey) -> None:
        now, key = self.clock(), good.key
        with self.database.write() as tx:
            workspaces.touch(tx, key.workspace_id, ChangeKind.API_KEY, key.id, at=now)
            if api_keys.revoke(tx, key.id, at=now):
                audit.add(
                    tx,
                    AuditEvent(
                        id=ids.new_id("aud"),
                        workspace_id=key.workspace_id,
                        at=now,
                        actor=key.principal_id,
                        via="api_key",
                        operation="own-api-key:revoke",
                        target=key.id,
                        details={},
                    ),
                )

    def _touch(self, tx: Any, workspace_id: str, kind: ChangeKind, id: str, now: datetime) -> None:
        workspaces.touch(tx, workspace_id, kind, id, at=now, forget_at=now + LONGEST_ACCESS)

    # --- userinfo -------------------------------------------------------------------------------

    async def userinfo(self, view: View, caller: Caller) -> dict[str, Any]:
        """What a person may know of itself: name, scopes, metadata.

        Raises:
            Forbidden: the token is a program's.
        """
        principal = caller.principal
        if principal.kind is PrincipalKind.CLIENT or principal.identity is None:
            raise Forbidden("Userinfo answers people's tokens only.")
        attached = await asyncio.to_thread(self._metadata, principal.id)
        return {
            "sub": principal.id,
            "email": principal.identity.subject,
            "workspace": view.workspace.id,
            "scopes": sorted(caller.held - PROTOCOL_WORDS),
            "metadata": attached,
        }

    def _metadata(self, principal_id: str) -> dict[str, Any]:
        with self.database.read() as tx:
            return {entry.key: entry.value for entry in metadata.of_principal(tx, principal_id)}


def _of_token(good: GoodToken) -> dict[str, Any]:
    claims = good.claims
    answer = {
        "active": True,
        "scope": spell(good.scopes),
        "client_id": claims.client_id,
        "sub": claims.subject,
        "aud": claims.values["aud"],
        "iss": claims.issuer,
        "exp": claims.values["exp"],
        "iat": claims.values["iat"],
        "nbf": claims.values["nbf"],
        "jti": claims.token_id,
        "token_type": "Bearer",
    }
    if "user" in claims.values:
        answer["username"] = claims.values["user"]
    if claims.session_id is not None:
        answer["sid"] = claims.session_id
    return answer
