"""Logging out at a client's request (OpenID Connect RP-Initiated Logout).

A browser is signed out with every session that it has begun. Only a person's own word does that: a
button on our page, or an ID token of a session that this very browser has begun.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scopewright.clock import Clock
from scopewright.core.client_documents import kept_id
from scopewright.core.errors import InvalidToken, NotFound
from scopewright.core.id_tokens import TYPE, Hint, read_hint
from scopewright.core.logout import LogoutRequest
from scopewright.core.model import Client, Session, SignIn
from scopewright.core.oauth import hash_secret, issuer_of
from scopewright.keys import opened
from scopewright.store import (
    audit,
    authorizations,
    clients,
    gateway_sessions,
    logout_notices,
    sessions,
    sign_ins,
    signing_keys,
    standing,
    workspaces,
)
from scopewright.store.audit import Actor
from scopewright.store.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Question:
    """The person is asked whether to sign out. `answer_at` is where the browser goes then."""

    person: str
    client: Client | None
    answer_at: str | None


@dataclass(frozen=True, slots=True)
class SignedOut:
    """Nobody is signed in in this browser now.

    The browser may be sent to `answer_at` at once where `is_sure`: then the person has pressed our
    button, or the client has shown an ID token. Else only a person follows it.
    """

    client: Client | None
    answer_at: str | None
    is_sure: bool


@dataclass(frozen=True, slots=True)
class Logout:
    """What can be done about leaving."""

    database: Database
    clock: Clock
    public_url: str

    def begin(
        self, workspace_id: str, request: LogoutRequest, *, cookie: str | None
    ) -> Question | SignedOut:
        """What happens to the browser with this sign-in cookie.

        Raises:
            NotFound: there is no such workspace.
        """
        now = self.clock()
        with self.database.write() as tx:
            sign_in = sign_ins.get(tx, hash_secret(cookie), now=now) if cookie else None
            hint = self._hint(tx, workspace_id, request, now)
            client = _client(tx, workspace_id, request, hint)
            answer_at = request.answer_at(client)
            if sign_in is None:
                return SignedOut(client, answer_at, is_sure=hint is not None)
            if hint is None or client is None or not _began_here(tx, hint, sign_in):
                return Question(sign_in.identity.subject, client, answer_at)
            _sign_out(tx, sign_in.cookie_hash, now)
        return SignedOut(client, answer_at, is_sure=True)

    def confirm(self, workspace_id: str, request: LogoutRequest, *, cookie: str) -> SignedOut:
        """The person has said yes, on our page."""
        with self.database.write() as tx:
            client = _client(tx, workspace_id, request, None)
            _sign_out(tx, hash_secret(cookie), self.clock())
        return SignedOut(client, request.answer_at(client), is_sure=True)

    def leave(self, cookie: str) -> None:
        """The person has said yes on an application's host, where the gateway knows this cookie."""
        with self.database.write() as tx:
            browser = gateway_sessions.get(tx, hash_secret(cookie))
            if browser is not None and browser.session.sign_in_hash is not None:
                _sign_out(tx, browser.session.sign_in_hash, self.clock())

    def _hint(
        self, tx: Transaction, workspace_id: str, request: LogoutRequest, now: datetime
    ) -> Hint | None:
        """What the ID token says that came with the request, if it is one of ours."""
        if workspaces.get(tx, workspace_id) is None:
            raise NotFound("There is no such issuer.")
        if request.id_token_hint is None:
            return None
        keys = signing_keys.of_workspace(tx, workspace_id)
        try:
            claims = opened(request.id_token_hint, keys, type=TYPE, now=now)
            return read_hint(claims, issuer=issuer_of(self.public_url, workspace_id))
        except InvalidToken:
            return None


def _client(
    tx: Transaction, workspace_id: str, request: LogoutRequest, hint: Hint | None
) -> Client | None:
    """Who asks; None where that is in doubt, for then nothing that it says is used (§4)."""
    if request.id_token_hint is not None and hint is None:
        return None
    if hint is not None and request.client_id not in (None, hint.client_id):
        return None
    named = request.client_id if hint is None else hint.client_id
    client = None if named is None else clients.get(tx, kept_id(workspace_id, named))
    return client if client and client.workspace_id == workspace_id else None


def _began_here(tx: Transaction, hint: Hint, sign_in: SignIn) -> bool:
    """Whether the ID token is of a session that began with this browser's sign-in."""
    session = sessions.get(tx, hint.session_id)
    return session is not None and session.sign_in_hash == sign_in.cookie_hash


def _sign_out(tx: Transaction, cookie_hash: str, now: datetime) -> None:
    """The sign-in goes, and with it what it has begun.

    A session that was to last while its person is away (`offline_access`) goes on, but its client
    is told too (Back-Channel Logout §2.7).
    """
    sign_ins.remove(tx, cookie_hash)
    # Before the sessions are looked up: a code that is being redeemed now is waited for.
    authorizations.deny_of_sign_in(tx, cookie_hash, at=now)
    for session in sessions.of_sign_in(tx, cookie_hash, now=now):
        if "offline_access" in session.requested.protocol:
            logout_notices.queue(tx, session, at=now)
        else:
            _end(tx, session, now)


def _end(tx: Transaction, session: Session, now: datetime) -> None:
    if standing.end_session(tx, session.workspace_id, session.id, at=now, why="signed out"):
        by = Actor(session.workspace_id, session.principal_id, via="cookie")
        audit.record(tx, by, "own-session:end", session.id, at=now, why="signed out")
