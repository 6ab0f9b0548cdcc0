"""Introspect and revoke a token: what may be learned about a credential, and how it ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from scopewright.access import Access, GoodKey, GoodToken
from scopewright.authentication import ClientAuthentication
from scopewright.authority import View
from scopewright.clock import Clock
from scopewright.core.client_authentication import ClientCredential
from scopewright.core.confirmation import is_dpop_bound
from scopewright.core.errors import InvalidClient
from scopewright.core.model import ChangeKind, Client
from scopewright.core.oauth import hash_secret
from scopewright.core.scopes import spell
from scopewright.core.security_profile import profile_of
from scopewright.core.tokens import unverified_audience
from scopewright.keys import KeyRing, signing_now
from scopewright.store import api_keys, audit, clients, principals, sessions, standing, workspaces
from scopewright.store.audit import Actor
from scopewright.store.database import Database

INACTIVE: dict[str, Any] = {"active": False}
JWT_TYPE = "token-introspection+jwt"
# RFC 9470 §6.2, RFC 8693 §4.1, RFC 9396 §9.2, RFC 7800 §3
TOLD_ON = ("sid", "acr", "auth_time", "act", "authorization_details", "cnf")


@dataclass(frozen=True, slots=True)
class Introspection:
    """Answers about credentials of a workspace to its clients and key holders."""

    database: Database
    clock: Clock
    access: Access
    authentication: ClientAuthentication
    key_ring: KeyRing

    async def asker(
        self, view: View, *, bearer: str | None, credential: ClientCredential | None
    ) -> Client | None:
        """Let the question be put: by a confidential client or an API key of this workspace.

        Answers the client; None for a key, which no tags may restrict.

        Raises:
            InvalidClient: neither, or not proven.
        """
        if bearer is not None:
            good = await self.access.api_key(view, bearer)
            if good is None or good.carried.tags is not None:
                raise InvalidClient("Client authentication failed.")
            return None
        if credential is None:
            raise InvalidClient("Client authentication failed.")
        client = await self.client(view, credential)
        if not client.is_confidential:
            raise InvalidClient("Client authentication failed.")
        return client

    async def client(self, view: View, credential: ClientCredential) -> Client:
        """The client that this credential proves.

        Raises:
            InvalidClient, InvalidRequest: as `core.client_authentication.authenticate`.
        """
        client = await self.authentication.client(view, credential)
        if await self.access.client(view, client.id) is None:
            raise InvalidClient("Client authentication failed.")
        return client

    async def introspect(
        self, view: View, token: str, *, resource: str | None = None
    ) -> dict[str, Any]:
        """What is true of a token now (RFC 7662 §2.2); `active: false` for all that is not.

        `resource` is the one that asks, without it the workspace's: a token for another audience
        is not active there.
        """
        if token.startswith("swk_"):
            key = await self.access.api_key(view, token)
            return INACTIVE if key is None else self._of_key(view, key)
        if token.startswith("swr_"):
            return await asyncio.to_thread(self._of_refresh_token, view, token)
        good = await self.access.token(view, token, audience=resource)
        return INACTIVE if good is None else _of_token(good)

    def signed(self, view: View, asker: Client, told: dict[str, Any]) -> str:
        """What is true of a token as a JWT for the client that asks (RFC 9701 §5)."""
        now, rules = self.clock(), view.rules
        chosen = asker.registration.introspection_signed_response_alg
        algorithm = profile_of(rules.workspace).signing(chosen or rules.tokens.signing_algorithm)
        key = signing_now(rules.signing_keys, algorithm, now=now)
        claims = {
            "iss": self.access.issuer(view.workspace.id),
            "aud": asker.client_id,
            "iat": int(now.timestamp()),
            "token_introspection": told,
        }
        return self.key_ring.sign(key, claims, type=JWT_TYPE)

    def _of_key(self, view: View, good: GoodKey) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "active": True,
            "scope": spell(good.carried.scopes),
            "sub": good.holder.principal.id,
            "aud": view.workspace.id,
            "iss": self.access.issuer(view.workspace.id),
            "token_type": "Bearer",
            "iat": int(good.key.created_at.timestamp()),
        }
        if good.holder.principal.identity is not None:
            answer["username"] = good.holder.principal.identity.subject
        if good.key.expires_at is not None:
            answer["exp"] = int(good.key.expires_at.timestamp())
        if good.carried.tags is not None:
            answer["tags"] = sorted(good.carried.tags)
        return answer

    def _of_refresh_token(self, view: View, token: str) -> dict[str, Any]:
        now = self.clock()
        with self.database.read() as tx:
            stored, session = sessions.of_token(tx, hash_secret(token))
            person = principals.get(tx, session.principal_id) if session else None
            client = clients.get(tx, session.client_id) if session else None
        if stored is None or stored.consumed_at is not None or session is None:
            return INACTIVE
        if session.workspace_id != view.workspace.id or not session.is_active(now):
            return INACTIVE
        if client is None or person is None or person.disabled_at is not None:
            return INACTIVE
        return {
            "active": True,
            "client_id": client.client_id,
            "sub": session.principal_id,
            "iss": self.access.issuer(view.workspace.id),
            "iat": int(stored.issued_at.timestamp()),
            "exp": int(session.expires_at.timestamp()),
        }

    # --- revocation (RFC 7009) ------------------------------------------------------------------

    async def revoke(self, view: View, credential: ClientCredential, token: str) -> None:
        """Revoke a token of this client's. Unknown and foreign tokens are passed over (§2.2).

        Raises:
            InvalidClient, InvalidRequest: as `core.client_authentication.authenticate`.
        """
        client = await self.client(view, credential)
        if token.startswith("swr_"):
            await asyncio.to_thread(self._revoke_refresh_token, client, token)
            return
        audience = next(iter(unverified_audience(token)), None)  # whoever it is for
        good = await self.access.token(view, token, audience=audience)
        if good is not None and good.client.id == client.id:
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
            here, why = client.workspace_id, "revoked by its client"
            standing.end_session(tx, here, session.id, at=now, why=why)

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
                by = Actor(key.workspace_id, key.principal_id, via="api_key")
                audit.record(tx, by, "own-api-keys:revoke", key.id, at=now)


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
        "token_type": "DPoP" if is_dpop_bound(claims.values) else "Bearer",
    }
    if "user" in claims.values:
        answer["username"] = claims.values["user"]
    answer.update({name: claims.values[name] for name in TOLD_ON if name in claims.values})
    return answer
