"""What happens next at `/authorize`: every step of signing in and consenting returns here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from scopewright.core.errors import (
    AccessDenied,
    ConsentRequired,
    InvalidGrant,
    InvalidScope,
    LoginRequired,
)
from scopewright.core.model import (
    Approved,
    Authorization,
    Client,
    Consent,
    Principal,
    Redeemed,
    ScopeDefault,
    SignIn,
)
from scopewright.core.oauth import CODE_LIFETIME, check_code_verifier
from scopewright.core.scopes import NONE, Requested, Scopes


class NextStep(Enum):
    """What the browser is shown next."""

    SIGN_IN = "sign in"
    ASK_CONSENT = "ask consent"
    ISSUE = "issue"


def effective_request(client: Client, requested: Requested) -> Requested:
    """What a person's client asks for: nothing instead of everything where it is set so."""
    if requested.names is None and client.scope_default is ScopeDefault.NONE:
        return Requested(NONE, requested.protocol)
    return requested


def next_step(
    authorization: Authorization,
    *,
    sign_in: SignIn | None,
    principal: Principal | None,
    held: Scopes,
    consent: Consent | None,
) -> NextStep:
    """What to do about this request, now that this much is known. Only this function decides it.

    `principal` is the signed-in person's record here, None when there is none; `held` is what
    that record holds.

    Raises:
        LoginRequired, ConsentRequired: `prompt=none` forbids asking (OIDC Core §3.1.2.1).
        AccessDenied: the person has no record in this workspace, or it is disabled.
        InvalidScope: scopes were named and the person holds none of them.
    """
    silent = "none" in authorization.prompt
    if sign_in is None or _must_sign_in_again(authorization, sign_in):
        if silent:
            raise LoginRequired("Nobody is signed in.")
        return NextStep.SIGN_IN
    if principal is None or principal.disabled_at is not None:
        raise AccessDenied("This account has no access here.")
    requested = authorization.requested
    if requested.names and not requested.within(held):
        raise InvalidScope("None of the requested scopes can be given.")
    if _is_consented(authorization, consent):
        return NextStep.ISSUE
    if silent:
        raise ConsentRequired("The person has not approved this yet.")
    return NextStep.ASK_CONSENT


def _must_sign_in_again(authorization: Authorization, sign_in: SignIn) -> bool:
    asked = authorization.prompt & {"login", "select_account"}
    return bool(asked) and sign_in.authenticated_at < authorization.created_at


def _is_consented(authorization: Authorization, consent: Consent | None) -> bool:
    if consent is None or "consent" in authorization.prompt:
        return False
    approved, asked = consent.requested, authorization.requested
    if approved.names is None:
        return True
    return asked.names is not None and asked.names <= approved.names


@dataclass(frozen=True, slots=True)
class Redeemable:
    """A code that may be exchanged now."""

    principal_id: str
    authenticated_at: datetime


@dataclass(frozen=True, slots=True)
class Replayed:
    """Something was used a second time: its session must end."""

    session_id: str


def redeem(
    authorization: Authorization | None,
    *,
    client: Client,
    redirect_uri: str | None,
    code_verifier: str | None,
    now: datetime,
) -> Redeemable | Replayed:
    """Whether this client may exchange this code now (RFC 6749 §4.1.3, RFC 7636 §4.6).

    A replay is answered as such only to the code's own client: a stranger ends nobody's session.

    Raises:
        InvalidGrant: unknown, expired, another client's, or the redirect URI or verifier differs.
    """
    if authorization is None or authorization.client_id != client.id:
        raise InvalidGrant("The code is not known.")
    stage = authorization.stage
    if isinstance(stage, Redeemed):
        return Replayed(stage.session_id)
    if not isinstance(stage, Approved) or now >= _code_expires_at(authorization, stage):
        raise InvalidGrant("The code has expired.")
    if redirect_uri is None and authorization.redirect_uri_was_sent:
        raise InvalidGrant("The redirect_uri is missing.")
    if redirect_uri is not None and redirect_uri != authorization.redirect_uri:
        raise InvalidGrant("The redirect_uri differs from the one asked with.")
    check_code_verifier(authorization.code_challenge, code_verifier)
    return Redeemable(stage.principal_id, stage.authenticated_at)


def _code_expires_at(authorization: Authorization, approved: Approved) -> datetime:
    # A person may take the request's whole life to sign in; the code must not live as long.
    return min(authorization.expires_at, approved.approved_at + CODE_LIFETIME)
