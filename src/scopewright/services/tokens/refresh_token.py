"""Grant type `refresh_token` (RFC 6749 §6): rotated, and decided from what is held now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scopewright.core import scopes, tokens
from scopewright.core.authorization import Replayed
from scopewright.core.confirmation import check_session_key
from scopewright.core.errors import InvalidRequest
from scopewright.core.model import RefreshToken
from scopewright.core.oauth import hash_secret
from scopewright.core.tokens import Use
from scopewright.services.tokens.asking import Asking, Outcome, redeem_once
from scopewright.store import sessions
from scopewright.store.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Refresh:
    """One unconsumed token a session; its successor follows from it and the server's secret."""

    database: Database
    server_secret: bytes

    async def redeem(self, asking: Asking) -> Outcome:
        """The person of the session, asking for what the session asks for, or a part of it."""
        return await redeem_once(self.database, self._redeem, asking)

    def _redeem(self, tx: Transaction, asking: Asking) -> Outcome | Replayed:
        presented = asking.form.get("refresh_token")
        if presented is None:
            raise InvalidRequest("The refresh_token is missing.")
        token, session = sessions.of_token(tx, hash_secret(presented))
        settings, now = asking.settings, asking.now
        session = tokens.check_session(
            session, client_id=asking.client.id, now=now, settings=settings
        )
        assert token is not None  # there is no session without one
        check_session_key(session.terms, asking.confirmation)
        following, until = presented, settings.until(began=session.created_at, used=now)
        if token.consumed_at is not None or asking.profile.rotates_refresh_tokens:
            following = tokens.successor(self.server_secret, presented)
            if not _rotated(tx, asking, token, following=following, until=until):
                return Replayed(session.id)
        else:
            sessions.use(tx, session.id, at=now, until=until)
        # After the rotation, or a replay could hide behind a bad scope; raising undoes it.
        requested = tokens.check_refresh_scope(scopes.parse(asking.form.get("scope")), session)
        return Outcome(
            session.principal_id,
            requested,
            session,
            following,
            resources=asking.chosen_resources(session.terms.resources),
            authorization_details=asking.chosen_details(session.terms.authorization_details),
        )


def _rotated(
    tx: Transaction, asking: Asking, token: RefreshToken, *, following: str, until: datetime
) -> bool:
    """Whether the successor may be handed out, and the session goes on; False for a replay."""
    hash, now = hash_secret(following), asking.now
    if sessions.rotate_token(tx, token.hash, following=hash, at=now, until=until):
        return True
    current = sessions.token(tx, token.hash)
    use = tokens.use_of(
        current or token,
        sessions.token(tx, hash),
        now=now,
        grace=asking.settings.refresh_grace,
    )
    if use is Use.REPEAT:
        sessions.use(tx, token.session_id, at=now, until=until)
    return use is Use.REPEAT
