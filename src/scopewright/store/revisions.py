"""What each change of roles, scopes and mappings was before; marked once when it is undone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update

from scopewright.core.caller import Caller
from scopewright.core.catalogue import RoleDefinition, ScopeDefinition
from scopewright.core.deletions import NOTHING, Taken
from scopewright.core.revisions import (
    Revision,
    RevisionKind,
    remembered_taken,
    told_mapping,
    told_role,
    told_scope,
    told_taken,
)
from scopewright.ids import new_id
from scopewright.store.database import Transaction
from scopewright.store.pages import Page, Window, rows_of
from scopewright.store.schema import revisions

_TAKEN = "taken"  # the member of `before` that has what else went
_ADD = insert(revisions)
_BY_ID = select(revisions).where(
    revisions.c.workspace_id == bindparam("workspace"), revisions.c.id == bindparam("key")
)
_UNDO = (
    update(revisions)
    .where(revisions.c.id == bindparam("key"), revisions.c.undone_at.is_(None))
    .values(undone_at=bindparam("now"))
)


def add(tx: Transaction, revision: Revision) -> None:
    """Remember a change."""
    before = revision.before
    if before is not None and revision.taken != NOTHING:
        before = {**before, _TAKEN: told_taken(revision.taken)}
    tx.run(
        _ADD,
        id=revision.id,
        workspace_id=revision.workspace_id,
        at=revision.at,
        actor=revision.actor,
        kind=revision.kind.value,
        name=revision.name,
        before=before,
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
    taken: Taken = NOTHING,
) -> str:
    """Remember what a caller has changed about a role, and what a deletion took with it; its id."""
    (name,) = {role.name for role in (before, after) if role is not None}
    was, is_ = (None if role is None else told_role(role) for role in (before, after))
    return _remember(tx, caller, RevisionKind.ROLE, name, before=was, after=is_, at=at, taken=taken)


def of_scope(
    tx: Transaction,
    caller: Caller,
    before: ScopeDefinition | None,
    after: ScopeDefinition | None,
    *,
    at: datetime,
    taken: Taken = NOTHING,
) -> str:
    """The same about a scope."""
    (name,) = {scope.name for scope in (before, after) if scope is not None}
    was, is_ = (None if scope is None else told_scope(scope) for scope in (before, after))
    return _remember(
        tx, caller, RevisionKind.SCOPE, name, before=was, after=is_, at=at, taken=taken
    )


def of_mapping(
    tx: Transaction,
    caller: Caller,
    include: str,
    *,
    before: str | None,
    after: str | None,
    at: datetime,
) -> None:
    """Remember which role a caller has let stand for an include, and which stood for it before."""
    was, is_ = (None if role is None else told_mapping(role) for role in (before, after))
    _remember(tx, caller, RevisionKind.MAPPING, include, before=was, after=is_, at=at)


def of_undoing(tx: Transaction, caller: Caller, undone: Revision, *, at: datetime) -> None:
    """Remember that a caller has undone a change, which is one too."""
    _remember(tx, caller, undone.kind, undone.name, before=undone.after, after=undone.before, at=at)


def _remember(
    tx: Transaction, caller: Caller, kind: RevisionKind, name: str, *, at: datetime, **more: Any
) -> str:
    here, actor = caller.workspace_id, caller.principal.id
    revision = Revision(
        id=new_id("rev"), workspace_id=here, at=at, actor=actor, kind=kind, name=name, **more
    )
    if revision.before != revision.after:
        add(tx, revision)
    return revision.id


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
    return tx.run(_UNDO, key=id, now=at) == 1


def _revision(row: Row[Any]) -> Revision:
    before = None if row.before is None else dict(row.before)
    taken = None if before is None else before.pop(_TAKEN, None)
    return Revision(
        id=row.id,
        workspace_id=row.workspace_id,
        at=row.at,
        actor=row.actor,
        kind=RevisionKind(row.kind),
        name=row.name,
        before=before,
        after=row.after,
        taken=NOTHING if taken is None else remembered_taken(taken),
        undone_at=row.undone_at,
    )
