"""What a grant type is given, and what it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from scopewright.authority import View
from scopewright.core.authorization import Replayed
from scopewright.core.authorization_details import Details, agreed_details, parse_details
from scopewright.core.errors import InvalidGrant, OAuthError
from scopewright.core.model import Client, Session
from scopewright.core.particulars import Confirmation
from scopewright.core.resources import Audiences, Resources, audiences, chosen
from scopewright.core.scopes import Requested
from scopewright.core.security_profile import SecurityProfile, profile_of
from scopewright.core.tokens import TokenSettings
from scopewright.services.tokens.replay import end_replayed
from scopewright.store.authority import Holder, Rules
from scopewright.store.database import Database, Transaction


# Not frozen, as values elsewhere are: they live as long as one request, and setting each field of a
# frozen value costs the hottest path as much as all that is decided about it.
@dataclass(slots=True)
class Asking:
    """One request at the token endpoint, its client proven.

    `resources` are the `resource` parameters (RFC 8707 §2), `confirmation` the key that the request
    has proven to hold, by DPoP or certificate; `itself` is the client as a principal, where it was
    looked up already.
    """

    view: View
    issuer: str
    client: Client
    settings: TokenSettings
    form: Mapping[str, str]
    resources: tuple[str, ...]
    confirmation: Confirmation | None
    now: datetime
    itself: Holder | None = None

    @property
    def rules(self) -> Rules:
        return self.view.rules

    @property
    def profile(self) -> SecurityProfile:
        """What the workspace asks of its clients beyond the default rules."""
        return profile_of(self.view.workspace)

    @property
    def audiences(self) -> Audiences:
        """Whom tokens may be meant for here."""
        return audiences(self.view.workspace, self.rules.vocabulary, issuer=self.issuer)

    def chosen_resources(self, agreed: Resources = ()) -> Resources:
        """Whom the token is for, of those that its session was asked for.

        Raises:
            InvalidTarget: not known here, or not agreed to (RFC 8707 §2.2).
        """
        if not self.resources and not agreed:
            return ()
        return self.audiences.checked(chosen(self.resources, agreed))

    def chosen_details(self, agreed: Details | None = None) -> Details:
        """The authorization details of the token: those of its session, or a part of them.

        Raises:
            InvalidAuthorizationDetails: malformed, unknown, or not agreed to (RFC 9396 §6).
        """
        sent = self.form.get("authorization_details")
        if sent is None:
            return agreed or ()
        named = parse_details(sent, types=self.rules.vocabulary.by_name)
        return named if agreed is None else agreed_details(named, agreed)


@dataclass(slots=True)
class Outcome:
    """Whom a grant speaks for, asking for what, through which session.

    `nonce` goes into the ID token of a code (OIDC Core §2); `act` names who acts for the principal
    (RFC 8693 §4.1); `resources` are the audiences asked for, empty for the workspace itself; the
    access token ends at `not_after` at the latest.
    """

    principal_id: str
    requested: Requested
    session: Session | None = None
    refresh_token: str | None = None
    nonce: str | None = None
    resources: tuple[str, ...] = ()
    authorization_details: tuple[Mapping[str, Any], ...] = ()
    act: Mapping[str, Any] | None = None
    issued_token_type: str | None = None
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Mistaken:
    """Something was presented wrongly, or too early; the attempt has been counted."""

    error: OAuthError


class GrantType(Protocol):
    """One way to get a token."""

    async def redeem(self, asking: Asking) -> Outcome:
        """Whom it speaks for.

        Raises:
            InvalidRequest, InvalidGrant, InvalidScope, InvalidTarget: RFC 6749 §5.2.
        """


RedeemOnce = Callable[[Transaction, Asking], Outcome | Replayed | Mistaken]


async def redeem_once(database: Database, redeem: RedeemOnce, asking: Asking) -> Outcome:
    """Redeem in one transaction, in a worker thread."""
    return await asyncio.to_thread(_redeem_once, database, redeem, asking)


def _redeem_once(database: Database, redeem: RedeemOnce, asking: Asking) -> Outcome:
    with database.write() as tx:
        outcome = redeem(tx, asking)
        if isinstance(outcome, Replayed):
            end_replayed(tx, asking.client, outcome.session_id, now=asking.now)
    # What a refusal leaves behind is kept: so it is raised only after the commit.
    if isinstance(outcome, Replayed):
        raise InvalidGrant("This was used before; the session has been ended.")
    if isinstance(outcome, Mistaken):
        raise outcome.error
    return outcome
