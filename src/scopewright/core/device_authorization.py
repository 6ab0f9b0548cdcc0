"""Approving on another device (RFC 8628): what a device's code is worth when it asks.

Asked ──▶ Allowed ──▶ Redeemed
  └─────▶ Denied
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from scopewright.core.authorization import Redeemable, Replayed
from scopewright.core.errors import (
    AccessDenied,
    AuthorizationPending,
    ExpiredToken,
    InvalidGrant,
    InvalidScope,
    SlowDown,
)
from scopewright.core.model import Asked, Client, Denied, Principal, Redeemed
from scopewright.core.particulars import NO_PARTICULARS, Particulars
from scopewright.core.scopes import Requested, Scopes

LIFETIME = timedelta(minutes=15)
INTERVAL = timedelta(seconds=5)
TRIES_WINDOW = timedelta(minutes=15)
TRIES_A_PERSON = 20
TRIES_A_SOURCE = 100

_USER_CODE = re.compile(r"[A-Z0-9]{8}")
_CONTINUATION = re.compile(r"device_([0-9a-f-]{36})(?:_([A-Z0-9]{8}))?")


@dataclass(frozen=True, slots=True)
class Allowed:
    """A person said yes; the device gets its tokens when it asks next."""

    principal_id: str
    authenticated_at: datetime
    sign_in_hash: str
    at: datetime


Stage = Asked | Allowed | Redeemed | Denied


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    """One request of a device, from asking to redemption. It may ask once in an `interval`."""

    id: str
    workspace_id: str
    client_id: str
    requested: Requested
    device_code_hash: str
    user_code_hash: str
    stage: Stage
    interval: timedelta
    created_at: datetime
    expires_at: datetime
    polled_at: datetime | None = None
    particulars: Particulars = NO_PARTICULARS

    def is_open(self, now: datetime) -> bool:
        """Whether a person may still answer."""
        return isinstance(self.stage, Asked) and now < self.expires_at


def redeem(
    authorization: DeviceAuthorization | None, *, client: Client, now: datetime
) -> Redeemable | Replayed:
    """What this client gets for its device code now (RFC 8628 §3.5).

    A replay is answered as such only to the code's own client: a stranger ends nobody's session.

    Raises:
        InvalidGrant: unknown, or another client's.
        AccessDenied: the person said no.
        ExpiredToken: nobody answered in time, or the device came too late.
        SlowDown, AuthorizationPending: nobody has answered yet.
    """
    if authorization is None or authorization.client_id != client.id:
        raise InvalidGrant("The device code is not known.")
    stage = authorization.stage
    if isinstance(stage, Redeemed):
        return Replayed(stage.session_id)
    if isinstance(stage, Denied):
        raise AccessDenied("The person did not approve this.")
    if now >= authorization.expires_at:
        raise ExpiredToken("The device code has expired. Begin anew.")
    if isinstance(stage, Allowed):
        return Redeemable(stage.principal_id, stage.authenticated_at, stage.sign_in_hash)
    if is_early(authorization, now=now):
        raise SlowDown("Ask less often.")
    raise AuthorizationPending("The person has not answered yet.")


def is_early(authorization: DeviceAuthorization, *, now: datetime) -> bool:
    """Whether the device asks sooner after its last time than it may."""
    last = authorization.polled_at
    return last is not None and now < last + authorization.interval


def interval_after(authorization: DeviceAuthorization, *, now: datetime) -> timedelta:
    """How long the device has to wait from now on: five seconds more each time it comes early."""
    return authorization.interval + (INTERVAL if is_early(authorization, now=now) else timedelta())


def check_person(
    authorization: DeviceAuthorization, principal: Principal | None, held: Scopes
) -> Principal:
    """The person, if the device may act for them; `held` is what they hold here.

    Raises:
        AccessDenied: they have no record in this workspace, or it is disabled.
        InvalidScope: scopes were named and they hold none of them.
    """
    if principal is None or principal.disabled_at is not None:
        raise AccessDenied("This account has no access here.")
    if authorization.requested.names and not authorization.requested.within(held):
        raise InvalidScope("You hold none of the scopes that it asks for.")
    return principal


# --- the code that a person types ---------------------------------------------------------------


def typed_code(text: str) -> str | None:
    """The user code that somebody typed, in whatever case and grouping (RFC 8628 §6.1)."""
    code = "".join(text.upper().replace("-", "").split())
    return code if _USER_CODE.fullmatch(code) else None


def shown_code(code: str) -> str:
    """The code as people read it: XXXX-XXXX."""
    return f"{code[:4]}-{code[4:]}"


def continuation(workspace_id: str, code: str | None) -> str:
    """How signing in remembers that it is on its way to a workspace's device page."""
    return f"device_{workspace_id}" + (f"_{code}" if code else "")


def path_of(continuing: str) -> str | None:
    """The page that a `continuation` leads to; None for what is none."""
    found = _CONTINUATION.fullmatch(continuing)
    if found is None:
        return None
    query = f"?user_code={shown_code(found[2])}" if found[2] else ""
    return f"/w/{found[1]}/device{query}"
