"""The audit log: handler."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BaseModel

from scopewright.api.entrance import AskHere, WindowHere
from scopewright.api.shapes import Listed
from scopewright.core.model import AuditEvent
from scopewright.store.audit import Events
from scopewright.web.instants import parse_instant


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


def _events(
    operation: Annotated[str | None, Query(max_length=128)] = None,
    actor: Annotated[str | None, Query(description="An id or address.", max_length=320)] = None,
    start: Annotated[str | None, Query(alias="from", max_length=64)] = None,
    end: Annotated[str | None, Query(alias="to", max_length=64)] = None,
) -> Events:
    """At or after `from` and before `to`: Unix seconds or RFC 3339."""
    return Events(
        operation=operation,
        actor=actor,
        start=None if start is None else parse_instant(start, field="from"),
        end=None if end is None else parse_instant(end, field="to"),
    )


def index(
    ask: AskHere, window: WindowHere, wanted: Annotated[Events, Depends(_events)]
) -> Listed[AuditEventShape]:
    """What happened in the workspace, newest first."""
    page = ask.services.audit.page(ask.caller, window, selection=wanted)
    return ask.listed(page, AuditEventShape.of)
