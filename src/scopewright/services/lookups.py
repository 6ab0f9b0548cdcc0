"""Find what is called by an id, by how the id begins: principals, API keys, sessions."""

from __future__ import annotations

from dataclasses import dataclass

from scopewright.clock import Clock
from scopewright.core.caller import Caller, needs
from scopewright.core.lookups import READERS, Found, visible
from scopewright.store import lookups
from scopewright.store.database import Database

MOST = 10  # of each: whoever sees more has typed too little


@dataclass(frozen=True, slots=True)
class Lookups:
    """Looks up what the caller may list anyway; nothing is changed by it."""

    database: Database
    clock: Clock

    @needs("workspace:read")
    def find(self, caller: Caller, *, beginning: str) -> list[Found]:
        """What begins so of the things that the caller may read, a few of each kind."""
        begins, here, now = visible(beginning), caller.workspace_id, self.clock()
        every = caller.may("principals:read")
        kinds = [kind for kind, reader in READERS.items() if every or caller.may(reader)]
        owner = None if caller.may("api-keys:read") else caller.principal.id
        may_keys = owner is None or caller.may("own-api-keys:read")
        if not begins:
            return []
        with self.database.read() as tx:
            found = lookups.of_principals(tx, here, begins, kinds=kinds, most=MOST)
            if may_keys:
                found += lookups.of_keys(tx, here, begins, owner=owner, now=now, most=MOST)
            if caller.may("sessions:read"):
                found += lookups.of_sessions(tx, here, begins, now=now, most=MOST)
        return found
