"""Exchanging a token never gains anything: scopes, time, audience, or a shorter chain."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.errors import InvalidRequest, InvalidScope, InvalidTarget
from scopewright.core.particulars import Confirmation
from scopewright.core.resources import Audiences
from scopewright.core.scopes import EVERYTHING, Requested, Scopes
from scopewright.core.token_exchange import (
    DEEPEST_CHAIN,
    Act,
    Actor,
    Asked,
    Exchanged,
    Subject,
    depth,
    exchange,
)
from tests.core.nouns import NOW

SENSORS, BILLING, MANAGEMENT = "https://sensors.example", "https://billing.example", "https://m"
AUDIENCES = Audiences(
    "workspace",
    MANAGEMENT,
    {
        SENSORS: frozenset("ab"),
        BILLING: frozenset("bc"),
        MANAGEMENT: frozenset("d"),
    },
)
SUBJECT = Subject("ada", Requested(frozenset("abc")), ("workspace",), NOW + timedelta(hours=1))
ACTOR = Actor("service")
EVERYTHING_ASKED = Asked(EVERYTHING, ())

WORDS = st.frozensets(st.sampled_from(["a", "b", "c", "d", "openid", "email"]))
TARGETS = st.lists(st.sampled_from(["workspace", SENSORS, BILLING, MANAGEMENT]), unique=True).map(
    tuple
)
TIMES = st.integers(1, 7200).map(lambda seconds: NOW + timedelta(seconds=seconds))


def chain(length: int) -> Act | None:
    act: Act | None = None
    for number in range(length):
        act = {"sub": f"actor {number}"} | ({} if act is None else {"act": act})
    return act


SUBJECTS = st.builds(
    Subject,
    principal_id=st.just("ada"),
    ceiling=st.builds(Requested, WORDS),
    audience=TARGETS.filter(bool),
    expires_at=TIMES,
    act=st.integers(0, DEEPEST_CHAIN).map(chain),
    cnf=st.sampled_from([None, {"jkt": "one"}, {"x5t#S256": "two"}, {"new": "three"}]),
)
ACTORS = st.builds(Actor, st.just("service"), st.none() | TIMES)
ASKED = st.builds(
    Asked,
    st.just(EVERYTHING) | st.builds(Requested, WORDS),
    TARGETS,
    st.sampled_from([None, Confirmation(jkt="one"), Confirmation(x5t_s256="two")]),
)


def attempted(subject: Subject, actor: Actor, asked: Asked) -> Exchanged | None:
    try:
        return exchange(subject, actor, asked, AUDIENCES)
    except (InvalidRequest, InvalidScope, InvalidTarget):
        return None


@given(SUBJECTS, ACTORS, ASKED, WORDS)
def test_the_new_token_carries_only_what_the_subject_token_does_and_is_held(
    subject: Subject, actor: Actor, asked: Asked, held: Scopes
) -> None:
    new = attempted(subject, actor, asked)
    if new is not None:
        assert subject.ceiling.names is not None
        assert new.requested.within(held) <= subject.ceiling.names & held
        assert new.requested.within(held) <= asked.requested.within(held)
        assert not new.requested.protocol


@given(SUBJECTS, ACTORS, ASKED)
def test_the_new_token_outlives_neither_the_subjects_nor_the_actors(
    subject: Subject, actor: Actor, asked: Asked
) -> None:
    new = attempted(subject, actor, asked)
    if new is not None:
        assert new.not_after <= subject.expires_at
        assert actor.expires_at is None or new.not_after <= actor.expires_at


@given(SUBJECTS, ACTORS, ASKED)
def test_the_chain_grows_by_exactly_one_and_keeps_who_was_before(
    subject: Subject, actor: Actor, asked: Asked
) -> None:
    new = attempted(subject, actor, asked)
    if new is not None:
        assert depth(new.act) == depth(subject.act) + 1 <= DEEPEST_CHAIN
        assert new.act["sub"] == actor.principal_id
        assert new.act.get("act") == subject.act


@given(SUBJECTS, ACTORS, ASKED)
def test_nobody_gains_the_workspace_itself_as_audience(
    subject: Subject, actor: Actor, asked: Asked
) -> None:
    new = attempted(subject, actor, asked)
    if new is not None:
        own = {"workspace", MANAGEMENT}
        assert own & set(new.resources) <= own & set(subject.audience)
        assert new.resources == (asked.resources or subject.audience)


@given(SUBJECTS, ACTORS, ASKED)
def test_a_bound_token_stays_with_its_key(subject: Subject, actor: Actor, asked: Asked) -> None:
    new = attempted(subject, actor, asked)
    if new is not None and subject.cnf is not None:
        assert asked.confirmation is not None
        assert asked.confirmation.claim() == subject.cnf


def test_a_plain_exchange_changes_nothing_but_who_acts() -> None:
    assert exchange(SUBJECT, ACTOR, EVERYTHING_ASKED, AUDIENCES) == Exchanged(
        requested=Requested(frozenset("abc")),
        resources=("workspace",),
        not_after=SUBJECT.expires_at,
        act={"sub": "service"},
    )


def test_a_subject_without_a_ceiling_may_have_all_that_is_held() -> None:
    whole = replace(SUBJECT, ceiling=EVERYTHING)
    assert exchange(whole, ACTOR, EVERYTHING_ASKED, AUDIENCES).requested == EVERYTHING
    named = Asked(Requested(frozenset("d")), ())
    assert exchange(whole, ACTOR, named, AUDIENCES).requested == Requested(frozenset("d"))


@pytest.mark.parametrize(
    "requested",
    [
        Requested(frozenset("d")),
        Requested(frozenset("ad")),
        Requested(None, frozenset({"openid"})),
        Requested(frozenset("a"), frozenset({"openid"})),
    ],
)
def test_a_scope_that_the_subject_token_does_not_carry_is_refused(requested: Requested) -> None:
    with pytest.raises(InvalidScope):
        exchange(SUBJECT, ACTOR, Asked(requested, ()), AUDIENCES)


@pytest.mark.parametrize(
    ("audience", "named", "good"),
    [
        (("workspace",), (SENSORS,), True),
        ((SENSORS,), (BILLING,), True),
        ((SENSORS,), ("workspace",), False),
        ((SENSORS,), (MANAGEMENT,), False),
        (("workspace",), (MANAGEMENT,), False),
        ((SENSORS,), (SENSORS, "workspace"), False),
        ((MANAGEMENT,), (MANAGEMENT,), True),
        ((MANAGEMENT,), (SENSORS,), False),
        ((SENSORS, "workspace"), ("workspace",), True),
    ],
)
def test_one_service_may_hand_on_to_the_next_but_not_to_the_workspace(
    audience: tuple[str, ...], named: tuple[str, ...], good: bool
) -> None:
    subject, asked = replace(SUBJECT, audience=audience), Asked(EVERYTHING, named)
    if good:
        assert exchange(subject, ACTOR, asked, AUDIENCES).resources == named
    else:
        with pytest.raises(InvalidTarget):
            exchange(subject, ACTOR, asked, AUDIENCES)


@pytest.mark.parametrize("may_act", [{"sub": "other"}, {}, "service", ["service"], {"sub": None}])
def test_who_may_act_is_heeded(may_act: Any) -> None:
    with pytest.raises(InvalidRequest):
        exchange(replace(SUBJECT, may_act=may_act), ACTOR, EVERYTHING_ASKED, AUDIENCES)
    named = replace(SUBJECT, may_act={"sub": "service"})
    assert exchange(named, ACTOR, EVERYTHING_ASKED, AUDIENCES).act == {"sub": "service"}


@pytest.mark.parametrize(
    ("cnf", "shown", "good"),
    [
        ({"jkt": "one"}, Confirmation(jkt="one"), True),
        ({"jkt": "one"}, Confirmation(jkt="two"), False),
        ({"jkt": "one"}, Confirmation(x5t_s256="one"), False),
        ({"jkt": "one"}, None, False),
        ({"x5t#S256": "one"}, Confirmation(x5t_s256="one"), True),
        ({"x5t#S256": "one"}, None, False),
        ({}, None, False),
        ("one", Confirmation(jkt="one"), False),
        (None, Confirmation(jkt="one"), True),
        (None, None, True),
    ],
)
def test_a_binding_is_kept_or_added_and_never_lost(
    cnf: Any, shown: Confirmation | None, good: bool
) -> None:
    subject, asked = replace(SUBJECT, cnf=cnf), Asked(EVERYTHING, (), shown)
    assert (attempted(subject, ACTOR, asked) is not None) is good
