"""`next_step` over random requests, sign-ins and consents: what holds whatever is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.authentication_context import LETTER
from scopewright.core.authorization import NextStep, Record, next_step, to_approve
from scopewright.core.errors import (
    AccessDenied,
    ConsentRequired,
    InvalidScope,
    LoginRequired,
    OAuthError,
    UnmetAuthenticationRequirements,
)
from scopewright.core.model import Authorization, Consent, Identity, Principal, SignIn
from scopewright.core.particulars import NO_PARTICULARS, Particulars
from scopewright.core.scopes import Requested, Scopes
from tests.core.nouns import NOW, a_client, a_principal, an_authorization

ASKING = {NextStep.SIGN_IN, NextStep.CHOOSE_ACCOUNT, NextStep.ASK_CONSENT}
PROTOCOL = ("openid", "email", "profile")
CLIENT = a_client(redirect_uris=("https://app.example/cb",))
NAMED = {"id_token": {"email": {}}}
FOR_ADA = {"id_token": {"sub": {"value": "ada"}}}
BY_LETTER = {"id_token": {"acr": {"essential": True, "values": [LETTER]}}}
BY_CARD = {"id_token": {"acr": {"essential": True, "value": "card"}}}


@dataclass(frozen=True)
class Visit:
    """All that `next_step` is told."""

    authorization: Authorization
    sign_in: SignIn | None
    principal: Principal | None
    held: Scopes
    consent: Consent | None
    now: datetime

    @property
    def outcome(self) -> NextStep | OAuthError:
        try:
            return next_step(
                self.authorization,
                client=CLIENT,
                sign_in=self.sign_in,
                record=self.record,
                now=self.now,
            )
        except OAuthError as error:
            return error

    @property
    def record(self) -> Record | None:
        if self.principal is None:
            return None
        return Record(self.principal, self.held, self.consent)

    @property
    def is_fresh(self) -> bool:
        return (
            self.sign_in is not None
            and self.sign_in.authenticated_at >= self.authorization.created_at
        )


names = st.frozensets(st.sampled_from(["read", "write", "gold"]))
requests = st.builds(Requested, st.none() | names, st.frozensets(st.sampled_from(PROTOCOL)))
approvals = st.none() | requests
seconds = st.integers(0, 100)
particulars = st.just(NO_PARTICULARS) | st.builds(
    Particulars,
    max_age=st.none() | seconds,
    acr_values=st.sampled_from([(), (), (), (LETTER,), ("card", LETTER), ("card",)]),
    expected_subject=st.sampled_from([None, "ada", "eve"]),
    claims=st.sampled_from([None, NAMED, FOR_ADA, BY_LETTER, BY_CARD]),
)
prompts = st.just(frozenset({"none"})) | st.frozensets(
    st.sampled_from(["login", "consent", "select_account"])
)
ada, disabled = a_principal(), a_principal(disabled_at=NOW)
people = st.sampled_from([ada, ada, ada, ada, disabled, None])


everything = Requested(None, frozenset(PROTOCOL))


@st.composite
def sign_ins(draw: st.DrawFn, now: datetime) -> SignIn:
    provider = draw(st.sampled_from(["email", "email", "email", "elsewhere"]))
    at = now - timedelta(seconds=draw(st.integers(0, 200)))
    return SignIn("hash", Identity(provider, "ada@example.org"), at, at, at + timedelta(days=1))


@st.composite
def visits(draw: st.DrawFn) -> Visit:
    """In every second one nothing but the particulars can stand between Ada and her code."""
    now, is_smooth = NOW + timedelta(seconds=draw(seconds)), draw(st.booleans())
    sign_in = draw(sign_ins(now) if is_smooth else sign_ins(now) | st.none())
    approved = everything if is_smooth else draw(approvals)
    asked = an_authorization(
        prompt=frozenset() if is_smooth else draw(prompts),
        requested=draw(requests),
        particulars=draw(particulars),
    )
    return Visit(
        asked,
        sign_in,
        None if sign_in is None else draw(st.just(ada) if is_smooth else people),
        frozenset({"read", "write", "gold"}) if is_smooth else draw(names),
        None if approved is None else Consent("ada", "client", approved, NOW),
        now,
    )


@given(visits())
def test_prompt_none_never_asks_anything(visit: Visit) -> None:
    if "none" in visit.authorization.prompt:
        assert visit.outcome not in ASKING


@given(visits())
def test_a_code_is_for_a_live_record_of_the_person_that_was_expected(visit: Visit) -> None:
    if visit.outcome is NextStep.ISSUE:
        wishes, person = visit.authorization.particulars, visit.principal
        assert person is not None
        assert person.disabled_at is None
        assert wishes.expected_subject in (None, person.id)
        assert wishes.claims != FOR_ADA or person.id == "ada"


@given(visits(), st.booleans())
def test_nobody_answers_for_somebody_else(visit: Visit, by_claim: bool) -> None:
    for_eve = {"id_token": {"sub": {"value": "eve"}}}
    wishes = Particulars(claims=for_eve) if by_claim else Particulars(expected_subject="eve")
    asked = replace(visit, authorization=replace(visit.authorization, particulars=wishes))
    outcome = asked.outcome
    assert outcome is NextStep.SIGN_IN or isinstance(outcome, LoginRequired)


@given(visits())
def test_a_code_is_for_who_signed_in_as_lately_and_in_the_way_that_was_asked(visit: Visit) -> None:
    if visit.outcome is NextStep.ISSUE:
        wishes, prompt = visit.authorization.particulars, visit.authorization.prompt
        assert visit.sign_in is not None
        age = (visit.now - visit.sign_in.authenticated_at).total_seconds()
        assert wishes.max_age is None or age <= wishes.max_age or visit.is_fresh
        assert not prompt & {"login", "select_account"} or visit.is_fresh
        by_letter = visit.sign_in.identity.provider == "email"
        assert not wishes.acr_values or (LETTER in wishes.acr_values and by_letter)
        assert wishes.claims != BY_LETTER or by_letter
        assert wishes.claims != BY_CARD


@given(visits())
def test_a_code_is_only_for_what_was_approved_and_something_of_it_is_held(visit: Visit) -> None:
    if visit.outcome is NextStep.ISSUE:
        assert visit.consent is not None
        assert "consent" not in visit.authorization.prompt
        asked, approved = to_approve(visit.authorization), visit.consent.requested
        assert asked.protocol <= approved.protocol
        assert approved.names is None or (asked.names is not None and asked.names <= approved.names)
        assert not asked.names or asked.names & visit.held


@given(visits())
def test_who_has_just_signed_in_is_not_asked_who_they_are_again(visit: Visit) -> None:
    if visit.is_fresh:
        assert visit.outcome not in {NextStep.SIGN_IN, NextStep.CHOOSE_ACCOUNT}


@given(visits())
def test_signing_in_in_the_way_asked_for_leads_on_to_the_end(visit: Visit) -> None:
    """Whoever is sent to sign in gets past that, or is told why not; nobody runs in circles."""
    if visit.outcome in {NextStep.SIGN_IN, NextStep.CHOOSE_ACCOUNT}:
        identity = Identity("email", "ada@example.org")
        back = SignIn("hash", identity, visit.now, visit.now, visit.now + timedelta(days=1))
        later = Visit(
            visit.authorization, back, a_principal(), visit.held, visit.consent, visit.now
        )
        assert later.outcome in {NextStep.ISSUE, NextStep.ASK_CONSENT} or isinstance(
            later.outcome, LoginRequired | InvalidScope | UnmetAuthenticationRequirements
        )


@given(visits())
def test_what_somebody_holds_or_approved_is_not_told_before_it_is_known_who_they_are(
    visit: Visit,
) -> None:
    if visit.sign_in is None:
        if "none" in visit.authorization.prompt:
            assert isinstance(visit.outcome, LoginRequired)
        else:
            assert visit.outcome is NextStep.SIGN_IN


@given(visits())
def test_every_error_has_its_reason(visit: Visit) -> None:
    is_silent = "none" in visit.authorization.prompt
    match visit.outcome:
        case ConsentRequired():
            assert is_silent
        case LoginRequired():
            expected = visit.authorization.particulars
            assert is_silent or expected.expected_subject or expected.claims == FOR_ADA
        case UnmetAuthenticationRequirements():
            assert visit.is_fresh
        case AccessDenied():
            assert visit.principal is None or visit.principal.disabled_at is not None
        case InvalidScope():
            assert visit.authorization.requested.names
