"""Members, end-users, clients and groups as principals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Row,
    Select,
    bindparam,
    delete,
    insert,
    or_,
    select,
    union_all,
    update,
)

from scopewright.core.errors import NotFound
from scopewright.core.identities import LinkedIdentity, email_identity
from scopewright.core.model import Identity, Principal, PrincipalKind
from scopewright.store import identities as identities_of_principals
from scopewright.store.database import Transaction
from scopewright.store.pages import Page, Window, begins, rows_of
from scopewright.store.schema import identities, principals

_ADD = insert(principals)
_BY_ID = select(principals).where(principals.c.id == bindparam("id"))
_OF_IDS = select(principals).where(principals.c.id.in_(bindparam("ids", expanding=True)))
_OF_IDENTITY = (
    select(principals)
    .join(identities, identities.c.principal_id == principals.c.id)
    .where(identities.c.provider == bindparam("provider"))
    .where(identities.c.subject == bindparam("subject"))
    .order_by(principals.c.id)
)
_BY_IDENTITY = _OF_IDENTITY.where(
    identities.c.workspace_id == bindparam("workspace_id"), identities.c.kind == bindparam("kind")
)
_NAMES = (
    select(principals.c.name)
    .where(principals.c.workspace_id == bindparam("workspace"))
    .where(principals.c.kind == bindparam("kind"))
)
_RENAME = (
    update(principals).where(principals.c.id == bindparam("key")).values(name=bindparam("name"))
)
_SET_OWNER = (
    update(principals)
    .where(principals.c.id == bindparam("key"))
    .values(owner_id=bindparam("owner"))
)
# What a list of them may be sorted by. Ids sort by birth; people are called by their addresses.
_BY = {
    "name": principals.c.name,
    "email": principals.c.name,
    "created_at": principals.c.id,
}
FEW = 1000  # whom one sorts at once
_REMOVE = delete(principals).where(principals.c.id == bindparam("id"))


@dataclass(frozen=True, slots=True)
class Selection:
    """Which principals are wanted; None: whichever.

    `prefix` begins their name or the subject of one of their identities, as it is spelled or in
    lower case.
    """

    kind: PrincipalKind | None = None
    owner_id: str | None = None
    prefix: str | None = None
    is_disabled: bool | None = None


def add(tx: Transaction, principal: Principal) -> None:
    """Remember a new principal; the identity that it is called by is the first it proves."""
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
        owner_id=principal.owner_id,
    )
    if identity is not None:
        linked = LinkedIdentity(principal.id, identity, principal.id, principal.created_at)
        identities_of_principals.add(tx, principal, linked)


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
    """The member or end-user that this identity, of perhaps several, is in a workspace."""
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

    It may come before the lock: whoever an address is unlinked from since was meant a moment ago.

    Raises:
        NotFound: nobody of this kind here has the name.
    """
    if "@" in name:
        identity = email_identity(name.lower())
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
        identity = email_identity(name.lower())
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
    return page_of(tx, workspace_id, selection=Selection(kind), window=window)


def page_of(
    tx: Transaction, workspace_id: str, *, selection: Selection, window: Window
) -> Page[Principal]:
    """The principals that are wanted, oldest first."""
    statement = select(principals).where(principals.c.workspace_id == workspace_id)
    if selection.kind is not None:
        statement = statement.where(principals.c.kind == selection.kind.value)
    if selection.owner_id is not None:
        statement = statement.where(principals.c.owner_id == selection.owner_id)
    if selection.is_disabled is not None:
        is_active = principals.c.disabled_at.is_(None)
        statement = statement.where(~is_active if selection.is_disabled else is_active)
    if selection.prefix:
        statement = statement.where(_known_as(tx, workspace_id, selection.prefix))
    if window.prefix and _BY.get(window.column) is principals.c.name:
        statement = statement.where(_begins(principals.c.name, window.prefix))
    elif window.prefix:
        statement = statement.where(_called(tx, statement, window.prefix))
    rows, cursor = rows_of(tx, statement, principals.c.id, window, by=_BY)
    return Page(tuple(noun(row) for row in rows), cursor)


def _known_as(tx: Transaction, workspace_id: str, prefix: str) -> ColumnElement[bool]:
    """Who is called so, or proves itself so."""
    known = select(identities.c.principal_id).where(
        identities.c.workspace_id == workspace_id, _begins(identities.c.subject, prefix)
    )
    called = select(principals.c.id).where(
        principals.c.workspace_id == workspace_id, _begins(principals.c.name, prefix)
    )
    few = _few(tx, union_all(called, known))
    if few is not None:
        return few
    return or_(_begins(principals.c.name, prefix), principals.c.id.in_(known))


def few_called(tx: Transaction, workspace_id: str, prefixes: Iterable[str]) -> list[str] | None:
    """The ids of those whose name begins with one of these; None where they are many."""
    named = or_(*(begins(principals.c.name, prefix) for prefix in prefixes))
    ids = select(principals.c.id).where(principals.c.workspace_id == workspace_id, named)
    found = [row.id for row in tx.all(ids.limit(FEW + 1))]
    return found if len(found) <= FEW else None


def _called(tx: Transaction, wanted: Select[Any], prefix: str) -> ColumnElement[bool]:
    """Who of those who are wanted is called so; their order is not that of their names."""
    ids = wanted.with_only_columns(principals.c.id).where(_begins(principals.c.name, prefix))
    few = _few(tx, ids)
    # Without an index, which would lead to sorting them.
    return _begins(principals.c.name.concat(""), prefix) if few is None else few


def _few(tx: Transaction, ids: Select[Any] | CompoundSelect[Any]) -> ColumnElement[bool] | None:
    """That somebody is one of these, where they are few; None: they are many.

    Few are found by indexes and then sorted. Many are met soon by walking everybody in the order of
    the page, and would take longer to sort than that.
    """
    found = {row[0] for row in tx.all(ids.limit(FEW + 1))}
    return principals.c.id.in_(sorted(found)) if len(found) <= FEW else None


def _begins(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    spellings = sorted({prefix, prefix.lower()})
    return or_(*(begins(column, one) for one in spellings))


def rename(tx: Transaction, id: str, *, name: str) -> None:
    """Call a principal something else."""
    tx.run(_RENAME, key=id, name=name)


def set_owner(tx: Transaction, id: str, *, owner_id: str | None) -> None:
    """Let another person, or nobody, answer for a principal."""
    tx.run(_SET_OWNER, key=id, owner=owner_id)


def remove(tx: Transaction, id: str) -> bool:
    """Forget a principal with its identities, grants, roles, keys and sessions.

    Whether it was there.
    """
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
        owner_id=row.owner_id,
    )
