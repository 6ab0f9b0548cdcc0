"""Sessions and refresh tokens: consumed once, ended once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from scopewright.core.model import RefreshToken, Rotation, Session
from scopewright.core.particulars import NO_TERMS, SessionTerms
from scopewright.core.scopes import remembered
from scopewright.store import logout_notices
from scopewright.store import principals as principals_of_workspaces
from scopewright.store.compact import compact, restored
from scopewright.store.database import Transaction
from scopewright.store.pages import Page, Window, begins, rows_of
from scopewright.store.schema import principals, refresh_tokens, sessions

_BY = {"created_at": sessions.c.id}  # ids sort by birth
_ADD = insert(sessions)
_BY_ID = select(sessions).where(sessions.c.id == bindparam("id"))
_USE = (
    update(sessions)
    .where(sessions.c.id == bindparam("key"))
    .values(last_used_at=bindparam("at"), expires_at=bindparam("until"))
)
_END = (
    update(sessions)
    .where(sessions.c.id == bindparam("key"), sessions.c.ended_at.is_(None))
    .values(ended_at=bindparam("at"), ended_why=bindparam("why"))
    .returning(sessions)
)
_ACTIVE = (sessions.c.ended_at.is_(None), sessions.c.expires_at > bindparam("now"))
_COUNT = select(func.count()).select_from(sessions).where(*_ACTIVE)
_OF_CLIENT = select(sessions.c.principal_id).where(
    sessions.c.client_id == bindparam("client"), *_ACTIVE
).distinct()  # fmt: skip
_OF_PRINCIPAL = (
    select(sessions).where(sessions.c.principal_id == bindparam("principal"), *_ACTIVE)
    .order_by(sessions.c.id)
)  # fmt: skip
_THROUGH_CLIENT = (
    select(sessions).where(sessions.c.client_id == bindparam("client"), *_ACTIVE)
    .order_by(sessions.c.id)
)  # fmt: skip
_LATEST = (
    select(sessions).where(sessions.c.principal_id == bindparam("principal"))
    .order_by(sessions.c.id.desc()).limit(bindparam("limit"))
)  # fmt: skip
_OF_SIGN_IN = (
    select(sessions).where(sessions.c.sign_in_hash == bindparam("sign_in"), *_ACTIVE)
    .order_by(sessions.c.workspace_id, sessions.c.id)
)  # fmt: skip
_MOVE = (
    update(sessions)
    .where(sessions.c.sign_in_hash == bindparam("before"))
    .values(sign_in_hash=bindparam("after"))
)
_PURGE = delete(sessions).where(
    (sessions.c.expires_at < bindparam("before")) | (sessions.c.ended_at < bindparam("before"))
)
_ADD_TOKEN = insert(refresh_tokens)
_TOKEN = select(refresh_tokens).where(refresh_tokens.c.hash == bindparam("hash"))
_OF_TOKEN = (
    select(refresh_tokens, sessions)
    .join(sessions, sessions.c.id == refresh_tokens.c.session_id)
    .where(refresh_tokens.c.hash == bindparam("hash"))
)
_OF_FREE_TOKENS = (
    select(refresh_tokens, sessions)
    .join(sessions, sessions.c.id == refresh_tokens.c.session_id)
    .where(refresh_tokens.c.hash.in_(bindparam("hashes", expanding=True)))
    .with_for_update(key_share=True, skip_locked=True)
)
_CONSUME = (
    update(refresh_tokens)
    .where(refresh_tokens.c.hash == bindparam("key"), refresh_tokens.c.consumed_at.is_(None))
    .values(consumed_at=bindparam("at"))
)


def add(tx: Transaction, session: Session) -> None:
    """Remember a new session."""
    tx.run(
        _ADD,
        id=session.id,
        workspace_id=session.workspace_id,
        principal_id=session.principal_id,
        client_id=session.client_id,
        requested=session.requested.spelled(),
        authenticated_at=session.authenticated_at,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        expires_at=session.expires_at,
        terms=compact(session.terms),
        sign_in_hash=session.sign_in_hash,
    )


def get(tx: Transaction, id: str) -> Session | None:
    """The session of this id, in whatever workspace."""
    row = tx.one(_BY_ID, id=id)
    return None if row is None else _session(row)


def count_active(tx: Transaction, workspace_id: str | None, *, now: datetime) -> int:
    """How many are active in a workspace; None: in all of them."""
    counted = (
        _COUNT if workspace_id is None else _COUNT.where(sessions.c.workspace_id == workspace_id)
    )
    return int(tx.scalar(counted, now=now))


def page_active(
    tx: Transaction, workspace_id: str, *, now: datetime, window: Window
) -> Page[Session]:
    """The active sessions of a workspace, oldest first; the prefix is of whose they are."""
    statement = select(sessions).where(
        sessions.c.workspace_id == workspace_id,
        sessions.c.ended_at.is_(None),
        sessions.c.expires_at > now,
    )
    if window.prefix:
        statement = statement.where(_of_whom(tx, workspace_id, window.spellings))
    rows, cursor = rows_of(tx, statement, sessions.c.id, window, by=_BY)
    return Page(tuple(_session(row) for row in rows), cursor)


def _of_whom(tx: Transaction, workspace_id: str, prefixes: list[str]) -> ColumnElement[bool]:
    """Whose name begins so: few are found first, many are met soon by walking all sessions."""
    few = principals_of_workspaces.few_called(tx, workspace_id, prefixes)
    if few is not None:
        return sessions.c.principal_id.in_(few)
    named = or_(*(begins(principals.c.name, prefix) for prefix in prefixes))
    return select(principals.c.id).where(principals.c.id == sessions.c.principal_id, named).exists()


def of_principal(tx: Transaction, principal_id: str, *, now: datetime) -> list[Session]:
    """The active sessions of a person."""
    return [_session(row) for row in tx.all(_OF_PRINCIPAL, principal=principal_id, now=now)]


def through_client(tx: Transaction, client_id: str, *, now: datetime) -> list[Session]:
    """The active sessions through a client."""
    return [_session(row) for row in tx.all(_THROUGH_CLIENT, client=client_id, now=now)]


def latest_of_principal(tx: Transaction, principal_id: str, *, limit: int) -> list[Session]:
    """The youngest sessions of a person, ended ones too as long as they are remembered."""
    return [_session(row) for row in tx.all(_LATEST, principal=principal_id, limit=limit)]


def of_sign_in(tx: Transaction, sign_in_hash: str, *, now: datetime) -> list[Session]:
    """The active sessions that began with a browser's sign-in, workspace by workspace."""
    return [_session(row) for row in tx.all(_OF_SIGN_IN, sign_in=sign_in_hash, now=now)]


