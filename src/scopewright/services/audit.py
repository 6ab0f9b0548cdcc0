"""Read the audit log."""

from __future__ import annotations

from dataclasses import dataclass, replace

from scopewright.core.caller import Caller, needs
from scopewright.core.model import AuditEvent
from scopewright.store import audit, principals
from scopewright.store.audit import EVERY_EVENT, Events
from scopewright.store.database import Database
from scopewright.store.pages import Page, Window


@dataclass(frozen=True, slots=True)
class Audit:
    """What can be done with the audit log: nothing but reading it."""

    database: Database

    @needs("audit:read")
    def page(
        self, caller: Caller, window: Window, *, selection: Events = EVERY_EVENT
    ) -> Page[AuditEvent]:
        """What happened in the workspace, newest first; the actor by id, or who has an address.

        Raises:
            NotFound: nobody here has the address.
        """
        with self.database.read() as tx:
            if selection.actor is not None and "@" in selection.actor:
                by = principals.find_any(tx, caller.workspace_id, name=selection.actor)
                selection = replace(selection, actor=by.id)
            return audit.page(tx, caller.workspace_id, selection=selection, window=window)
