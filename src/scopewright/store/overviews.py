"""Principals as a list shows them, each with what is its own: a few statements for a whole page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import bindparam, func, or_, select

from scopewright.core.model import Principal
from scopewright.core.principals import NO_ACTIVITY, Activity, Overview
from scopewright.store import assignments, identities, principals
from scopewright.store.database import Transaction
from scopewright.store.schema import api_keys, sessions

_KEYS = (
    select(
        api_keys.c.principal_id,
        func.count()
        .filter(
            api_keys.c.revoked_at.is_(None),
            or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > bindparam("now")),
        )
        .label("live"),
        func.max(api_keys.c.last_used_at).label("used_at"),
    )
    .where(api_keys.c.principal_id.in_(bindparam("principals", expanding=True)))
    .group_by(api_keys.c.principal_id)
)
_SESSIONS = (
    select(
        sessions.c.principal_id,
        func.count()
        .filter(sessions.c.ended_at.is_(None), sessions.c.expires_at > bindparam("now"))
        .label("live"),
        func.max(sessions.c.last_used_at).label("used_at"),
    )
    .where(sessions.c.principal_id.in_(bindparam("principals", expanding=True)))
    .group_by(sessions.c.principal_id)
)


def of(tx: Transaction, shown: Sequence[Principal], *, now: datetime) -> tuple[Overview, ...]:
    """These principals, in their order."""
    ids = [one.id for one in shown]
    owners = principals.of_ids(tx, sorted({one.owner_id for one in shown if one.owner_id}))
    linked, roles = identities.of_principals(tx, ids), assignments.of_principals(tx, ids)
    activity = activity_of(tx, ids, now=now)
    return tuple(
        Overview(
            principal=one,
            owner=owners.get(one.owner_id or ""),
            identities=tuple(linked[one.id]),
            roles=tuple(sorted(assignment.role for assignment in roles[one.id])),
            activity=activity[one.id],
        )
        for one in shown
    )


def activity_of(tx: Transaction, ids: Sequence[str], *, now: datetime) -> dict[str, Activity]:
    """How many live keys and sessions each has, and when it last used one."""
    found = dict.fromkeys(ids, NO_ACTIVITY)
    for row in tx.all(_KEYS, principals=list(ids), now=now):
        found[row.principal_id] = Activity(api_keys=row.live, key_used_at=row.used_at)
    for row in tx.all(_SESSIONS, principals=list(ids), now=now):
        found[row.principal_id] = replace(
            found[row.principal_id], sessions=row.live, session_used_at=row.used_at
        )
    return found
