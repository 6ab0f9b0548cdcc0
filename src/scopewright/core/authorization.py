"""What happens next at `/authorize`: every step of signing in and consenting returns here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from scopewright.core.authentication_context import acr_of, expected_subjects, is_satisfied
from scopewright.core.authorization_details import types_of
from scopewright.core.claims_request import asked_names
from scopewright.core.errors import (
    AccessDenied,
    ConsentRequired,
    InvalidGrant,
    InvalidScope,
    LoginRequired,
    OAuthError,
    UnmetAuthenticationRequirements,
)
from scopewright.core.id_tokens import CLAIMS_OF_SCOPE
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
from scopewright.core.particulars import Particulars
from scopewright.core.scopes import NONE, Requested, Scopes


class NextStep(Enum):
    """What the browser is shown next."""

    SIGN_IN = "sign in"
    CHOOSE_ACCOUNT = "choose account"
    ASK_CONSENT = "ask consent"
    ISSUE = "issue"


def effective_request(client: Client, requested: Requested) -> Requested:
    """What a person's client asks for: nothing instead of everything where it is set so."""
    if requested.names is None and client.scope_default is ScopeDefault.NONE:
        return Requested(NONE, requested.protocol)
    return requested


@dataclass(frozen=True, slots=True)
class Record:
    """A person in the workspace: what they hold, and what they have approved for the client."""

    principal: Principal
    held: Scopes
    consent: Consent | None


def next_step(
    authorization: Authorization,
    *,
    client: Client,
    sign_in: SignIn | None,
    record: Record | None,
    now: datetime,
) -> NextStep:
    """What to do about this request, now that this much is known. Only this function decides it.

    `record` is the signed-in person's, None where the workspace does not know them.

    Raises:
        LoginRequired: somebody else than expected has just signed in; or nobody fitting is signed
            in, and `prompt=none` forbids asking (OIDC Core §3.1.2.1).
        ConsentRequired: `prompt=none` forbids asking, and an approval is missing or will not do.
        UnmetAuthenticationRequirements: having just signed in is not what was demanded.
        AccessDenied: the person has no record in this workspace, or it is disabled.
        InvalidScope: scopes were named and the person holds none of them.
    """
    silent = "none" in authorization.prompt
    first = _who_is_it(authorization, sign_in, record, now)
    if first is not None:
        if silent:
            raise LoginRequired("Nobody is signed in as this request wants it.")
        return first
    if record is None or record.principal.disabled_at is not None:
        raise AccessDenied("This account has no access here.")
    named = authorization.requested.names or NONE
    named |= types_of(authorization.particulars.authorization_details)
    if named and named.isdisjoint(record.held):
        raise InvalidScope("None of the requested scopes can be given.")
    if _is_consented(authorization, record.consent) and not is_anybody(client, authorization):
        return NextStep.ISSUE
    if silent:
        raise ConsentRequired("The person has not approved this yet.")
    return NextStep.ASK_CONSENT


def _who_is_it(
    authorization: Authorization, sign_in: SignIn | None, record: Record | None, now: datetime
) -> NextStep | None:
    """What must happen before this sign-in speaks for the request; None if it does already.

    Who has signed in since the request came has done all that they can: asking again would never
    end.
    """
    if sign_in is None:
        return NextStep.SIGN_IN
    wishes = authorization.particulars
    shortcoming = _shortcoming(wishes, sign_in, record)
    if sign_in.authenticated_at >= authorization.created_at:
        if shortcoming is not None:
            raise shortcoming
        return None
    if shortcoming or "login" in authorization.prompt or _is_too_old(wishes, sign_in, now):
        return NextStep.SIGN_IN
    return NextStep.CHOOSE_ACCOUNT if "select_account" in authorization.prompt else None


def _shortcoming(wishes: Particulars, sign_in: SignIn, record: Record | None) -> OAuthError | None:
    """Why the client could do nothing with this person or this way to sign in."""
    id = None if record is None else record.principal.id
    if any(id not in subjects for subjects in expected_subjects(wishes)):
        return LoginRequired("Somebody else than expected is signed in.")
    if not is_satisfied(wishes, acr_of(sign_in)):
        return UnmetAuthenticationRequirements("This is not the way to sign in that was asked for.")
    return None


def _is_too_old(wishes: Particulars, sign_in: SignIn, now: datetime) -> bool:
    if wishes.max_age is None:
        return False
    return now - sign_in.authenticated_at > timedelta(seconds=wishes.max_age)


def to_approve(authorization: Authorization) -> Requested:
    """What the person is asked to approve: claims asked for by name count as their scope."""
    asked = authorization.requested
    named = asked_names(authorization.particulars.claims)
    words = {word for word, claims in CLAIMS_OF_SCOPE.items() if not named.isdisjoint(claims)}
    return Requested(asked.names, asked.protocol | words)


def is_anybody(client: Client, authorization: Authorization) -> bool:
    """Whether any program of the device could ask in this client's name, and get the answer.

    Then an approval counts once only (RFC 8252 §8.6).
    """
    redirect_uri = authorization.redirect_uri
    is_native = redirect_uri not in client.redirect_uris or not redirect_uri.startswith("http")
    return is_native and not client.is_confidential


def _is_consented(authorization: Authorization, consent: Consent | None) -> bool:
    if consent is None or "consent" in authorization.prompt:
        return False
    if authorization.particulars.authorization_details:
        return False  # only scopes are remembered
    approved, asked = consent.requested, to_approve(authorization)
    if not asked.protocol <= approved.protocol:
        return False
    if approved.names is None:
        return True
    return asked.names is not None and asked.names <= approved.names


@dataclass(frozen=True, slots=True)
class Redeemable:
    """A code that may be exchanged now."""

    principal_id: str
    authenticated_at: datetime
    sign_in_hash: str | None
    acr: str | None = None


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
    return Redeemable(stage.principal_id, stage.authenticated_at, stage.sign_in_hash, stage.acr)


def _code_expires_at(authorization: Authorization, approved: Approved) -> datetime:
    # A person may take the request's whole life to sign in; the code must not live as long.
    return min(authorization.expires_at, approved.approved_at + CODE_LIFETIME)
