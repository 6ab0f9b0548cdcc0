"""Grant type `authorization_code` (RFC 6749 §4.1.3, RFC 7636 §4.6): once, and only once."""

from __future__ import annotations

from dataclasses import dataclass

from scopewright.core import authorization, oauth
from scopewright.core.authorization import Redeemable, Replayed
from scopewright.core.confirmation import check_code_key
from scopewright.core.errors import InvalidGrant, InvalidRequest
from scopewright.core.model import Authorization, Redeemed
from scopewright.core.oauth import hash_secret
from scopewright.services.tokens.asking import Asking, Mistaken, Outcome, redeem_once
from scopewright.services.tokens.beginning import begin, new_session
from scopewright.store import authorizations
from scopewright.store.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """A code begins a session. A wrong verifier or redirect URI spends nothing, until the fifth."""

    database: Database

    async def redeem(self, asking: Asking) -> Outcome:
        """The person who approved, asking for what was asked at `/authorize`."""
        return await redeem_once(self.database, redeem_code, asking)


def redeem_code(tx: Transaction, asking: Asking) -> Outcome | Replayed | Mistaken:
    """The session that a code begins; or what is left behind by one that is not good.

    Raises:
        InvalidRequest: there is none. InvalidGrant: it has expired.
    """
    code = asking.form.get("code")
    if code is None:
        raise InvalidRequest("The code is missing.")
    stored = authorizations.by_code(tx, hash_secret(code))
    try:
        redeemable = _redeemable(asking, stored)
    except InvalidGrant as error:
        return _counted(tx, asking, stored, error)
    assert stored is not None  # redeem() refuses None
    if isinstance(redeemable, Replayed):
        return redeemable
    session = new_session(tx, asking, redeemable, stored.requested, stored.particulars)
    if not authorizations.redeem(tx, stored.id, Redeemed(session.id, asking.now)):
        return _lost_race(tx, stored.id)
    refresh_token = begin(tx, asking, session)
    return Outcome(
        session.principal_id,
        session.requested,
        session,
        refresh_token,
        nonce=stored.nonce,
        resources=asking.chosen_resources(session.terms.resources),
        authorization_details=asking.chosen_details(session.terms.authorization_details),
    )


def _redeemable(asking: Asking, stored: Authorization | None) -> Redeemable | Replayed:
    redeemable = authorization.redeem(
        stored,
        client=asking.client,
        redirect_uri=asking.form.get("redirect_uri"),
        code_verifier=asking.form.get("code_verifier"),
        now=asking.now,
    )
    if stored is not None and isinstance(redeemable, Redeemable):  # a replay needs no key to count
        check_code_key(stored.particulars.dpop_jkt, asking.confirmation)
    return redeemable


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
