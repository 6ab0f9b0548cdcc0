"""Workspaces, and `touch`: the lock and version of everything that changes authority."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, exists, insert, select, update

from scopewright.core.errors import NotFound
from scopewright.core.model import (
    ChangeKind,
    Identity,
    KeyPolicy,
    TokenOverrides,
    Workspace,
    WorkspacePolicy,
)
from scopewright.core.tokens import LONGEST_ACCESS
from scopewright.store import leases
from scopewright.store.compact import compact, restored
from scopewright.store.database import Transaction
from scopewright.store.schema import changes, identities, principals, workspaces

_ALL = select(workspaces)
_BY_ID = _ALL.where(workspaces.c.id == bindparam("id"))
_BY_SLUG = _ALL.where(workspaces.c.slug == bindparam("slug"))
_ADD = insert(workspaces)
_CHANGE_SETTINGS = update(workspaces).where(workspaces.c.id == bindparam("key"))
_DELETE = delete(workspaces).where(workspaces.c.id == bindparam("id"))
_TOUCH = (
    update(workspaces)
    .where(workspaces.c.id == bindparam("key"))
    .values(authority_version=workspaces.c.authority_version + 1)
    .returning(workspaces.c.authority_version)
)
_VERSION = select(workspaces.c.authority_version).where(workspaces.c.id == bindparam("id"))
_CHANGE = insert(changes)
_OF_IDENTITY = (
    _ALL.join(principals, principals.c.workspace_id == workspaces.c.id)
    .join(identities, identities.c.principal_id == principals.c.id)
    .where(identities.c.provider == bindparam("provider"))
    .where(identities.c.subject == bindparam("subject"))
    .where(identities.c.kind == "member", principals.c.disabled_at.is_(None))
    .order_by(workspaces.c.id)
)
_HERE, _ELSEWHERE = identities.alias(), identities.alias()
_ONLY_HERE = (
    select(principals.c.id)
    .where(principals.c.workspace_id == bindparam("id"), principals.c.kind == "member")
    .where(
        ~exists().where(
            _HERE.c.principal_id == principals.c.id,
            _ELSEWHERE.c.provider == _HERE.c.provider,
            _ELSEWHERE.c.subject == _HERE.c.subject,
            _ELSEWHERE.c.kind == "member",
            _ELSEWHERE.c.workspace_id != principals.c.workspace_id,
        )
    )
)


def add(tx: Transaction, workspace: Workspace) -> None:
    """Remember a new workspace."""
    tx.run(
        _ADD,
        id=workspace.id,
        slug=workspace.slug,
        catalogues=list(workspace.catalogues),
        authority_version=workspace.authority_version,
        created_at=workspace.created_at,
        **_changeable(workspace),
    )


def get(tx: Transaction, id: str) -> Workspace | None:
    """The workspace of this id."""
    return _noun(tx.one(_BY_ID, id=id))


def find(tx: Transaction, id: str) -> Workspace:
    """The workspace of this id, for operations within it.

    Raises:
        NotFound: it is gone.
    """
    workspace = get(tx, id)
    if workspace is None:
        raise NotFound("There is no such workspace.")
    return workspace


def by_slug(tx: Transaction, slug: str) -> Workspace | None:
    """The workspace of this slug."""
    return _noun(tx.one(_BY_SLUG, slug=slug))


def list_all(tx: Transaction) -> list[Workspace]:
    """Every workspace of this instance."""
    return [_workspace(row) for row in tx.all(_ALL.order_by(workspaces.c.id))]


def of_member(tx: Transaction, identity: Identity) -> list[Workspace]:
    """The workspaces in which this identity is a member whom nobody has disabled."""
    rows = tx.all(_OF_IDENTITY, provider=identity.provider, subject=identity.subject)
    return [_workspace(row) for row in rows]


def members_only_here(tx: Transaction, id: str) -> frozenset[str]:
    """The members of a workspace who are in no other."""
    return frozenset(row.id for row in tx.all(_ONLY_HERE, id=id))


def lock_all(tx: Transaction, *, now: datetime) -> None:
    """Let nobody else make or delete a workspace until this transaction ends.

    Two at once could both take a slug that is free, or each count on the other's workspace.
    """
    leases.take(tx, "workspaces", holder="", now=now, until=now)


def change(tx: Transaction, workspace: Workspace) -> None:
    """Keep the workspace's present name, token settings and policy."""
    tx.run(_CHANGE_SETTINGS, key=workspace.id, **_changeable(workspace))


def remove(tx: Transaction, id: str) -> bool:
    """Forget the workspace and everything in it; whether it was there."""
    return tx.run(_DELETE, id=id) == 1


def version(tx: Transaction, id: str) -> int | None:
    """The authority version; None when there is no such workspace."""
    found: int | None = tx.scalar(_VERSION, id=id)
    return found


def touch(
    tx: Transaction,
    workspace_id: str,
    kind: ChangeKind,
    subject_id: str,
    *,
    at: datetime,
    forget_at: datetime | None = None,
) -> int:
    """Take the workspace's lock and count one change of authority or liveness; the new version.

    INVARIANT: the first statement of every operation that changes either, so that versions commit
    in order and whoever goes on from version n misses nothing.

    Raises:
        NotFound: the workspace is gone.
    """
    new_version: int | None = tx.scalar(_TOUCH, key=workspace_id)
    if new_version is None:
        raise NotFound("There is no such workspace.")
    tx.run(
        _CHANGE,
        workspace_id=workspace_id,
        version=new_version,
        kind=kind.value,
        subject_id=subject_id,
        at=at,
        forget_at=forget_at,
    )
    return new_version


def touch_revoking(
    tx: Transaction, workspace_id: str, kind: ChangeKind, subject_id: str, *, at: datetime
) -> int:
    """The same of what ends all that was issued to the subject, or through it, until now.

    It is remembered for as long as an access token may live.
    """
    return touch(tx, workspace_id, kind, subject_id, at=at, forget_at=at + LONGEST_ACCESS)


def _changeable(workspace: Workspace) -> dict[str, Any]:
    return {
        "name": workspace.name,
        "tokens": asdict(workspace.tokens),
        "policy": compact(workspace.policy),
    }


def _noun(row: Row[Any] | None) -> Workspace | None:
    return None if row is None else _workspace(row)


def _workspace(row: Row[Any]) -> Workspace:
    return Workspace(
        id=row.id,
        slug=row.slug,
        name=row.name,
        catalogues=tuple(row.catalogues),
        created_at=row.created_at,
        authority_version=row.authority_version,
        tokens=TokenOverrides(**row.tokens),
        policy=_policy(row.policy),
    )


def _policy(said: dict[str, Any]) -> WorkspacePolicy:
    keys = restored(KeyPolicy, said.get("api_keys", {}))
    return restored(WorkspacePolicy, {**said, "api_keys": keys})
