"""Members, end-users, clients and groups as principals."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from scopewright.core.errors import NotFound
from scopewright.core.model import EMAIL_PROVIDER, Identity, Principal, PrincipalKind
from scopewright.store.database import Transaction
from scopewright.store.pages import Page, Window, rows_of
from scopewright.store.schema import principals

_ADD = insert(principals)
_BY_ID = select(principals).where(principals.c.id == bindparam("id"))
_OF_IDS = select(principals).where(principals.c.id.in_(bindparam("ids", expanding=True)))
_BY_IDENTITY = (
    select(principals)
    .where(principals.c.workspace_id == bindparam("workspace_id"))
    .where(principals.c.kind == bindparam("kind"))
    .where(principals.c.provider == bindparam("provider"))
    .where(principals.c.subject == bindparam("subject"))
)
_OF_IDENTITY = (
    select(principals)
    .where(principals.c.provider == bindparam("provider"))
    .where(principals.c.subject == bindparam("subject"))
    .order_by(principals.c.id)
)
_NAMES = (
    select(principals.c.name)
    .where(principals.c.workspace_id == bindparam("workspace"))
    .where(principals.c.kind == bindparam("kind"))
)
_RENAME = (
    update(principals).where(principals.c.id == bindparam("key")).values(name=bindparam("name"))
)
_REMOVE = delete(principals).where(principals.c.id == bindparam("id"))


def add(tx: Transaction, principal: Principal) -> None:
    """Remember a new principal."""
    identity = principal.identity
    tx.run(
        _ADD,
        id=principal.id,
        workspace_id=principal.workspace_id,
        kind=principal.kind.value,
        name=principal.name,
        provider=identity and identity.provider,
        subject=identity and identity.subject,
        created_at=principal.created_at,
        disabled_at=principal.disabled_at,
    )


def get(tx: Transaction, id: str) -> Principal | None:
    """The principal of this id, in whatever workspace."""
    row = tx.one(_BY_ID, id=id)
    return None if row is None else noun(row)


def of_ids(tx: Transaction, ids: list[str]) -> dict[str, Principal]:
    """Several principals at once, by id."""
    return {row.id: noun(row) for row in tx.all(_OF_IDS, ids=ids)}


def by_identity(
    tx: Transaction, workspace_id: str, *, kind: PrincipalKind, identity: Identity
) -> Principal | None:
    """The member or end-user that this identity is in a workspace."""
    row = tx.one(
        _BY_IDENTITY,
        workspace_id=workspace_id,
        kind=kind.value,
        provider=identity.provider,
        subject=identity.subject,
    )
    return None if row is None else noun(row)


def find(tx: Transaction, workspace_id: str, *, kind: PrincipalKind, name: str) -> Principal:
    """The principal that a path names: by id, people also by address; in any letter case.

    An address belongs to one principal for good, so finding it may come before the lock.

    Raises:
        NotFound: nobody of this kind here has the name.
    """
    if "@" in name:
        identity = Identity(EMAIL_PROVIDER, name.lower())
        found = by_identity(tx, workspace_id, kind=kind, identity=identity)
    else:
        found = get(tx, name.lower())
    if found is None or found.workspace_id != workspace_id or found.kind is not kind:
        raise NotFound(f"There is no such {kind.value.replace('_', '-')}.")
    return found


def find_any(tx: Transaction, workspace_id: str, *, name: str) -> Principal:
    """Whoever has this id here; by an address the end-user's record, else the member's.

    Raises:
        NotFound: nobody here has the name.
    """
    if "@" in name:
        identity = Identity(EMAIL_PROVIDER, name.lower())
        records = (
            by_identity(tx, workspace_id, kind=kind, identity=identity)
            for kind in (PrincipalKind.END_USER, PrincipalKind.MEMBER)
        )
        found = next((record for record in records if record is not None), None)
    else:
        found = get(tx, name.lower())
    if found is None or found.workspace_id != workspace_id:
        raise NotFound("There is no such principal.")
    return found


def names(tx: Transaction, workspace_id: str, *, kind: PrincipalKind) -> list[str]:
    """What the principals of one kind are called."""
    return [row.name for row in tx.all(_NAMES, workspace=workspace_id, kind=kind.value)]


def of_identity(tx: Transaction, identity: Identity) -> list[Principal]:
    """Every record of an identity, in all workspaces."""
    rows = tx.all(_OF_IDENTITY, provider=identity.provider, subject=identity.subject)
    return [noun(row) for row in rows]


def page(
    tx: Transaction, workspace_id: str, *, kind: PrincipalKind | None, window: Window
) -> Page[Principal]:
    """The principals of one kind, or of every kind, oldest first."""
    statement = select(principals).where(principals.c.workspace_id == workspace_id)
    if kind is not None:
        statement = statement.where(principals.c.kind == kind.value)
    rows, cursor = rows_of(tx, statement, principals.c.id, window)
    return Page(tuple(noun(row) for row in rows), cursor)


def rename(tx: Transaction, id: str, *, name: str) -> None:
    """Call a principal something else."""
    tx.run(_RENAME, key=id, name=name)


def remove(tx: Transaction, id: str) -> bool:
    """Forget a principal with its grants, roles, keys and sessions; whether it was there."""
    return tx.run(_REMOVE, id=id) == 1


def noun(row: Row[Any]) -> Principal:
    """The principal of a row of the table."""
    identity = None if row.provider is None else Identity(row.provider, row.subject)
    return Principal(
        id=row.id,
        workspace_id=row.workspace_id,
        kind=PrincipalKind(row.kind),
        name=row.name,
        identity=identity,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
    )
