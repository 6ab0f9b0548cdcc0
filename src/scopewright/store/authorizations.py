"""Pending authorizations and their codes; redeemed once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from scopewright.core.model import (
    Approved,
    Asked,
    Authorization,
    Denied,
    Redeemed,
    Stage,
)
from scopewright.core.particulars import NO_PARTICULARS, Particulars
from scopewright.core.scopes import remembered
from scopewright.store.compact import compact, restored
from scopewright.store.database import Transaction
from scopewright.store.schema import authorizations

_KEY = authorizations.c.id == bindparam("key")
_ADD = insert(authorizations)
_BY_ID = select(authorizations).where(_KEY)
_BY_CODE = select(authorizations).where(authorizations.c.code_hash == bindparam("hash"))
_APPROVE = (
    update(authorizations)
    .where(_KEY, authorizations.c.stage == "asked")
    .values(
        stage="approved",
        principal_id=bindparam("principal"),
        code_hash=bindparam("hash"),
        authenticated_at=bindparam("authenticated"),
        sign_in_hash=bindparam("sign_in"),
        acr=bindparam("acr"),
        answered_at=bindparam("at"),
        expires_at=bindparam("until"),
    )
)
_PROMPT = (
    update(authorizations)
    .where(_KEY, authorizations.c.stage == "asked")
    .values(prompt=bindparam("words"))
)
_REDEEM = (
    update(authorizations)
    .where(
        _KEY, authorizations.c.stage == "approved", authorizations.c.expires_at > bindparam("at")
    )
    .values(stage="redeemed", session_id=bindparam("session"), answered_at=bindparam("at"))
)
_DENY = (
    update(authorizations)
    .where(_KEY, authorizations.c.stage.in_(["asked", "approved"]))
    .values(stage="denied", answered_at=bindparam("at"))
)
_DENY_OF_SIGN_IN = (
    update(authorizations)
    .where(authorizations.c.stage == "approved", authorizations.c.sign_in_hash == bindparam("sign"))
    .where(authorizations.c.expires_at > bindparam("at"))
    .values(stage="denied", answered_at=bindparam("at"))
)
_IS_APPROVED = (
    authorizations.c.stage == "approved",
    authorizations.c.expires_at > bindparam("at"),
)
_DENY_OF_PRINCIPAL = (
    update(authorizations)
    .where(authorizations.c.principal_id == bindparam("principal"), *_IS_APPROVED)
    .values(stage="denied", answered_at=bindparam("at"))
)
_DENY_OF_CLIENT = (
    update(authorizations)
    .where(authorizations.c.client_id == bindparam("client"), *_IS_APPROVED)
    .values(stage="denied", answered_at=bindparam("at"))
)
_FAIL = (
    update(authorizations)
    .where(_KEY, authorizations.c.stage == "approved")
    .values(failures=authorizations.c.failures + 1)
    .returning(authorizations.c.failures)
)
_PURGE = delete(authorizations).where(authorizations.c.expires_at < bindparam("before"))


def add(tx: Transaction, authorization: Authorization) -> None:
    """Remember a request that waits for the person."""
    tx.run(
        _ADD,
        id=authorization.id,
        workspace_id=authorization.workspace_id,
        client_id=authorization.client_id,
        redirect_uri=authorization.redirect_uri,
        redirect_uri_was_sent=authorization.redirect_uri_was_sent,
        requested=authorization.requested.spelled(),
        code_challenge=authorization.code_challenge,
        state=authorization.state,
        nonce=authorization.nonce,
        prompt=_spelled(authorization.prompt),
        particulars=compact(authorization.particulars),
        stage="asked",
        failures=0,
        created_at=authorization.created_at,
        expires_at=authorization.expires_at,
    )


def get(tx: Transaction, id: str) -> Authorization | None:
    """The authorization of this id."""
    row = tx.one(_BY_ID, key=id)
    return None if row is None else _authorization(row)


def by_code(tx: Transaction, code_hash: str) -> Authorization | None:
    """The authorization whose code has this hash."""
    row = tx.one(_BY_CODE, hash=code_hash)
    return None if row is None else _authorization(row)


def approve(tx: Transaction, id: str, approved: Approved, *, until: datetime) -> bool:
    """Asked → Approved, the code living `until`. Of many callers, one gets True."""
    return (
        tx.run(
            _APPROVE,
            key=id,
            principal=approved.principal_id,
            hash=approved.code_hash,
            authenticated=approved.authenticated_at,
            sign_in=approved.sign_in_hash,
            acr=approved.acr,
            at=approved.approved_at,
            until=until,
        )
        == 1
    )


def set_prompt(tx: Transaction, id: str, prompt: frozenset[str]) -> None:
    """Remember what is still to be shown to the person, while the request waits for them."""
    tx.run(_PROMPT, key=id, words=_spelled(prompt))


def redeem(tx: Transaction, id: str, redeemed: Redeemed) -> bool:
    """Approved → Redeemed. Of many callers, one gets True."""
    changed = tx.run(_REDEEM, key=id, session=redeemed.session_id, at=redeemed.redeemed_at)
    return changed == 1


def deny(tx: Transaction, id: str, *, at: datetime) -> bool:
    """Asked or Approved → Denied; whether it was either."""
    return tx.run(_DENY, key=id, at=at) == 1


def deny_of_sign_in(tx: Transaction, sign_in_hash: str, *, at: datetime) -> None:
    """Let no code be exchanged any more that a browser's sign-in has approved."""
    tx.run(_DENY_OF_SIGN_IN, sign=sign_in_hash, at=at)


def deny_of_principal(tx: Transaction, principal_id: str, *, at: datetime) -> None:
    """Let no code be exchanged any more that a person has approved."""
    tx.run(_DENY_OF_PRINCIPAL, principal=principal_id, at=at)


def deny_of_client(tx: Transaction, client_id: str, *, at: datetime) -> None:
    """Let no code be exchanged any more that is a client's."""
    tx.run(_DENY_OF_CLIENT, client=client_id, at=at)


def fail(tx: Transaction, id: str) -> int:
    """Count a wrong exchange; how many there were."""
    return int(tx.scalar(_FAIL, key=id) or 0)


def purge(tx: Transaction, *, before: datetime) -> int:
    """Forget what expired before; how many."""
    return tx.run(_PURGE, before=before)


def _spelled(prompt: frozenset[str]) -> str:
    return " ".join(sorted(prompt))


def _authorization(row: Row[Any]) -> Authorization:
    return Authorization(
        id=row.id,
        workspace_id=row.workspace_id,
        client_id=row.client_id,
        redirect_uri=row.redirect_uri,
        redirect_uri_was_sent=row.redirect_uri_was_sent,
        requested=remembered(row.requested),
        code_challenge=row.code_challenge,
        state=row.state,
        nonce=row.nonce,
        prompt=frozenset(row.prompt.split()),
        stage=_stage(row),
        created_at=row.created_at,
        expires_at=row.expires_at,
        particulars=restored(Particulars, row.particulars) if row.particulars else NO_PARTICULARS,
    )


def _stage(row: Row[Any]) -> Stage:
    match row.stage:
        case "asked":
            return Asked()
        case "approved":
            return Approved(
                row.principal_id,
                row.code_hash,
                row.authenticated_at,
                approved_at=row.answered_at,
                sign_in_hash=row.sign_in_hash,
                acr=row.acr,
            )
        case "redeemed":
            return Redeemed(row.session_id, row.answered_at)
        case _:
            return Denied(row.answered_at)
