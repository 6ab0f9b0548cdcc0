"""What a browser may do only soon after its person has signed in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.caller import Caller
from scopewright.core.catalogue import ScopeDefinition, Vocabulary
from scopewright.core.delegation import refuse_giving
from scopewright.core.errors import Escalation, SignInTooOld
from scopewright.core.fresh import is_fresh, of_lately
from scopewright.core.particulars import Particulars
from scopewright.core.scopes import NONE
from tests.core.nouns import MOMENT, NOW, a_principal, a_sign_in

SPANS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4000))
SCOPES = st.frozensets(st.sampled_from("abcd"))


def come(too_old_for: timedelta | None) -> Caller:
    return Caller(a_principal(), NONE, Vocabulary(), "cookie", too_old_for=too_old_for)


@given(ago=SPANS, fresh_for=SPANS)
def test_a_sign_in_is_fresh_exactly_as_long_as_is_set(ago: timedelta, fresh_for: timedelta) -> None:
    assert is_fresh(a_sign_in(NOW - ago), now=NOW, fresh_for=fresh_for) == (ago <= fresh_for)


@given(fresh_for=SPANS)
def test_the_last_moment_counts_and_the_next_does_not(fresh_for: timedelta) -> None:
    then, last = a_sign_in(NOW), NOW + fresh_for
    assert is_fresh(then, now=last, fresh_for=fresh_for)
    assert not is_fresh(then, now=last + MOMENT, fresh_for=fresh_for)


def test_the_refusal_says_how_old_a_sign_in_may_be() -> None:
    with pytest.raises(SignInTooOld) as refused:
        come(timedelta(minutes=15)).check_fresh()
    assert refused.value.facts == {"max_age": 900}
    come(None).check_fresh()


@given(held=SCOPES, given_=SCOPES, guarded=SCOPES)
def test_an_old_sign_in_gives_what_opens_nothing_here_and_nothing_guarded(
    held: frozenset[str], given_: frozenset[str], guarded: frozenset[str]
) -> None:
    opening = (ScopeDefinition(name, opens=frozenset({name})) for name in guarded)
    words = Vocabulary(scopes=tuple(opening))

    def outcome(caller: Caller) -> type[Exception] | None:
        try:
            refuse_giving(caller, words, held=held, given=given_)
        except (Escalation, SignInTooOld) as error:
            return type(error)
        return None

    old, fresh = outcome(come(timedelta(0))), outcome(come(None))
    assert fresh in (None, Escalation)
    assert old == (fresh or (SignInTooOld if given_ & guarded else None))


@given(asked=st.none() | st.integers(0, 10**9), seconds=st.integers(0, 10**9))
def test_a_request_that_manages_has_the_stricter_of_both_ages(
    asked: int | None, seconds: int
) -> None:
    most = of_lately(Particulars(max_age=asked), timedelta(seconds=seconds)).max_age
    assert most == min(age for age in (asked, seconds) if age is not None)
