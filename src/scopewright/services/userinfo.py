"""Userinfo (OpenID Connect Core §5.3): what a person's token lets its bearer know of the person."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from scopewright.authority import View
from scopewright.clock import Clock
from scopewright.core import id_tokens
from scopewright.core.caller import Caller
from scopewright.core.errors import Forbidden
from scopewright.core.model import PrincipalKind
from scopewright.core.names import PROTOCOL_WORDS
from scopewright.core.oauth import issuer_of
from scopewright.core.security_profile import profile_of
from scopewright.keys import KeyRing, signing_now
from scopewright.store import metadata, sessions
from scopewright.store.database import Database

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Userinfo:
    """Answers any person's token or key of the workspace; no scope is needed."""

    database: Database
    clock: Clock
    key_ring: KeyRing
    public_url: str

    async def of(self, view: View, caller: Caller) -> Facts | str:
        """The facts, or a JWT of them where the token's client has registered for that (§5.3.2).

        Raises:
            Forbidden: the token is a program's.
        """
        person = caller.principal
        if person.kind is PrincipalKind.CLIENT or person.identity is None:
            raise Forbidden("Userinfo answers people's tokens only.")
        standard, attached = await asyncio.to_thread(self._read, caller)
        facts = {
            **standard,
            "email": person.identity.subject,
            "workspace": view.workspace.id,
            "scopes": sorted(caller.held - PROTOCOL_WORDS),
            "metadata": attached,
        }
        client = None if caller.client_id is None else await view.client(caller.client_id)
        if client is None or client.registration.userinfo_signed_response_alg is None:
            return facts
        algorithm = client.registration.userinfo_signed_response_alg
        return self._signed(view, {**facts, "aud": client.client_id}, algorithm)

    def _read(self, caller: Caller) -> tuple[Facts, Facts]:
        """The standard claims that were asked for, and what is attached to the person."""
        person, session_id = caller.principal, caller.session_id
        with self.database.read() as tx:
            session = None if session_id is None else sessions.get(tx, session_id)
            attached = {entry.key: entry.value for entry in metadata.of_principal(tx, person.id)}
        standard = id_tokens.userinfo_claims(person, scopes=caller.held, session=session)
        return standard, attached

    def _signed(self, view: View, facts: Facts, algorithm: str) -> str:
        algorithm = profile_of(view.workspace).signing(algorithm)
        key = signing_now(view.rules.signing_keys, algorithm, now=self.clock())
        issuer = issuer_of(self.public_url, view.workspace.id)
        return self.key_ring.sign(key, {**facts, "iss": issuer}, type=id_tokens.TYPE)
