"""Step-up: is the person's authentication fresh and strong enough for this route (RFC 9470)?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from scopewright.guard.refusals import InsufficientAuthentication


@dataclass(frozen=True, slots=True)
class StepUp:
    """What a route asks for. `max_age` is in seconds; one of the `acr_values` is enough."""

    max_age: int | None = None
    acr_values: tuple[str, ...] = ()

    def check(self, claims: Mapping[str, object], *, now: datetime) -> None:
        """Let a token pass by its `auth_time` and `acr`; one without them never authenticated.

        Raises:
            InsufficientAuthentication: with what the client has to ask the issuer for.
        """
        if not self._is_met(claims, now):
            raise InsufficientAuthentication(max_age=self.max_age, acr_values=self.acr_values)

    def _is_met(self, claims: Mapping[str, object], now: datetime) -> bool:
        if self.acr_values and claims.get("acr") not in self.acr_values:
            return False
        if self.max_age is None:
            return True
        authenticated = claims.get("auth_time")
        if isinstance(authenticated, bool) or not isinstance(authenticated, int):
            return False
        return now.timestamp() <= authenticated + self.max_age


def step_up_of(max_age: int | None, acr_values: Sequence[str]) -> StepUp | None:
    """What a route asks for, if anything."""
    if max_age is None and not acr_values:
        return None
    return StepUp(max_age, tuple(acr_values))