def move_to_sign_in(tx: Transaction, before: str, after: str) -> None:
    """Let the sessions of a browser's sign-in go on under the one that has replaced it."""
    tx.run(_MOVE, before=before, after=after)


def principals_of_client(tx: Transaction, client_id: str, *, now: datetime) -> list[str]:
    """The people who have an active session through a client."""
    return [row.principal_id for row in tx.all(_OF_CLIENT, client=client_id, now=now)]


def use(tx: Transaction, id: str, *, at: datetime, until: datetime) -> None:
    """Note a use, which puts the end off."""
    tx.run(_USE, key=id, at=at, until=until)


def end(tx: Transaction, id: str, *, at: datetime, why: str) -> bool:
    """End a session and have its client told of it. Of many callers, one gets True."""
    row = tx.one(_END, key=id, at=at, why=why)
    if row is not None:
        logout_notices.queue(tx, _session(row), at=at)
    return row is not None


def end_of_principal(tx: Transaction, principal_id: str, *, at: datetime, why: str) -> None:
    """End every session of a person who is about to be forgotten."""
    for session in of_principal(tx, principal_id, now=at):
        end(tx, session.id, at=at, why=why)


def purge(tx: Transaction, *, before: datetime) -> int:
    """Forget sessions that ended or expired before; how many."""
    return tx.run(_PURGE, before=before)


def add_token(tx: Transaction, token: RefreshToken) -> None:
    """Remember a refresh token, by its hash."""
    tx.run(_ADD_TOKEN, hash=token.hash, session_id=token.session_id, issued_at=token.issued_at)


def token(tx: Transaction, hash: str) -> RefreshToken | None:
    """The refresh token with this hash."""
    row = tx.one(_TOKEN, hash=hash)
    return None if row is None else _token(row)


def of_token(tx: Transaction, hash: str) -> tuple[RefreshToken, Session] | tuple[None, None]:
    """The refresh token with this hash, and the session that it continues."""
    row = tx.one(_OF_TOKEN, hash=hash)
    return (None, None) if row is None else (_token(row), _session(row))


def of_free_tokens(
    tx: Transaction, hashes: Collection[str]
) -> dict[str, tuple[RefreshToken, Session]]:
    """Those of these refresh tokens, by their hash, that nobody else is changing.

    Until this transaction ends nobody can: neither them nor the sessions that they continue.
    """
    rows = tx.all(_OF_FREE_TOKENS, hashes=list(hashes))
    return {row.hash: (_token(row), _session(row)) for row in rows}


def rotate_token(tx: Transaction, rotation: Rotation) -> bool:
    """Let one refresh token follow another, if that was unused until now. Of many, one wins."""
    if tx.run(_CONSUME, key=rotation.hash, at=rotation.at) == 0:
        return False
    _follow(tx, [rotation])
    return True


def rotate_tokens(tx: Transaction, rotations: Sequence[Rotation]) -> None:
    """The same of unused tokens that `of_free_tokens` has found: nobody else can win."""
    tx.run_many(_CONSUME, [{"key": one.hash, "at": one.at} for one in rotations])
    _follow(tx, rotations)


def _follow(tx: Transaction, rotations: Sequence[Rotation]) -> None:
    following = [
        {"hash": one.following, "session_id": one.session_id, "issued_at": one.at}
        for one in rotations
    ]
    uses = [{"key": one.session_id, "at": one.at, "until": one.until} for one in rotations]
    tx.run_many(_ADD_TOKEN, following)
    tx.run_many(_USE, uses)


def _token(row: Row[Any]) -> RefreshToken:
    return RefreshToken(row.hash, row.session_id, row.issued_at, row.consumed_at)


def _session(row: Row[Any]) -> Session:
    return Session(
        id=row.id,
        workspace_id=row.workspace_id,
        principal_id=row.principal_id,
        client_id=row.client_id,
        requested=remembered(row.requested),
        authenticated_at=row.authenticated_at,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        ended_why=row.ended_why,
        terms=restored(SessionTerms, row.terms) if row.terms else NO_TERMS,
        sign_in_hash=row.sign_in_hash,
    )
