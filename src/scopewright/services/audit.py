"""Read the audit log."""

from __future__ import annotations

from dataclasses import dataclass

from scopewright.core.caller import Caller, needs
from scopewright.core.model import AuditEvent
from scopewright.store import audit
from scopewright.store.database import Database
from scopewright.store.pages import Page, Window


@dataclass(frozen=True, slots=True)
class Audit:
    """What can be done with the audit log: nothing but reading it."""

    database: Database

    @needs("audit:read")
    def page(self, caller: Caller, window: Window) -> Page[AuditEvent]:
        """What happened in the workspace, newest first."""
        with self.database.read() as tx:
            return audit.page(tx, caller.workspace_id, window=window)
