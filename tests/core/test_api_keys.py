"""What an API key may be when it is made."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core import api_keys
from scopewright.core.api_keys import WantedKey
from scopewright.core.catalogue import ScopeDefinition, Vocabulary
from scopewright.core.errors import Conflict, Escalation, Forbidden, Invalid
from scopewright.core.model import ApiKey, KeyPolicy, Principal, PrincipalKind
from scopewright.core.scopes import EVERYTHING, NONE, Requested, Scopes

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADA = Principal("ada", "here", PrincipalKind.MEMBER, "Ada", None, NOW)
WORDS = Vocabulary(
    scopes=(
        ScopeDefinition("a"),
        ScopeDefinition("b"),
        ScopeDefinition("mint", opens=frozenset({"own-api-keys:create"})),
        ScopeDefinition("mint:all", opens=frozenset({"api-keys:create"})),
    )
)
ANYTHING = KeyPolicy()
SCOPES = st.frozensets(st.sampled_from(("a", "b", "c", "mint")))
LIFETIMES = st.none() | st.integers(1, api_keys.LONGEST_LIFETIME)
EXPIRIES = st.none() | LIFETIMES.map(lambda s: None if s is None else NOW + timedelta(seconds=s))


def check(policy: KeyPolicy = ANYTHING, **wanted: Any) -> api_keys.KeyTerms:
    return api_keys.check_new(WantedKey(**wanted), words=WORDS, policy=policy)


def key(id: str = "key", **said: Any) -> ApiKey:
    return replace(api_keys.new_key(id, of=ADA, by=ADA, at=NOW), **said)


def refused(policy: KeyPolicy = ANYTHING, **wanted: Any) -> str:
    with pytest.raises(Invalid) as refusal:
        check(policy, **wanted)
    return str(refusal.value.facts["field"])


@pytest.mark.parametrize("scopes", [None, ["inherit"], ["inherit", "inherit"]])
def test_a_key_that_names_no_scope_inherits(scopes: list[str] | None) -> None:
    terms = check(scopes=scopes)
    assert terms == api_keys.KeyTerms(EVERYTHING, None, "", ())


def test_a_key_names_scopes_a_line_an_end_and_tags() -> None:
    terms = check(scopes=["b", "a"], expires_in=60, note=" for the pump ", tags=["x", "p:1", "x"])
    assert terms.requested == Requested(frozenset({"a", "b"}))
    assert (terms.lifetime, terms.note) == (timedelta(minutes=1), "for the pump")
    assert terms.tags == ("p:1", "x")


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["c"]}, "scopes"),
        ({"scopes": [""]}, "scopes"),
        ({"scopes": ["inherit", "a"]}, "scopes"),
        ({"expires_in": 0}, "expires_in"),
        ({"expires_in": -1}, "expires_in"),
        ({"expires_in": api_keys.LONGEST_LIFETIME + 1}, "expires_in"),
        ({"expires_in": 10**18}, "expires_in"),
        ({"note": "x" * 256}, "note"),
        ({"note": "x" * 100_000}, "note"),
        ({"note": "two\nlines"}, "note"),
        ({"note": "\x00"}, "note"),
        ({"note": "\ud800"}, "note"),
        ({"tags": ["x"]}, "tags"),
        ({"scopes": ["mint"], "tags": ["x"]}, "tags"),
        ({"scopes": ["a", "mint:all"], "tags": ["x"]}, "tags"),
        ({"scopes": ["a"], "tags": [""]}, "tags"),
        ({"scopes": ["a"], "tags": ["\x00"]}, "tags"),
        ({"scopes": ["a"], "tags": ["x" * 129]}, "tags"),
        ({"scopes": ["a"], "tags": ["x"] * 101}, "tags"),
    ],
)
def test_what_a_key_cannot_be_is_refused_by_name(wanted: dict[str, Any], field: str) -> None:
    assert refused(**wanted) == field


@pytest.mark.parametrize("note", ["", "x" * 255])
def test_a_note_may_be_empty_or_fill_the_line(note: str) -> None:
    assert check(note=note).note == note


def test_a_workspace_limits_how_long_keys_live_and_which_scopes_they_carry() -> None:
    policy = KeyPolicy(maximum_lifetime=60, scopes=("a",))
    assert check(policy).lifetime == timedelta(minutes=1)  # the latest end where none is named
    assert check(policy, scopes=["a"], expires_in=60).requested == Requested(frozenset({"a"}))
    assert refused(policy, expires_in=61) == "expires_in"
    assert refused(policy, scopes=["a", "b"]) == "scopes"


@given(lifetime=LIFETIMES, ends=st.lists(EXPIRIES, max_size=4), must=st.booleans())
def test_a_key_never_ends_after_a_key_by_which_it_was_made(
    lifetime: int | None, ends: list[datetime | None], must: bool
) -> None:
    chain = [key(expires_at=end) for end in ends]
    policy, span = KeyPolicy(must_expire=must), lifetime and timedelta(seconds=lifetime)
    known = [end for end in (*ends, span and NOW + span) if end is not None]
    if must and not known:
        with pytest.raises(Invalid, match="must expire"):
            api_keys.end_of(span, now=NOW, chain=chain, policy=policy)
    else:
        end = api_keys.end_of(span, now=NOW, chain=chain, policy=policy)
        assert end == min(known, default=None)


@given(held=SCOPES, wanted=SCOPES, counted=st.none() | SCOPES)
def test_nothing_goes_into_a_key_that_is_not_held(
    held: Scopes, wanted: Scopes, counted: Scopes | None
) -> None:
    missing = (wanted if counted is None else wanted & counted) - held
    if not missing:
        api_keys.refuse_beyond(held=held, given=wanted, counted=counted)
        return
    with pytest.raises(Escalation) as refusal:
        api_keys.refuse_beyond(held=held, given=wanted, counted=counted)
    assert refusal.value.missing == tuple(sorted(missing))
    assert all(name in refusal.value.detail for name in (*missing, *held))


def test_a_key_for_somebody_names_only_what_that_one_holds() -> None:
    holds = frozenset({"a"})
    api_keys.check_held(EVERYTHING, holds)
    api_keys.check_held(Requested(holds), holds)
    with pytest.raises(Forbidden) as refusal:
        api_keys.check_held(Requested(frozenset({"a", "b"})), holds)
    assert refusal.value.missing == ("b",)
    assert "holds a" in refusal.value.detail


def test_there_is_an_end_to_keys_and_to_keys_of_keys() -> None:
    api_keys.check_room(99, most=100)
    api_keys.check_child([key()] * (api_keys.DEEPEST_CHAIN - 1))
    with pytest.raises(Conflict):
        api_keys.check_room(100, most=100)
    with pytest.raises(Conflict):
        api_keys.check_child([key()] * api_keys.DEEPEST_CHAIN)


def test_with_a_key_only_that_one_and_its_children_are_rotated() -> None:
    chain = [key("child"), key("parent")]
    for presented in (None, "child", "parent"):
        api_keys.check_follows(chain, presented)
    with pytest.raises(Forbidden):
        api_keys.check_follows(chain, "sibling")


def test_what_follows_a_key_is_asked_to_be_the_same() -> None:
    for said in (
        {"requested": EVERYTHING},
        {
            "requested": Requested(frozenset({"b", "a"})),
            "expires_at": NOW + timedelta(days=1),
            "note": "x",
            "tags": ("p", "q"),
        },
    ):
        old = key(**said)
        terms = check(**vars_of(api_keys.same_again(old)))
        end = api_keys.end_of(terms.lifetime, now=NOW, chain=(), policy=ANYTHING)
        assert terms.put_into(key(expires_at=end)) == old


def vars_of(wanted: WantedKey) -> dict[str, Any]:
    return {
        "scopes": wanted.scopes,
        "expires_in": wanted.expires_in,
        "note": wanted.note,
        "tags": wanted.tags,
    }


@pytest.mark.parametrize(
    ("seconds", "fine"), [(0, True), (2_592_000, True), (-1, False), (2_592_001, False)]
)
def test_an_overlap_is_thirty_days_at_most(seconds: int, fine: bool) -> None:
    if fine:
        assert api_keys.check_overlap(seconds) == timedelta(seconds=seconds)
    else:
        with pytest.raises(Invalid):
            api_keys.check_overlap(seconds)


def test_a_new_key_gives_nothing_and_is_described_without_its_secret() -> None:
    made = key(secret_hash="canary", expires_at=NOW)
    assert made.requested == Requested(NONE)
    assert "canary" not in str(api_keys.described(made))
    assert api_keys.described(made)["expires_at"] == "2026-01-01T00:00:00+00:00"
    assert api_keys.scopes_of(replace(made, requested=EVERYTHING)) == ["inherit"]
