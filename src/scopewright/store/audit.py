"""Who did what, append-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select

from scopewright.core.caller import Caller
from scopewright.core.model import AuditEvent
from scopewright.ids import new_id
from scopewright.store.database import Transaction
from scopewright.store.pages import Page, Window, rows_of
from scopewright.store.schema import audit

_ADD = insert(audit)


@dataclass(frozen=True, slots=True)
class Events:
    """Which events are wanted; None: whichever. `actor` is an id, `end` is not among them."""

    operation: str | None = None
    actor: str | None = None
    start: datetime | None = None
    end: datetime | None = None


EVERY_EVENT = Events()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who has done something without being a `Caller`: a principal's id, or `system`."""

    workspace_id: str
    id: str
    via: str


def add(tx: Transaction, event: AuditEvent) -> None:
    """Write one event down."""
    tx.run(
        _ADD,
        id=event.id,
        workspace_id=event.workspace_id,
        at=event.at,
        actor=event.actor,
        via=event.via,
        operation=event.operation,
        target=event.target,
        details=event.details,
    )


def record(
    tx: Transaction,
    by: Caller | Actor,
    operation: str,
    target: str,
    *,
    at: datetime,
    **details: Any,
) -> None:
    """Write down what somebody has done; `details` are facts such as values before and after."""
    event = AuditEvent(
        id=new_id("aud"),
        workspace_id=by.workspace_id,
        at=at,
        actor=by.principal.id if isinstance(by, Caller) else by.id,
        via=by.via,
        operation=operation,
        target=target,
        details=details,
    )
    add(tx, event)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a change: of all that is said of something, what is not as it was."""
    changed = [name for name in before if before[name] != after[name]]
    return {
        "before": {name: before[name] for name in changed},
        "after": {name: after[name] for name in changed},
    }


def page(
    tx: Transaction, workspace_id: str, *, selection: Events = EVERY_EVENT, window: Window
) -> Page[AuditEvent]:
    """What happened in a workspace, newest first."""
    statement = select(audit).where(audit.c.workspace_id == workspace_id)
    if selection.operation is not None:
        statement = statement.where(audit.c.operation == selection.operation)
    if selection.actor is not None:
        statement = statement.where(audit.c.actor == selection.actor)
    if selection.start is not None:
        statement = statement.where(audit.c.at >= selection.start)
    if selection.end is not None:
        statement = statement.where(audit.c.at < selection.end)
    rows, cursor = rows_of(tx, statement, audit.c.id, window, newest_first=True)
    return Page(tuple(_event(row) for row in rows), cursor)


def _event(row: Row[Any]) -> AuditEvent:
    return AuditEvent(
        id=row.id,
        workspace_id=row.workspace_id,
        at=row.at,
        actor=row.actor,
        via=row.via,
        operation=row.operation,
        target=row.target,
        details=row.details,
    )
