"""An authorization's life, what happens next at `/authorize`, and what a code is worth."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypedDict

import pytest

from scopewright.core.authorization import (
    NextStep,
    Record,
    Redeemable,
    Replayed,
    effective_request,
    next_step,
    redeem,
)
from scopewright.core.errors import (
    AccessDenied,
    ConsentRequired,
    InvalidGrant,
    InvalidScope,
    LoginRequired,
    NotNow,
)
from scopewright.core.model import (
    Approved,
    Authorization,
    Client,
    ClientType,
    Consent,
    Denied,
    Principal,
    Redeemed,
    ScopeDefault,
    SignIn,
)
from scopewright.core.oauth import CODE_LIFETIME
from scopewright.core.scopes import EVERYTHING, NONE, Requested, Scopes
from tests.core.nouns import MOMENT, NOW, a_client, a_principal, a_sign_in, an_authorization

LATER = NOW + timedelta(minutes=1)
EARLIER = NOW - timedelta(minutes=1)
READ = Requested(frozenset({"read"}))
READ_AND_WRITE = Requested(frozenset({"read", "write"}))
NOTHING = Requested(NONE)


# --- stages -------------------------------------------------------------------------------------

ASKED = an_authorization()
APPROVED = ASKED.approve("ada", "code-hash", sign_in=a_sign_in(EARLIER), at=LATER)
DENIED = an_authorization(stage=Denied(LATER))
REDEEMED = an_authorization(stage=Redeemed("ses", LATER))


def test_approving_records_who_and_when_and_leaves_the_rest() -> None:
    assert APPROVED.stage == Approved(
        "ada", "code-hash", EARLIER, LATER, sign_in_hash=a_sign_in().cookie_hash
    )
    assert an_authorization(stage=APPROVED.stage) == APPROVED


@pytest.mark.parametrize("answered", [APPROVED, DENIED, REDEEMED])
def test_an_authorization_is_answered_once(answered: Authorization) -> None:
    with pytest.raises(NotNow):
        answered.approve("eve", "other", sign_in=a_sign_in(NOW), at=LATER)


def test_an_authorization_that_is_too_old_cannot_be_approved() -> None:
    end = ASKED.expires_at
    ASKED.approve("ada", "hash", sign_in=a_sign_in(NOW), at=end - MOMENT)
    with pytest.raises(NotNow):
        ASKED.approve("ada", "hash", sign_in=a_sign_in(NOW), at=end)


# --- what happens next --------------------------------------------------------------------------


def step(
    *prompt: str,
    sign_in: SignIn | None = None,
    principal: Principal | None = None,
    held: Scopes = frozenset({"read"}),
    requested: Requested = EVERYTHING,
    consent: Requested | None = None,
) -> NextStep:
    given_before = None if consent is None else Consent("ada", "client", consent, EARLIER)
    return next_step(
        an_authorization(prompt=frozenset(prompt), requested=requested),
        client=a_client(redirect_uris=("https://app.example/cb",)),
        sign_in=sign_in,
        record=None if principal is None else Record(principal, held, given_before),
        now=LATER,
    )


class Visitor(TypedDict, total=False):
    """Who stands before the door, as `step` takes it."""

    sign_in: SignIn
    principal: Principal


NOBODY: Visitor = {}
HERE: Visitor = {"sign_in": a_sign_in(EARLIER), "principal": a_principal()}
BACK: Visitor = {"sign_in": a_sign_in(LATER), "principal": a_principal()}

TABLE = [
    # who is here, prompt, consent given before, what happens
    (NOBODY, (), None, NextStep.SIGN_IN),
    (NOBODY, (), EVERYTHING, NextStep.SIGN_IN),
    (NOBODY, ("consent",), EVERYTHING, NextStep.SIGN_IN),
    (NOBODY, ("none",), EVERYTHING, LoginRequired),
    (HERE, (), None, NextStep.ASK_CONSENT),
    (HERE, (), READ, NextStep.ASK_CONSENT),
    (HERE, (), EVERYTHING, NextStep.ISSUE),
    (HERE, ("consent",), EVERYTHING, NextStep.ASK_CONSENT),
    (HERE, ("none",), EVERYTHING, NextStep.ISSUE),
    (HERE, ("none",), None, ConsentRequired),
    (HERE, ("none",), READ, ConsentRequired),
    (HERE, ("login",), EVERYTHING, NextStep.SIGN_IN),
    (HERE, ("select_account",), EVERYTHING, NextStep.CHOOSE_ACCOUNT),
    (HERE, ("select_account", "login"), EVERYTHING, NextStep.SIGN_IN),
    (NOBODY, ("select_account",), EVERYTHING, NextStep.SIGN_IN),
    (BACK, ("select_account",), EVERYTHING, NextStep.ISSUE),
    (HERE, ("login", "none"), EVERYTHING, LoginRequired),
    (BACK, ("login",), EVERYTHING, NextStep.ISSUE),
    (BACK, ("login",), None, NextStep.ASK_CONSENT),
    (BACK, ("login", "consent"), EVERYTHING, NextStep.ASK_CONSENT),
]


@pytest.mark.parametrize(("here", "prompt", "consent", "outcome"), TABLE)
def test_the_next_step_follows_from_who_is_here_the_prompt_and_the_consent(
    here: Visitor, prompt: tuple[str, ...], consent: Requested | None, outcome: object
) -> None:
    if isinstance(outcome, NextStep):
        assert step(*prompt, **here, consent=consent) is outcome
    else:
        with pytest.raises(outcome):  # type: ignore[call-overload]
            step(*prompt, **here, consent=consent)


@pytest.mark.parametrize(
    ("approved", "asked", "outcome"),
    [
        (READ_AND_WRITE, READ, NextStep.ISSUE),
        (READ, READ, NextStep.ISSUE),
        (READ, READ_AND_WRITE, NextStep.ASK_CONSENT),
        (READ_AND_WRITE, EVERYTHING, NextStep.ASK_CONSENT),
        (EVERYTHING, READ, NextStep.ISSUE),
        (NOTHING, NOTHING, NextStep.ISSUE),
        (NOTHING, EVERYTHING, NextStep.ASK_CONSENT),
    ],
)
def test_a_consent_covers_what_was_approved_and_no_more(
    approved: Requested, asked: Requested, outcome: NextStep
) -> None:
    assert step(**HERE, requested=asked, consent=approved) is outcome


@pytest.mark.parametrize("principal", [None, a_principal(disabled_at=NOW)])
@pytest.mark.parametrize("prompt", [(), ("none",), ("consent",)])
def test_a_person_without_a_live_record_here_is_denied(
    principal: Principal | None, prompt: tuple[str, ...]
) -> None:
    with pytest.raises(AccessDenied):
        step(*prompt, sign_in=a_sign_in(), principal=principal, consent=EVERYTHING)


def test_naming_only_what_is_not_held_is_invalid_scope_before_any_consent() -> None:
    with pytest.raises(InvalidScope):
        step(**HERE, requested=Requested(frozenset({"write"})))
    assert step(**HERE, requested=READ_AND_WRITE) is NextStep.ASK_CONSENT


@pytest.mark.parametrize("requested", [EVERYTHING, NOTHING])
def test_holding_nothing_is_no_error_for_who_names_nothing(requested: Requested) -> None:
    assert step(**HERE, held=NONE, requested=requested, consent=EVERYTHING) is NextStep.ISSUE


@pytest.mark.parametrize(
    ("type", "registered", "answered_at", "outcome"),
    [
        (ClientType.PKCE, "https://app.example/cb", None, NextStep.ISSUE),
        (ClientType.PKCE, "http://127.0.0.1:5173/cb", None, NextStep.ISSUE),
        (ClientType.PKCE, "http://127.0.0.1/cb", "http://127.0.0.1:9/cb", NextStep.ASK_CONSENT),
        (ClientType.PKCE, "com.example.app:/cb", None, NextStep.ASK_CONSENT),
        (
            ClientType.AUTHORIZATION_CODE,
            "http://127.0.0.1/cb",
            "http://127.0.0.1:9/cb",
            NextStep.ISSUE,
        ),
    ],
)
def test_an_app_that_any_other_could_pretend_to_be_is_approved_each_time(
    type: ClientType, registered: str, answered_at: str | None, outcome: NextStep
) -> None:
    asked = an_authorization(redirect_uri=answered_at or registered)
    found = next_step(
        asked,
        client=a_client(type, redirect_uris=(registered,)),
        sign_in=a_sign_in(EARLIER),
        record=Record(a_principal(), NONE, Consent("ada", "client", EVERYTHING, EARLIER)),
        now=LATER,
    )
    assert found is outcome


def test_what_somebody_holds_is_not_told_before_they_have_signed_in() -> None:
    assert step(requested=Requested(frozenset({"write"}))) is NextStep.SIGN_IN


def test_a_client_that_only_signs_people_in_asks_for_nothing_when_it_names_nothing() -> None:
    quiet = a_client(scope_default=ScopeDefault.NONE)
    openid = frozenset({"openid"})
    assert effective_request(quiet, Requested(None, openid)) == Requested(NONE, openid)
    assert effective_request(quiet, READ) == READ
    assert effective_request(a_client(), Requested(None, openid)) == Requested(None, openid)


# --- redeeming a code ---------------------------------------------------------------------------


def exchange(
    authorization: Authorization | None,
    *,
    client: Client | None = None,
    redirect_uri: str | None = "https://app.example/cb",
    code_verifier: str | None = None,
    now: datetime = LATER,
) -> Redeemable | Replayed:
    return redeem(
        authorization,
        client=client or a_client(),
        redirect_uri=redirect_uri,
        code_verifier=code_verifier,
        now=now,
    )


def test_a_code_tells_who_approved_it_and_when_they_proved_who_they_are() -> None:
    assert exchange(APPROVED) == Redeemable("ada", EARLIER, a_sign_in().cookie_hash)


@pytest.mark.parametrize("authorization", [None, ASKED, DENIED])
def test_what_was_never_approved_is_worth_nothing(authorization: Authorization | None) -> None:
    with pytest.raises(InvalidGrant):
        exchange(authorization)


@pytest.mark.parametrize("authorization", [APPROVED, REDEEMED])
def test_another_clients_code_is_worth_nothing_and_ends_no_session(
    authorization: Authorization,
) -> None:
    with pytest.raises(InvalidGrant):
        exchange(authorization, client=a_client(id="other"))


def test_a_second_exchange_is_a_replay_however_late_and_whatever_comes_with_it() -> None:
    assert exchange(REDEEMED, now=NOW + timedelta(days=1)) == Replayed("ses")
    assert exchange(REDEEMED, redirect_uri=None, code_verifier="wrong") == Replayed("ses")


def test_a_code_lives_a_minute_however_long_the_person_had_to_sign_in() -> None:
    end = LATER + CODE_LIFETIME
    assert timedelta(minutes=1) == CODE_LIFETIME
    assert exchange(APPROVED, now=end - MOMENT) == Redeemable(
        "ada", EARLIER, a_sign_in().cookie_hash
    )
    with pytest.raises(InvalidGrant):
        exchange(APPROVED, now=end)


def test_a_code_never_outlives_its_authorization() -> None:
    last = ASKED.expires_at - MOMENT
    approved = ASKED.approve("ada", "hash", sign_in=a_sign_in(NOW), at=last)
    assert isinstance(exchange(approved, now=last), Redeemable)
    with pytest.raises(InvalidGrant):
        exchange(approved, now=ASKED.expires_at)


@pytest.mark.parametrize(
    "redirect_uri", [None, "", "https://app.example/cb/", "https://app.example/other"]
)
def test_the_redirect_uri_must_be_the_one_that_was_asked_with(redirect_uri: str | None) -> None:
    with pytest.raises(InvalidGrant):
        exchange(APPROVED, redirect_uri=redirect_uri)


def test_a_redirect_uri_that_was_not_sent_may_be_missing_but_not_another() -> None:
    unsent = an_authorization(stage=APPROVED.stage, redirect_uri_was_sent=False)
    assert isinstance(exchange(unsent, redirect_uri=None), Redeemable)
    assert isinstance(exchange(unsent), Redeemable)
    with pytest.raises(InvalidGrant):
        exchange(unsent, redirect_uri="https://evil.example/")


def test_a_code_with_a_challenge_needs_its_verifier() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    guarded = an_authorization(stage=APPROVED.stage, code_challenge=challenge)
    assert isinstance(exchange(guarded, code_verifier=verifier), Redeemable)
    for wrong in (None, challenge):
        with pytest.raises(InvalidGrant):
            exchange(guarded, code_verifier=wrong)
    with pytest.raises(InvalidGrant):
        exchange(APPROVED, code_verifier=verifier)
