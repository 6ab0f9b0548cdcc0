"""What is alive now: counted in the database when somebody asks for the figures."""

from __future__ import annotations

from dataclasses import dataclass

from scopewright.clock import Clock
from scopewright.core.caller import Caller, needs
from scopewright.store import api_keys, sessions
from scopewright.store.database import Database


@dataclass(frozen=True, slots=True)
class Alive:
    """How many sessions and API keys are good now."""

    sessions: int
    api_keys: int


@dataclass(frozen=True, slots=True)
class Metrics:
    """What the figures of a workspace, or of the whole process, say beside what was counted."""

    database: Database
    clock: Clock

    @needs("metrics:read")
    def alive(self, caller: Caller) -> Alive:
        """What is alive in the caller's workspace."""
        return self._count(caller.workspace_id)

    def alive_everywhere(self) -> Alive:
        """What is alive in all workspaces; whoever calls has seen to who asks."""
        return self._count(None)

    def _count(self, workspace_id: str | None) -> Alive:
        now = self.clock()
        with self.database.read() as tx:
            return Alive(
                sessions.count_active(tx, workspace_id, now=now),
                api_keys.count_alive(tx, workspace_id, now=now),
            )
