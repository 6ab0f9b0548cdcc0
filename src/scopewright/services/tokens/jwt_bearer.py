"""Grant type `jwt-bearer` (RFC 7523 §2.1): what an outside issuer signs speaks for a client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scopewright.authentication import ClientAuthentication
from scopewright.authority import View
from scopewright.clock import Clock
from scopewright.core.client_authentication import NONE, ClientCredential
from scopewright.core.errors import InvalidRequest
from scopewright.core.model import Client
from scopewright.services.tokens.assertions import Assertions
from scopewright.services.tokens.client_credentials import ClientCredentials


@dataclass(frozen=True, slots=True)
class JwtBearer(ClientCredentials):
    """The client speaks for itself, proven by the assertion: a build job has no secret."""

    assertions: Assertions
    authentication: ClientAuthentication
    clock: Clock

    async def client(
        self, view: View, credential: ClientCredential, form: Mapping[str, str]
    ) -> Client:
        """The client that the assertion speaks for. What proves it besides must prove the same.

        Raises:
            InvalidRequest: there is no assertion.
            InvalidGrant: it is not good, or speaks for another client than the one that asks.
            InvalidClient: the client presents something else too, and that is not good.
        """
        if "assertion" not in form:
            raise InvalidRequest("The assertion is missing.")
        named = credential.client_id or None
        if credential.methods != {NONE}:
            named = (await self.authentication.client(view, credential)).id
        client, _ = await self.assertions.speaker(
            view, form["assertion"], named=named, now=self.clock()
        )
        return client
