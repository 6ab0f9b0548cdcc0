"""What each change of roles and scopes was before; marked once when it is undone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update

from scopewright.core.caller import Caller
from scopewright.core.catalogue import RoleDefinition, ScopeDefinition
from scopewright.core.revisions import Revision, RevisionKind, told_role, told_scope
from scopewright.ids import new_id
from scopewright.store.database import Transaction
from scopewright.store.pages import Page, Window, rows_of
from scopewright.store.schema import revisions

_ADD = insert(revisions)
_BY_ID = select(revisions).where(
    revisions.c.workspace_id == bindparam("workspace"), revisions.c.id == bindparam("key")
)
_UNDO = (
    update(revisions)
    .where(revisions.c.id == bindparam("key"), revisions.c.undone_at.is_(None))
    .values(undone_at=bindparam("at"))
)


def add(tx: Transaction, revision: Revision) -> None:
    """Remember a change."""
    tx.run(
        _ADD,
        id=revision.id,
        workspace_id=revision.workspace_id,
        at=revision.at,
        actor=revision.actor,
        kind=revision.kind.value,
        name=revision.name,
        before=revision.before,
        after=revision.after,
        undone_at=revision.undone_at,
    )


def of_role(
    tx: Transaction,
    caller: Caller,
    before: RoleDefinition | None,
    after: RoleDefinition | None,
    *,
    at: datetime,
) -> None:
    """Remember what a caller has changed about a role."""
    (name,) = {role.name for role in (before, after) if role is not None}
    was, is_ = (None if role is None else told_role(role) for role in (before, after))
    add(
        tx,
        Revision(
            new_id("rev"),
            caller.workspace_id,
            at,
            caller.principal.id,
            RevisionKind.ROLE,
            name,
            was,
            is_,
        ),
    )


def of_scope(
    tx: Transaction,
    caller: Caller,
    before: ScopeDefinition | None,
    after: ScopeDefinition | None,
    *,
    at: datetime,
) -> None:
    """Remember what a caller has changed about a scope."""
    (name,) = {scope.name for scope in (before, after) if scope is not None}
    was, is_ = (None if scope is None else told_scope(scope) for scope in (before, after))
    add(
        tx,
        Revision(
            new_id("rev"),
            caller.workspace_id,
            at,
            caller.principal.id,
            RevisionKind.SCOPE,
            name,
            was,
            is_,
        ),
    )


def get(tx: Transaction, workspace_id: str, id: str) -> Revision | None:
    """One change of a workspace."""
    row = tx.one(_BY_ID, workspace=workspace_id, key=id)
    return None if row is None else _revision(row)


def page(tx: Transaction, workspace_id: str, window: Window) -> Page[Revision]:
    """The changes of a workspace, newest first."""
    statement = select(revisions).where(revisions.c.workspace_id == workspace_id)
    rows, cursor = rows_of(tx, statement, revisions.c.id, window, newest_first=True)
    return Page(tuple(_revision(row) for row in rows), cursor)


def undo(tx: Transaction, id: str, *, at: datetime) -> bool:
    """Mark a change as undone; False when it was already."""
    return tx.run(_UNDO, key=id, at=at) == 1


def _revision(row: Row[Any]) -> Revision:
    return Revision(
        id=row.id,
        workspace_id=row.workspace_id,
        at=row.at,
        actor=row.actor,
        kind=RevisionKind(row.kind),
        name=row.name,
        before=row.before,
        after=row.after,
        undone_at=row.undone_at,
    )
