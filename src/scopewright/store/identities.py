"""Every way by which principals prove who they are; the one each is called by is among them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, or_, select, update

from scopewright.core.identities import NOTED_EVERY, LinkedIdentity
from scopewright.core.model import Identity, Principal, PrincipalKind
from scopewright.store.database import Transaction
from scopewright.store.schema import identities

_ADD = insert(identities)
_KEY = (
    identities.c.workspace_id == bindparam("here"),
    identities.c.kind == bindparam("as_kind"),
    identities.c.provider == bindparam("by_provider"),
    identities.c.subject == bindparam("as_subject"),
)
_GET = select(identities).where(*_KEY)
_OF_MANY = (
    select(identities)
    .where(identities.c.principal_id.in_(bindparam("principals", expanding=True)))
    .order_by(identities.c.principal_id, identities.c.provider, identities.c.subject)
)
_LAST_USED = (
    select(identities.c.principal_id, func.max(identities.c.last_used_at).label("at"))
    .where(identities.c.principal_id.in_(bindparam("principals", expanding=True)))
    .where(identities.c.last_used_at.is_not(None))
    .group_by(identities.c.principal_id)
)
_NOTE_USE = (
    update(identities)
    .where(*_KEY)
    .where(
        or_(
            identities.c.last_used_at.is_(None),
            identities.c.last_used_at <= bindparam("before", type_=identities.c.linked_at.type),
        )
    )
    .values(last_used_at=bindparam("at"))
)
_SIGN_OUT = (
    update(identities)
    .where(identities.c.principal_id == bindparam("principal"))
    .values(signed_out_at=bindparam("at"))
)
_REMOVE = delete(identities).where(*_KEY)


def add(tx: Transaction, principal: Principal, linked: LinkedIdentity) -> None:
    """Remember that a principal proves itself so.

    Raises:
        Conflict: the identity is another principal's of the same kind here.
    """
    tx.run(
        _ADD,
        workspace_id=principal.workspace_id,
        kind=principal.kind.value,
        provider=linked.identity.provider,
        subject=linked.identity.subject,
        principal_id=principal.id,
        linked_by=linked.linked_by,
        linked_at=linked.linked_at,
        last_used_at=linked.last_used_at,
        signed_out_at=linked.signed_out_at,
    )


def get(
    tx: Transaction, workspace_id: str, *, kind: PrincipalKind, identity: Identity
) -> LinkedIdentity | None:
    """Whose identity this is among the members, or the end-users, of a workspace."""
    row = tx.one(_GET, **_key(workspace_id, kind, identity))
    return None if row is None else _linked(row)


def of_principals(tx: Transaction, ids: Sequence[str]) -> dict[str, list[LinkedIdentity]]:
    """The identities of several principals at once, by provider and subject."""
    found: dict[str, list[LinkedIdentity]] = {id: [] for id in ids}
    for row in tx.all(_OF_MANY, principals=list(ids)):
        found[row.principal_id].append(_linked(row))
    return found


def last_used(tx: Transaction, principal_ids: Sequence[str]) -> dict[str, datetime]:
    """When people have last signed in to something here, of those who ever have."""
    found = tx.all(_LAST_USED, principals=list(principal_ids))
    return {row.principal_id: row.at for row in found}


def note_use(tx: Transaction, principal: Principal, identity: Identity, *, at: datetime) -> None:
    """Remember that a principal has signed in by it to something here; once a minute is enough."""
    key = _key(principal.workspace_id, principal.kind, identity)
    tx.run(_NOTE_USE, **key, at=at, before=at - NOTED_EVERY)


def sign_out(tx: Transaction, principal_id: str, *, at: datetime) -> None:
    """Let no browser count here any more that has signed in by one of them until now."""
    tx.run(_SIGN_OUT, principal=principal_id, at=at)


def remove(tx: Transaction, principal: Principal, identity: Identity) -> bool:
    """Forget that a principal proves itself so; whether it did."""
    return tx.run(_REMOVE, **_key(principal.workspace_id, principal.kind, identity)) == 1


def _key(workspace_id: str, kind: PrincipalKind, identity: Identity) -> dict[str, str]:
    return {
        "here": workspace_id,
        "as_kind": kind.value,
        "by_provider": identity.provider,
        "as_subject": identity.subject,
    }


def _linked(row: Row[Any]) -> LinkedIdentity:
    return LinkedIdentity(
        principal_id=row.principal_id,
        identity=Identity(row.provider, row.subject),
        linked_by=row.linked_by,
        linked_at=row.linked_at,
        last_used_at=row.last_used_at,
        signed_out_at=row.signed_out_at,
    )
