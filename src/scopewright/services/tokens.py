"""The token endpoint: who asks, for whom, what is held, what is given, mint.

A grant type answers three questions only (who, through what session, asking for what);
authentication, scope policy and minting are shared and cannot be forgotten.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from scopewright import ids
from scopewright.authority import View
from scopewright.clock import Clock
from scopewright.core import authorization, oauth, scopes, tokens
from scopewright.core.authorization import Replayed
from scopewright.core.errors import (
    InvalidGrant,
    InvalidRequest,
    InvalidTarget,
    UnauthorizedClient,
    UnsupportedGrantType,
)
from scopewright.core.model import (
    AuditEvent,
    Authorization,
    ChangeKind,
    Client,
    IssuedToken,
    Redeemed,
    RefreshToken,
    Session,
)
from scopewright.core.oauth import ClientCredential, hash_secret
from scopewright.core.scopes import Requested, Scopes
from scopewright.core.tokens import TokenSettings, Use
from scopewright.keys import KeyRing, signing_now
from scopewright.store import audit, authorizations, sessions, workspaces
from scopewright.store.authority import Holder, Rules
from scopewright.store.database import Database, Transaction
from scopewright.store.journal import Journal


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What the token endpoint answers (RFC 6749 §5.1). `expires_in` is in seconds."""

    access_token: str
    expires_in: int
    scope: str
    refresh_token: str | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """One request at the token endpoint, its client proven."""

    rules: Rules
    client: Client
    settings: TokenSettings
    form: Mapping[str, str]
    now: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whom a grant speaks for, asking for what, through which session."""

    principal_id: str
    requested: Requested
    session: Session | None = None
    refresh_token: str | None = None


@dataclass(frozen=True, slots=True)
class Mistaken:
    """A code that was presented wrongly; the attempt has been counted."""

    error: InvalidGrant


Redeem = Callable[[Asking], Awaitable[Outcome]]
RedeemOnce = Callable[[Transaction, Asking], Outcome | Replayed | Mistaken]


class Tokens:
    """Exchanges grants for tokens."""

    def __init__(
        self,
        *,
        database: Database,
        journal: Journal,
        clock: Clock,
        key_ring: KeyRing,
        server_secret: bytes,
        public_url: str,
    ) -> None:
        self._database = database
        self._journal = journal
        self._clock = clock
        self._key_ring = key_ring
        self._server_secret = server_secret
        self._public_url = public_url
        self._grant_types: dict[str, Redeem] = {
            oauth.CLIENT_CREDENTIALS: self._redeem_client_credentials,
            oauth.AUTHORIZATION_CODE: partial(self._in_a_transaction, self._redeem_code),
            oauth.REFRESH_TOKEN: partial(self._in_a_transaction, self._redeem_refresh_token),
        }

    async def exchange(
        self, view: View, credential: ClientCredential, form: Mapping[str, str]
    ) -> TokenAnswer:
        """Tokens for a grant.

        Raises:
            InvalidClient, InvalidRequest, UnsupportedGrantType, UnauthorizedClient, InvalidGrant,
            InvalidScope: RFC 6749 §5.2. InvalidTarget: RFC 8707 §2.
        """
        asking, redeem = await self._proven(view, credential, form)  # 1 who asks
        outcome = await redeem(asking)  # 2 for whom
        holder = await view.principal(outcome.principal_id)  # 3 what is held
        if holder is None or holder.principal.disabled_at is not None:
            raise InvalidGrant("This account has no access here.")
        # 4 what is given
        granted = tokens.decide(form["grant_type"], outcome.requested, holder.held)
        token = _issued(asking, outcome, granted)
        written = self._journal.write(token)
        answer = self._answer(asking, outcome, holder, token)  # 5 mint, while the row is written
        await written
        return answer

    async def _proven(
        self, view: View, credential: ClientCredential, form: Mapping[str, str]
    ) -> tuple[Asking, Redeem]:
        """The request with its client proven, and how its grant type is redeemed."""
        now, grant_type = self._clock(), form.get("grant_type")
        known = await view.client(credential.client_id)
        client = oauth.authenticate(known, credential, now=now, grant_type=grant_type)
        if grant_type is None:
            raise InvalidRequest("The grant_type is missing.")
        redeem = self._grant_types.get(grant_type)
        if redeem is None:
            raise UnsupportedGrantType("There is no such grant type here.")
        if grant_type not in client.grant_types:
            raise UnauthorizedClient("This client may not use this grant type.")
        itself = await view.principal(client.id)
        if itself is None or itself.principal.disabled_at is not None:
            raise UnauthorizedClient("This client is disabled.")
        if "resource" in form:
            raise InvalidTarget("This resource is not known here.")
        return Asking(view.rules, client, view.rules.tokens_of(client), form, now), redeem

    # --- grant types ----------------------------------------------------------------------------

    async def _redeem_client_credentials(self, asking: Asking) -> Outcome:
        """RFC 6749 §4.4: the client speaks for itself, and there is no session."""
        return Outcome(asking.client.id, scopes.parse(asking.form.get("scope")))

    async def _in_a_transaction(self, redeem: RedeemOnce, asking: Asking) -> Outcome:
        return await asyncio.to_thread(self._redeem_once, redeem, asking)

    def _redeem_once(self, redeem: RedeemOnce, asking: Asking) -> Outcome:
        with self._database.write() as tx:
            outcome = redeem(tx, asking)
            if isinstance(outcome, Replayed):
                _end_replayed(tx, asking, outcome.session_id)
        # What a refusal leaves behind is kept: so it is raised only after the commit.
        if isinstance(outcome, Replayed):
            raise InvalidGrant("This was used before; the session has been ended.")
        if isinstance(outcome, Mistaken):
            raise outcome.error
        return outcome

    def _redeem_code(self, tx: Transaction, asking: Asking) -> Outcome | Replayed | Mistaken:
        """RFC 6749 §4.1.3. A wrong verifier or redirect URI spends nothing, until the fifth."""
        code = asking.form.get("code")
        if code is None:
            raise InvalidRequest("The code is missing.")
        stored = authorizations.by_code(tx, hash_secret(code))
        try:
            redeemable = authorization.redeem(
                stored,
                client=asking.client,
                redirect_uri=asking.form.get("redirect_uri"),
                code_verifier=asking.form.get("code_verifier"),
                now=asking.now,
            )
        except InvalidGrant as error:
            return _counted(tx, asking, stored, error)
        assert stored is not None  # redeem() refuses None
        if isinstance(redeemable, Replayed):
            return redeemable
        session = _new_session(asking, stored.requested, redeemable)
        if not authorizations.redeem(tx, stored.id, Redeemed(session.id, asking.now)):
            return _lost_race(tx, stored.id)
        sessions.add(tx, session)
        refresh_token = ids.new_secret("swr")
        sessions.add_token(tx, RefreshToken(hash_secret(refresh_token), session.id, asking.now))
        return Outcome(session.principal_id, session.requested, session, refresh_token)

    def _redeem_refresh_token(self, tx: Transaction, asking: Asking) -> Outcome | Replayed:
        """RFC 6749 §6 with rotation; scopes are decided from what is held now."""
        presented = asking.form.get("refresh_token")
        if presented is None:
            raise InvalidRequest("The refresh_token is missing.")
        token, session = sessions.of_token(tx, hash_secret(presented))
        session = tokens.check_session(session, client_id=asking.client.id, now=asking.now)
        assert token is not None  # there is no session without one
        following = tokens.successor(self._server_secret, presented)
        if not self._rotated(tx, asking, token, following):
            return Replayed(session.id)
        # After the rotation, or a replay could hide behind a bad scope; raising undoes it.
        requested = tokens.check_refresh_scope(scopes.parse(asking.form.get("scope")), session)
        until = asking.now + asking.settings.refresh_lifetime
        sessions.use(tx, session.id, at=asking.now, until=until)
        return Outcome(session.principal_id, requested, session, following)

    def _rotated(
        self, tx: Transaction, asking: Asking, token: RefreshToken, following: str
    ) -> bool:
        """Whether the successor may be handed out; False for a replay."""
        following_hash = hash_secret(following)
        if sessions.consume_token(tx, token.hash, at=asking.now) is not None:
            sessions.add_token(tx, RefreshToken(following_hash, token.session_id, asking.now))
            return True
        current = sessions.token(tx, token.hash)
        use = tokens.use_of(
            current or token,
            sessions.token(tx, following_hash),
            now=asking.now,
            grace=asking.settings.refresh_grace,
        )
        return use is Use.REPEAT

    # --- minting --------------------------------------------------------------------------------

    def _answer(
        self, asking: Asking, outcome: Outcome, holder: Holder, token: IssuedToken
    ) -> TokenAnswer:
        key = signing_now(
            asking.rules.signing_keys, asking.settings.signing_algorithm, now=asking.now
        )
        session, person = outcome.session, holder.principal.identity
        claims = tokens.access_claims(
            token,
            issuer=f"{self._public_url}/w/{token.workspace_id}",
            audience=token.workspace_id,
            user=None if person is None else person.subject,
            authenticated_at=None if session is None else session.authenticated_at,
        )
        return TokenAnswer(
            access_token=self._key_ring.sign(key, claims),
            expires_in=int(asking.settings.access_lifetime.total_seconds()),
            scope=claims["scope"],
            refresh_token=outcome.refresh_token,
        )


def _issued(asking: Asking, outcome: Outcome, granted: Scopes) -> IssuedToken:
    return IssuedToken(
        id=ids.new_id("tok"),
        workspace_id=asking.client.workspace_id,
        principal_id=outcome.principal_id,
        client_id=asking.client.id,
        session_id=None if outcome.session is None else outcome.session.id,
        scopes=granted,
        issued_at=asking.now,
        expires_at=asking.now + asking.settings.access_lifetime,
    )


def _new_session(
    asking: Asking, requested: Requested, redeemable: authorization.Redeemable
) -> Session:
    return Session(
        id=ids.new_id("ses"),
        workspace_id=asking.client.workspace_id,
        principal_id=redeemable.principal_id,
        client_id=asking.client.id,
        requested=requested,
        authenticated_at=redeemable.authenticated_at,
        created_at=asking.now,
        last_used_at=asking.now,
        expires_at=asking.now + asking.settings.refresh_lifetime,
    )


def _counted(
    tx: Transaction, asking: Asking, stored: Authorization | None, error: InvalidGrant
) -> Mistaken:
    """Count a wrong try with a code of this client's; the fifth spends the code."""
    if stored is not None and stored.client_id == asking.client.id:
        failures = authorizations.fail(tx, stored.id)
        if failures > oauth.WRONG_TRIES_A_CODE_SURVIVES:
            authorizations.deny(tx, stored.id, at=asking.now)
    return Mistaken(error)


def _lost_race(tx: Transaction, authorization_id: str) -> Replayed:
    """Another process redeemed the code between our look and our update."""
    stored = authorizations.get(tx, authorization_id)
    if stored is None or not isinstance(stored.stage, Redeemed):
        raise InvalidGrant("The code has expired.")
    return Replayed(stored.stage.session_id)


def _end_replayed(tx: Transaction, asking: Asking, session_id: str) -> None:
    """Whoever presents something twice, or somebody else before, has stolen it: end the session."""
    workspace_id, now = asking.client.workspace_id, asking.now
    until = now + tokens.LONGEST_ACCESS
    workspaces.touch(tx, workspace_id, ChangeKind.SESSION, session_id, at=now, forget_at=until)
    if sessions.end(tx, session_id, at=now, why="replayed"):
        event = AuditEvent(
            id=ids.new_id("aud"),
            workspace_id=workspace_id,
            at=now,
            actor=asking.client.id,
            via="token",
            operation="sessions:revoke",
            target=session_id,
            details={"why": "replayed"},
        )
        audit.add(tx, event)
