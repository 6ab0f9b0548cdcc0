"""Invitations of members, pending or expired; an accepted or cancelled one is gone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select

from scopewright.core.model import Invitation
from scopewright.store.database import Transaction
from scopewright.store.pages import Page, Window, rows_of
from scopewright.store.schema import invitations

_ADD = insert(invitations)
_BY_HASH = select(invitations).where(invitations.c.secret_hash == bindparam("hash"))
_BY_ID = select(invitations).where(
    invitations.c.workspace_id == bindparam("workspace"), invitations.c.id == bindparam("key")
)
_TAKE = (
    delete(invitations)
    .where(invitations.c.secret_hash == bindparam("hash"))
    .where(invitations.c.expires_at > bindparam("now"))
    .returning(*invitations.c)
)
_REMOVE = delete(invitations).where(
    invitations.c.workspace_id == bindparam("workspace"), invitations.c.id == bindparam("key")
)
_REMOVE_EMAIL = delete(invitations).where(
    invitations.c.workspace_id == bindparam("workspace"),
    invitations.c.email == bindparam("address"),
)
_SENDERS = (
    select(invitations.c.invited_by)
    .where(invitations.c.workspace_id == bindparam("workspace"))
    .distinct()
)
_REMOVE_SENDER = delete(invitations).where(invitations.c.invited_by == bindparam("sender"))
_PURGE = delete(invitations).where(invitations.c.expires_at < bindparam("before"))


def add(tx: Transaction, invitation: Invitation) -> None:
    """Remember an invitation, in place of an earlier one to the same address."""
    tx.run(_REMOVE_EMAIL, workspace=invitation.workspace_id, address=invitation.email)
    tx.run(
        _ADD,
        id=invitation.id,
        workspace_id=invitation.workspace_id,
        email=invitation.email,
        role=invitation.role,
        invited_by=invitation.invited_by,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
        secret_hash=invitation.secret_hash,
    )


def get(tx: Transaction, workspace_id: str, *, id: str) -> Invitation | None:
    """The invitation of this id."""
    row = tx.one(_BY_ID, workspace=workspace_id, key=id)
    return None if row is None else _invitation(row)


def by_hash(tx: Transaction, hash: str) -> Invitation | None:
    """The invitation of this link."""
    row = tx.one(_BY_HASH, hash=hash)
    return None if row is None else _invitation(row)


def take(tx: Transaction, hash: str, *, now: datetime) -> Invitation | None:
    """Accept: the invitation, which is gone from now on. Of many callers, one gets it."""
    row = tx.one(_TAKE, hash=hash, now=now)
    return None if row is None else _invitation(row)


def page(tx: Transaction, workspace_id: str, *, window: Window) -> Page[Invitation]:
    """The invitations of a workspace, oldest first."""
    statement = select(invitations).where(invitations.c.workspace_id == workspace_id)
    rows, cursor = rows_of(tx, statement, invitations.c.id, window)
    return Page(tuple(_invitation(row) for row in rows), cursor)


def remove(tx: Transaction, workspace_id: str, *, id: str) -> bool:
    """Cancel an invitation; whether it was there."""
    return tx.run(_REMOVE, workspace=workspace_id, key=id) == 1


def senders(tx: Transaction, workspace_id: str) -> list[str]:
    """Who has sent the invitations of a workspace."""
    return [row.invited_by for row in tx.all(_SENDERS, workspace=workspace_id)]


def remove_of_sender(tx: Transaction, principal_id: str) -> int:
    """Cancel whatever this member has sent; how many."""
    return tx.run(_REMOVE_SENDER, sender=principal_id)


def purge(tx: Transaction, *, before: datetime) -> int:
    """Forget invitations that expired before; how many."""
    return tx.run(_PURGE, before=before)


def _invitation(row: Row[Any]) -> Invitation:
    return Invitation(
        id=row.id,
        workspace_id=row.workspace_id,
        email=row.email,
        role=row.role,
        invited_by=row.invited_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        secret_hash=row.secret_hash,
    )
