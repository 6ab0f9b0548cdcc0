"""The audit log: handler."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from scopewright.api.entrance import AskHere, WindowHere
from scopewright.api.shapes import Listed
from scopewright.core.model import AuditEvent


class AuditEventShape(BaseModel):
    """Who did what, by which means; `details` hold values before and after, never a secret."""

    id: str
    at: datetime
    actor: str
    via: str
    operation: str
    target: str
    details: dict[str, Any]

    @classmethod
    def of(cls, event: AuditEvent) -> AuditEventShape:
        return cls(
            id=event.id,
            at=event.at,
            actor=event.actor,
            via=event.via,
            operation=event.operation,
            target=event.target,
            details=event.details,
        )


def index(ask: AskHere, window: WindowHere) -> Listed[AuditEventShape]:
    """What happened in the workspace, newest first."""
    page = ask.services.audit.page(ask.caller, window)
    return Listed(
        data=[AuditEventShape.of(event) for event in page.items],
        next_page=ask.next_page(page.cursor),
    )
