"""Things of a workspace by how their ids begin."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import or_, select

from scopewright.core.lookups import KEY, SESSION, Found
from scopewright.core.model import PrincipalKind
from scopewright.store.database import Transaction
from scopewright.store.pages import begins
from scopewright.store.schema import api_keys, principals, sessions


def of_principals(
    tx: Transaction, workspace_id: str, beginning: str, *, kinds: Iterable[PrincipalKind], most: int
) -> list[Found]:
    """The principals of these kinds."""
    statement = (
        select(principals.c.id, principals.c.kind, principals.c.name)
        .where(principals.c.workspace_id == workspace_id, begins(principals.c.id, beginning))
        .where(principals.c.kind.in_([kind.value for kind in kinds]))
        .order_by(principals.c.id)
        .limit(most)
    )
    return [Found(row.kind, row.id, row.name, row.id) for row in tx.all(statement)]


def of_keys(
    tx: Transaction,
    workspace_id: str,
    beginning: str,
    *,
    owner: str | None,
    now: datetime,
    most: int,
) -> list[Found]:
    """The live keys of everybody, or of one owner."""
    statement = (
        select(api_keys.c.id, api_keys.c.note, api_keys.c.principal_id)
        .where(api_keys.c.workspace_id == workspace_id, begins(api_keys.c.id, beginning))
        .where(api_keys.c.revoked_at.is_(None))
        .where(or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > now))
        .order_by(api_keys.c.id)
        .limit(most)
    )
    if owner is not None:
        statement = statement.where(api_keys.c.principal_id == owner)
    return [Found(KEY, row.id, row.note, row.principal_id) for row in tx.all(statement)]


def of_sessions(
    tx: Transaction, workspace_id: str, beginning: str, *, now: datetime, most: int
) -> list[Found]:
    """The active sessions."""
    statement = (
        select(sessions.c.id, sessions.c.principal_id, principals.c.name)
        .join(principals, principals.c.id == sessions.c.principal_id)
        .where(sessions.c.workspace_id == workspace_id, begins(sessions.c.id, beginning))
        .where(sessions.c.ended_at.is_(None), sessions.c.expires_at > now)
        .order_by(sessions.c.id)
        .limit(most)
    )
    return [Found(SESSION, row.id, row.name, row.principal_id) for row in tx.all(statement)]
