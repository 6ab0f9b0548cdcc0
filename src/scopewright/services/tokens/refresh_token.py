"""Grant type `refresh_token` (RFC 6749 §6): rotated, and decided from what is held now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from scopewright.core import scopes, tokens
from scopewright.core.authorization import Replayed
from scopewright.core.confirmation import check_session_key
from scopewright.core.errors import InvalidRequest, OAuthError
from scopewright.core.model import RefreshToken, Rotation, Session
from scopewright.core.oauth import hash_secret
from scopewright.core.tokens import Use
from scopewright.services.tokens.asking import Asking, Outcome, redeem_once
from scopewright.store import sessions
from scopewright.store.database import Database, Transaction
from scopewright.store.gathering import Gathering

Free = dict[str, tuple[RefreshToken, Session]]  # by the token's hash


class Refresh:
    """One unconsumed token a session; its successor follows from it and the server's secret.

    First uses of good tokens share a transaction with others that come at the same time. Whatever
    else it may be (a mistake, a repeated use, a replay) is found out in a transaction of its own.
    """

    def __init__(self, database: Database, server_secret: bytes) -> None:
        self._database = database
        self._server_secret = server_secret
        self._first_uses: Gathering[Asking, Outcome | None] = Gathering(self._redeem_first_uses)

    async def redeem(self, asking: Asking) -> Outcome:
        """The person of the session, asking for what the session asks for, or a part of it."""
        outcome = None
        if asking.profile.rotates_refresh_tokens:  # or no use is the first
            outcome = await self._first_uses.add(asking)
        return outcome or await redeem_once(self._database, self._redeem, asking)

    # --- many at once ---------------------------------------------------------------------------

    def _redeem_first_uses(self, group: Sequence[Asking]) -> list[Outcome | None]:
        """What becomes of each; None where it is no first use, or somebody has the token now."""
        hashes = [hash_secret(asking.form.get("refresh_token", "")) for asking in group]
        with self._database.write() as tx:
            free = sessions.of_free_tokens(tx, hashes)
            uses = [self._first_use(asking, free) for asking in group]
            sessions.rotate_tokens(tx, [rotation for rotation, _ in filter(None, uses)])
        return [use and use[1] for use in uses]

    def _first_use(self, asking: Asking, free: Free) -> tuple[Rotation, Outcome] | None:
        """Of many with the same token, the first in the group has it."""
        presented = asking.form.get("refresh_token", "")
        token, session = free.pop(hash_secret(presented), (None, None))
        if token is None or token.consumed_at is not None:
            return None
        try:
            session = _checked(asking, session)
            following = tokens.successor(self._server_secret, presented)
            outcome = _outcome(asking, session, following)
        except OAuthError:
            return None
        return _rotation(asking, session, token, following), outcome

    # --- one alone ------------------------------------------------------------------------------

    def _redeem(self, tx: Transaction, asking: Asking) -> Outcome | Replayed:
        presented = asking.form.get("refresh_token")
        if presented is None:
            raise InvalidRequest("The refresh_token is missing.")
        token, session = sessions.of_token(tx, hash_secret(presented))
        session = _checked(asking, session)
        assert token is not None  # there is no session without one
        following = presented
        if token.consumed_at is not None or asking.profile.rotates_refresh_tokens:
            following = tokens.successor(self._server_secret, presented)
            if not _rotated(tx, asking, token, _rotation(asking, session, token, following)):
                return Replayed(session.id)
        else:
            sessions.use(tx, session.id, at=asking.now, until=_until(asking, session))
        # After the rotation, or a replay could hide behind a bad scope; raising undoes it.
        return _outcome(asking, session, following)


def _checked(asking: Asking, session: Session | None) -> Session:
    settings, now = asking.settings, asking.now
    session = tokens.check_session(session, client_id=asking.client.id, now=now, settings=settings)
    check_session_key(session.terms, asking.confirmation)
    return session


def _until(asking: Asking, session: Session) -> datetime:
    return asking.settings.until(began=session.created_at, used=asking.now)


def _rotation(asking: Asking, session: Session, token: RefreshToken, following: str) -> Rotation:
    until = _until(asking, session)
    return Rotation(session.id, token.hash, hash_secret(following), at=asking.now, until=until)


def _outcome(asking: Asking, session: Session, refresh_token: str) -> Outcome:
    requested = tokens.check_refresh_scope(scopes.parse(asking.form.get("scope")), session)
    return Outcome(
        session.principal_id,
        requested,
        session,
        refresh_token,
        resources=asking.chosen_resources(session.terms.resources),
        authorization_details=asking.chosen_details(session.terms.authorization_details),
    )


def _rotated(tx: Transaction, asking: Asking, token: RefreshToken, rotation: Rotation) -> bool:
    """Whether the successor may be handed out, and the session goes on; False for a replay."""
    if sessions.rotate_token(tx, rotation):
        return True
    current = sessions.token(tx, token.hash)
    use = tokens.use_of(
        current or token,
        sessions.token(tx, rotation.following),
        now=asking.now,
        grace=asking.settings.refresh_grace,
    )
    if use is Use.REPEAT:
        sessions.use(tx, token.session_id, at=rotation.at, until=rotation.until)
    return use is Use.REPEAT
