"""Grant type `client_credentials` (RFC 6749 §4.4): the client speaks for itself."""

from __future__ import annotations

from dataclasses import dataclass

from scopewright.core import scopes
from scopewright.core.authorization_details import beside_details
from scopewright.services.tokens.asking import Asking, Outcome


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """There is no session, and never a refresh token."""

    async def redeem(self, asking: Asking) -> Outcome:
        """The client itself, asking for what it names."""
        requested = scopes.parse(asking.form.get("scope"))
        details = asking.chosen_details()
        return Outcome(
            asking.client.id,
            beside_details(requested, details),
            resources=asking.chosen_resources(),
            authorization_details=details,
        )
