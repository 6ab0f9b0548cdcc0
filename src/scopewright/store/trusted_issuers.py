"""Outside issuers that a workspace trusts, and their rules."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from scopewright.core.trusted_issuers import Rule, TrustedIssuer
from scopewright.store.database import Transaction
from scopewright.store.pages import Page, Window, rows_of
from scopewright.store.schema import trusted_issuers

_HERE = trusted_issuers.c.workspace_id == bindparam("workspace")
_THIS = (_HERE, trusted_issuers.c.id == bindparam("key"))
_ADD = insert(trusted_issuers)
_GET = select(trusted_issuers).where(*_THIS)
_BY_ISSUER = select(trusted_issuers).where(_HERE, trusted_issuers.c.issuer == bindparam("name"))
_CHANGE = update(trusted_issuers).where(*_THIS)
_REMOVE = delete(trusted_issuers).where(*_THIS)


def add(tx: Transaction, trusted: TrustedIssuer) -> None:
    """Remember a new trusted issuer."""
    tx.run(
        _ADD,
        id=trusted.id,
        workspace_id=trusted.workspace_id,
        issuer=trusted.issuer,
        created_at=trusted.created_at,
        **_changeable(trusted),
    )


def change(tx: Transaction, trusted: TrustedIssuer) -> None:
    """Keep its present settings; its name stays."""
    tx.run(_CHANGE, workspace=trusted.workspace_id, key=trusted.id, **_changeable(trusted))


def get(tx: Transaction, workspace_id: str, *, id: str) -> TrustedIssuer | None:
    """The trusted issuer of this id."""
    row = tx.one(_GET, workspace=workspace_id, key=id)
    return None if row is None else _trusted(row)


def by_issuer(tx: Transaction, workspace_id: str, *, issuer: str) -> TrustedIssuer | None:
    """The trusted issuer of this name."""
    row = tx.one(_BY_ISSUER, workspace=workspace_id, name=issuer)
    return None if row is None else _trusted(row)


def page(tx: Transaction, workspace_id: str, *, window: Window) -> Page[TrustedIssuer]:
    """The trusted issuers of a workspace, oldest first."""
    statement = select(trusted_issuers).where(trusted_issuers.c.workspace_id == workspace_id)
    rows, cursor = rows_of(tx, statement, trusted_issuers.c.id, window)
    return Page(tuple(_trusted(row) for row in rows), cursor)


def remove(tx: Transaction, workspace_id: str, *, id: str) -> bool:
    """Forget a trusted issuer; whether it was there."""
    return tx.run(_REMOVE, workspace=workspace_id, key=id) == 1


def _changeable(trusted: TrustedIssuer) -> dict[str, Any]:
    return {
        "audience": trusted.audience,
        "jwks_uri": trusted.jwks_uri,
        "jwks": None if trusted.jwks is None else dict(trusted.jwks),
        "rules": [
            {"claims": dict(rule.claims), "client_id": rule.client_id} for rule in trusted.rules
        ],
        "is_single_use": trusted.is_single_use,
    }


def _trusted(row: Row[Any]) -> TrustedIssuer:
    return TrustedIssuer(
        id=row.id,
        workspace_id=row.workspace_id,
        issuer=row.issuer,
        audience=row.audience,
        jwks_uri=row.jwks_uri,
        jwks=row.jwks,
        rules=tuple(Rule(rule["claims"], rule["client_id"]) for rule in row.rules),
        is_single_use=row.is_single_use,
        created_at=row.created_at,
    )
