"""Requests of devices and their two codes; allowed once, redeemed once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from scopewright.core.device_authorization import Allowed, DeviceAuthorization, Stage
from scopewright.core.model import Asked, Denied, Redeemed
from scopewright.core.particulars import NO_PARTICULARS, Particulars
from scopewright.core.scopes import remembered
from scopewright.store.compact import compact, restored
from scopewright.store.database import Transaction
from scopewright.store.schema import device_authorizations as rows

_KEY = rows.c.id == bindparam("key")
_IS_OPEN = (rows.c.stage == "asked", rows.c.expires_at > bindparam("at"))
_ADD = insert(rows)
_BY_ID = select(rows).where(_KEY)
_BY_DEVICE_CODE = select(rows).where(rows.c.device_code_hash == bindparam("hash"))
_BY_USER_CODE = select(rows).where(rows.c.user_code_hash == bindparam("hash"))
_ALLOW = (
    update(rows)
    .where(_KEY, *_IS_OPEN)
    .values(
        stage="allowed",
        principal_id=bindparam("principal"),
        authenticated_at=bindparam("authenticated"),
        sign_in_hash=bindparam("sign_in"),
        answered_at=bindparam("at"),
    )
)
_DENY = update(rows).where(_KEY, *_IS_OPEN).values(stage="denied", answered_at=bindparam("at"))
_IS_ALLOWED = (rows.c.stage == "allowed", rows.c.expires_at > bindparam("at"))
_DENY_OF_PRINCIPAL = (
    update(rows)
    .where(rows.c.principal_id == bindparam("principal"), *_IS_ALLOWED)
    .values(stage="denied", answered_at=bindparam("at"))
)
_DENY_OF_CLIENT = (
    update(rows)
    .where(rows.c.client_id == bindparam("client"), *_IS_ALLOWED)
    .values(stage="denied", answered_at=bindparam("at"))
)
_REDEEM = (
    update(rows)
    .where(_KEY, rows.c.stage == "allowed", rows.c.expires_at > bindparam("at"))
    .values(stage="redeemed", session_id=bindparam("session"), answered_at=bindparam("at"))
)
_POLL = update(rows).where(_KEY).values(interval=bindparam("pause"), polled_at=bindparam("at"))
_PURGE = delete(rows).where(rows.c.expires_at < bindparam("before"))


def add(tx: Transaction, authorization: DeviceAuthorization) -> None:
    """Remember a request that waits for a person."""
    tx.run(
        _ADD,
        id=authorization.id,
        workspace_id=authorization.workspace_id,
        client_id=authorization.client_id,
        requested=authorization.requested.spelled(),
        particulars=compact(authorization.particulars),
        device_code_hash=authorization.device_code_hash,
        user_code_hash=authorization.user_code_hash,
        stage="asked",
        interval=_seconds(authorization.interval),
        created_at=authorization.created_at,
        expires_at=authorization.expires_at,
    )


def get(tx: Transaction, id: str) -> DeviceAuthorization | None:
    """The request of this id."""
    row = tx.one(_BY_ID, key=id)
    return None if row is None else _authorization(row)


def by_device_code(tx: Transaction, hash: str) -> DeviceAuthorization | None:
    """The request whose device code has this hash."""
    row = tx.one(_BY_DEVICE_CODE, hash=hash)
    return None if row is None else _authorization(row)


def by_user_code(tx: Transaction, hash: str) -> DeviceAuthorization | None:
    """The request whose user code has this hash."""
    row = tx.one(_BY_USER_CODE, hash=hash)
    return None if row is None else _authorization(row)


def allow(tx: Transaction, id: str, allowed: Allowed) -> bool:
    """Asked → Allowed. Of many callers, one gets True."""
    return (
        tx.run(
            _ALLOW,
            key=id,
            principal=allowed.principal_id,
            authenticated=allowed.authenticated_at,
            sign_in=allowed.sign_in_hash,
            at=allowed.at,
        )
        == 1
    )


def deny(tx: Transaction, id: str, *, at: datetime) -> bool:
    """Asked → Denied. Of many callers, one gets True."""
    return tx.run(_DENY, key=id, at=at) == 1


def deny_of_principal(tx: Transaction, principal_id: str, *, at: datetime) -> None:
    """Let no device get tokens any more that a person has allowed."""
    tx.run(_DENY_OF_PRINCIPAL, principal=principal_id, at=at)


def deny_of_client(tx: Transaction, client_id: str, *, at: datetime) -> None:
    """Let no device get tokens any more through a client."""
    tx.run(_DENY_OF_CLIENT, client=client_id, at=at)


def redeem(tx: Transaction, id: str, redeemed: Redeemed) -> bool:
    """Allowed → Redeemed. Of many callers, one gets True."""
    changed = tx.run(_REDEEM, key=id, session=redeemed.session_id, at=redeemed.redeemed_at)
    return changed == 1


def poll(tx: Transaction, id: str, *, at: datetime, interval: timedelta) -> None:
    """Note that the device asked, and how long it has to wait from now on."""
    tx.run(_POLL, key=id, at=at, pause=_seconds(interval))


def purge(tx: Transaction, *, before: datetime) -> int:
    """Forget what expired before; how many."""
    return tx.run(_PURGE, before=before)


def _seconds(interval: timedelta) -> int:
    return int(interval.total_seconds())


def _authorization(row: Row[Any]) -> DeviceAuthorization:
    return DeviceAuthorization(
        id=row.id,
        workspace_id=row.workspace_id,
        client_id=row.client_id,
        requested=remembered(row.requested),
        device_code_hash=row.device_code_hash,
        user_code_hash=row.user_code_hash,
        stage=_stage(row),
        interval=timedelta(seconds=row.interval),
        created_at=row.created_at,
        expires_at=row.expires_at,
        polled_at=row.polled_at,
        particulars=restored(Particulars, row.particulars) if row.particulars else NO_PARTICULARS,
    )


def _stage(row: Row[Any]) -> Stage:
    match row.stage:
        case "asked":
            return Asked()
        case "allowed":
            return Allowed(
                row.principal_id, row.authenticated_at, row.sign_in_hash, row.answered_at
            )
        case "redeemed":
            return Redeemed(row.session_id, row.answered_at)
        case _:
            return Denied(row.answered_at)
