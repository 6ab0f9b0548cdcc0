"""Assertions of trusted outside issuers: verified, and spent where they count once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scopewright.authority import View
from scopewright.core.client_authentication import jti_hash
from scopewright.core.errors import InvalidGrant, InvalidToken
from scopewright.core.model import Client
from scopewright.core.trusted_issuers import LEEWAY, Assertion, TrustedIssuer, accepted
from scopewright.guard.jws import CLIENT_ALGORITHMS, UNTYPED, KeySet, open_jws, unverified
from scopewright.outbound import Unfetchable, aside
from scopewright.remote_keys import RemoteKeys, read_client_keys
from scopewright.store import jtis, trusted_issuers
from scopewright.store.database import Database


@dataclass(frozen=True, slots=True)
class Assertions:
    """Says for which client an assertion speaks (RFC 7523 §3)."""

    database: Database
    keys: RemoteKeys

    async def speaker(
        self, view: View, token: str, *, named: str | None, now: datetime
    ) -> tuple[Client, Assertion]:
        """The client that the assertion speaks for, `named` where it could be several.

        Raises:
            InvalidGrant: its issuer is not trusted here, it is not good now, it was presented
                before, or it speaks for no client that is there.
        """
        workspace_id = view.workspace.id
        assertion = await aside(self._accepted, workspace_id, token, now)
        client = await view.client(assertion.client(named))
        if client is None:
            raise InvalidGrant("The assertion does not speak for one client here.")
        return client, assertion

    def _accepted(self, workspace_id: str, token: str, now: datetime) -> Assertion:
        try:
            header, said = unverified(token)
            trusted = self._trusted(workspace_id, said.get("iss"))
            keys = self._keys(trusted, header.get("kid"))
            open_jws(token, keys=keys, types=UNTYPED, algorithms=CLIENT_ALGORITHMS)
        except (InvalidToken, Unfetchable) as error:
            raise InvalidGrant(
                "The assertion is not signed by its issuer.", cause=error.cause
            ) from None
        assertion = accepted(trusted, said, now=now)
        if trusted.is_single_use:
            self._spend(trusted, token, assertion)
        return assertion

    def _trusted(self, workspace_id: str, issuer: object) -> TrustedIssuer:
        trusted = None
        if isinstance(issuer, str) and issuer.isprintable():
            with self.database.read() as tx:
                trusted = trusted_issuers.by_issuer(tx, workspace_id, issuer=issuer)
        if trusted is None:
            raise InvalidGrant("The assertion's issuer is not trusted here.")
        return trusted

    def _keys(self, trusted: TrustedIssuer, kid: object) -> KeySet:
        if trusted.jwks_uri is not None:
            return self.keys.of(trusted.jwks_uri, kid=kid if isinstance(kid, str) else None)
        return read_client_keys(trusted.jwks)

    def _spend(self, trusted: TrustedIssuer, token: str, assertion: Assertion) -> None:
        """Without a `jti` it goes by what was signed: some signatures can be spelled anew."""
        name = assertion.jti or token.rpartition(".")[0]
        spent = jti_hash("assertion", trusted.id, name)
        with self.database.write() as tx:
            if not jtis.take(tx, spent, forget_at=assertion.expires_at + LEEWAY):
                raise InvalidGrant("The assertion was presented before.")
