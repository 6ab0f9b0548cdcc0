"""What a device's code is worth, and how a person's typing is read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.authorization import Redeemable, Replayed
from scopewright.core.device_authorization import (
    INTERVAL,
    LIFETIME,
    Allowed,
    DeviceAuthorization,
    check_person,
    continuation,
    interval_after,
    path_of,
    redeem,
    shown_code,
    typed_code,
)
from scopewright.core.errors import (
    AccessDenied,
    AuthorizationPending,
    ExpiredToken,
    InvalidGrant,
    InvalidScope,
    SlowDown,
)
from scopewright.core.model import Asked, ClientType, Denied, Redeemed
from scopewright.core.scopes import EVERYTHING, NONE, Requested
from tests.core.nouns import MOMENT, NOW, a_client, a_principal

CLIENT = a_client(ClientType.DEVICE)
ALLOWED = Allowed("ada", NOW, "sign-in", NOW)
UUID = "0192a1b2-0000-7000-8000-0123456789ab"
SECONDS = st.integers(0, 60).map(lambda seconds: timedelta(seconds=seconds))


def a_request(**said: Any) -> DeviceAuthorization:
    """A device's request of this moment, for everything."""
    request = DeviceAuthorization(
        id="dva",
        workspace_id="workspace",
        client_id="client",
        requested=EVERYTHING,
        device_code_hash="one",
        user_code_hash="other",
        stage=Asked(),
        interval=INTERVAL,
        created_at=NOW,
        expires_at=NOW + LIFETIME,
    )
    return replace(request, **said)


@pytest.mark.parametrize(
    ("request_", "at", "error"),
    [
        (None, NOW, InvalidGrant),
        (a_request(client_id="another"), NOW, InvalidGrant),
        (a_request(client_id="another", stage=Redeemed("ses", NOW)), NOW, InvalidGrant),
        (a_request(stage=Denied(NOW)), NOW, AccessDenied),
        (a_request(stage=Denied(NOW)), NOW + 2 * LIFETIME, AccessDenied),
        (a_request(), NOW + LIFETIME, ExpiredToken),
        (a_request(stage=ALLOWED), NOW + LIFETIME, ExpiredToken),
        (a_request(), NOW + LIFETIME - MOMENT, AuthorizationPending),
        (a_request(polled_at=NOW), NOW + INTERVAL - MOMENT, SlowDown),
        (a_request(polled_at=NOW), NOW + INTERVAL, AuthorizationPending),
    ],
)
def test_a_code_that_is_worth_nothing_now_says_why(
    request_: DeviceAuthorization | None, at: datetime, error: type[Exception]
) -> None:
    with pytest.raises(error) as refusal:
        redeem(request_, client=CLIENT, now=at)
    assert type(refusal.value) is error


def test_an_allowed_code_is_the_persons_however_soon_the_device_comes() -> None:
    allowed = a_request(stage=ALLOWED, polled_at=NOW)
    assert redeem(allowed, client=CLIENT, now=NOW) == Redeemable("ada", NOW, "sign-in")


def test_a_second_redemption_is_a_replay_even_when_it_comes_late() -> None:
    redeemed = a_request(stage=Redeemed("ses", NOW))
    assert redeem(redeemed, client=CLIENT, now=NOW + 2 * LIFETIME) == Replayed("ses")


@given(SECONDS, SECONDS)
def test_the_interval_never_shrinks_and_grows_by_five_seconds_for_each_early_call(
    interval: timedelta, after: timedelta
) -> None:
    request = a_request(interval=interval, polled_at=NOW)
    grown = interval_after(request, now=NOW + after)
    assert grown == interval + (INTERVAL if after < interval else timedelta())


def test_a_request_is_open_until_it_is_answered_or_too_old() -> None:
    assert a_request().is_open(NOW + LIFETIME - MOMENT)
    assert not a_request().is_open(NOW + LIFETIME)
    for stage in (ALLOWED, Denied(NOW), Redeemed("ses", NOW)):
        assert not a_request(stage=stage).is_open(NOW)


def test_a_device_acts_only_for_who_is_here_and_holds_some_of_what_is_named() -> None:
    named = a_request(requested=Requested(frozenset({"a", "b"})))
    assert check_person(named, a_principal(), frozenset({"b"})) == a_principal()
    assert check_person(a_request(), a_principal(), NONE) == a_principal()
    for nobody in (None, a_principal(disabled_at=NOW)):
        with pytest.raises(AccessDenied):
            check_person(named, nobody, frozenset({"a"}))
    with pytest.raises(InvalidScope):
        check_person(named, a_principal(), frozenset({"c"}))


# --- codes and pages -----------------------------------------------------------------------------


@given(st.text("BCDFGHJKLMNPQRSTVWXZ23456789", min_size=8, max_size=8), st.booleans())
def test_a_code_is_read_as_it_is_shown_and_as_people_type_it(code: str, lower: bool) -> None:
    shown = shown_code(code)
    typed = shown.lower() if lower else shown
    assert typed_code(typed) == typed_code(f" {typed.replace('-', ' ')}\n") == code


@given(st.text())
def test_whatever_is_typed_becomes_a_code_or_nothing(text: str) -> None:
    code = typed_code(text)
    assert code is None or (len(code) == 8 and code.isascii() and code.isalnum())


def test_signing_in_comes_back_to_the_page_with_the_code() -> None:
    assert path_of(continuation(UUID, None)) == f"/w/{UUID}/device"
    assert path_of(continuation(UUID, "BCDF2345")) == f"/w/{UUID}/device?user_code=BCDF-2345"


@pytest.mark.parametrize(
    "text",
    [
        "", "device_", f"device_{UUID}_", f"device_{UUID}_bcdf2345", f"device_{UUID}/x",
        f"device_{UUID}_BCDF2345&x=y", f"device_{UUID}\n", "//evil.example", "aut_x",
    ],
)  # fmt: skip
def test_nothing_else_leads_anywhere(text: str) -> None:
    assert path_of(text) is None
