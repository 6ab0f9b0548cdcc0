"""Grant type `device_code` (RFC 8628 §3.4): pending, too early, refused, or a session once."""

from __future__ import annotations

from dataclasses import dataclass

from scopewright.core import device_authorization
from scopewright.core.authorization import Replayed
from scopewright.core.device_authorization import DeviceAuthorization
from scopewright.core.errors import AuthorizationPending, InvalidGrant, InvalidRequest, SlowDown
from scopewright.core.model import Redeemed
from scopewright.core.oauth import hash_secret
from scopewright.services.tokens.asking import Asking, Mistaken, Outcome, redeem_once
from scopewright.services.tokens.beginning import begin, new_session
from scopewright.store import device_authorizations
from scopewright.store.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """A device code begins a session once a person has said yes; asking too early is counted."""

    database: Database

    async def redeem(self, asking: Asking) -> Outcome:
        """The person who approved, asking for what the device asked for."""
        return await redeem_once(self.database, _redeem, asking)


def _redeem(tx: Transaction, asking: Asking) -> Outcome | Replayed | Mistaken:
    code = asking.form.get("device_code")
    if code is None:
        raise InvalidRequest("The device_code is missing.")
    stored = device_authorizations.by_device_code(tx, hash_secret(code))
    try:
        redeemable = device_authorization.redeem(stored, client=asking.client, now=asking.now)
    except (AuthorizationPending, SlowDown) as error:
        assert stored is not None  # nothing unknown is pending
        _count(tx, asking, stored)
        return Mistaken(error)
    assert stored is not None  # redeem() refuses None
    if isinstance(redeemable, Replayed):
        return redeemable
    session = new_session(tx, asking, redeemable, stored.requested, stored.particulars)
    if not device_authorizations.redeem(tx, stored.id, Redeemed(session.id, asking.now)):
        return _lost_race(tx, stored.id)
    return Outcome(
        session.principal_id,
        session.requested,
        session,
        refresh_token=begin(tx, asking, session),
        resources=asking.chosen_resources(session.terms.resources),
        authorization_details=asking.chosen_details(session.terms.authorization_details),
    )


def _count(tx: Transaction, asking: Asking, stored: DeviceAuthorization) -> None:
    interval = device_authorization.interval_after(stored, now=asking.now)
    device_authorizations.poll(tx, stored.id, at=asking.now, interval=interval)


def _lost_race(tx: Transaction, id: str) -> Replayed:
    """Another process redeemed the code between our look and our update."""
    stored = device_authorizations.get(tx, id)
    if stored is None or not isinstance(stored.stage, Redeemed):
        raise InvalidGrant("The device code has expired.")
    return Replayed(stored.stage.session_id)
