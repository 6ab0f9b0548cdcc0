"""How many there are of everything that a workspace has, as far as the caller may see it."""

from __future__ import annotations

from dataclasses import dataclass

from scopewright.clock import Clock
from scopewright.core.caller import Caller, needs
from scopewright.store.database import Database
from scopewright.store.tallies import KINDS, tally

# Whoever may list these is told how many there are; else it is the noun's own `read`.
_SEEN_BY = {
    "consents": "principals",
    "identities": "principals",
    "memberships": "groups",
    "registration-tokens": "clients",
    "role-mappings": "roles",
    "signing-keys": "keys",
    "trusted-issuers": "clients",
}


@dataclass(frozen=True, slots=True)
class Numbers:
    """Counts what there is; nothing is changed by it."""

    database: Database
    clock: Clock

    @needs("workspace:read")
    def of_workspace(self, caller: Caller) -> dict[str, int]:
        """How many there are, by noun; live ones of sessions and keys, pending invitations.

        Datapoints, which may be millions, are not counted.
        """
        with self.database.read() as tx:
            counted = tally(tx, {"workspace": caller.workspace_id, "now": self.clock()})
        return {
            noun: number
            for noun, number in sorted({**dict.fromkeys(KINDS.values(), 0), **counted}.items())
            if caller.may(f"{_SEEN_BY.get(noun, noun)}:read")
        }
