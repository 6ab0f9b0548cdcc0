"""One act of giving: guarded scopes must be held, plain ones need not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.delegation import escalation, refuse_escalation
from scopewright.core.errors import Escalation, Forbidden
from scopewright.core.scopes import Scopes

SCOPES = st.frozensets(st.sampled_from("abcd"))


@given(SCOPES, SCOPES, SCOPES)
def test_what_stands_against_giving_is_guarded_given_and_not_held(
    held: Scopes, gift: Scopes, guarded: Scopes
) -> None:
    expected = {s for s in "abcd" if s in gift and s in guarded and s not in held}
    assert escalation(held=held, given=gift, guarded=guarded) == expected


def test_a_plain_scope_may_be_given_by_whoever_may_give() -> None:
    refuse_escalation(
        held=frozenset(), given=frozenset({"sensor:read"}), guarded=frozenset({"iotman:x"})
    )


@given(SCOPES, SCOPES, SCOPES)
def test_giving_is_refused_exactly_when_something_stands_against_it(
    held: Scopes, gift: Scopes, guarded: Scopes
) -> None:
    missing = escalation(held=held, given=gift, guarded=guarded)
    try:
        refuse_escalation(held=held, given=gift, guarded=guarded)
    except Escalation as refusal:
        refused = frozenset(refusal.missing)
    else:
        refused = frozenset()
    assert refused == missing


def test_the_refusal_names_every_scope_that_is_missing_and_no_other() -> None:
    with pytest.raises(Escalation) as refusal:
        refuse_escalation(held=frozenset({"c"}), given=frozenset("abcd"), guarded=frozenset("bca"))
    assert refusal.value.missing == ("a", "b")
    assert refusal.value.facts == {"missing": ["a", "b"]}
    assert refusal.value.detail == "You do not hold a b yourself."
    assert isinstance(refusal.value, Forbidden)
