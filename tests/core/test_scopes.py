"""What a bearer asks for and what it gets: the laws of `Requested`, and how it is spelled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.errors import InvalidScope
from scopewright.core.names import PROTOCOL_WORDS
from scopewright.core.scopes import (
    EVERYTHING,
    LONGEST_SCOPE,
    NONE,
    Requested,
    Scopes,
    parse,
    remembered,
    spell,
)

WORDS = ("a", "b", "c", "d", "e")
SCOPES = st.frozensets(st.sampled_from(WORDS))
PROTOCOL = st.frozensets(st.sampled_from(sorted(PROTOCOL_WORDS)))
REQUESTED = st.builds(Requested, st.none() | SCOPES, PROTOCOL)


@given(REQUESTED, SCOPES)
def test_nobody_gets_more_than_is_held(requested: Requested, held: Scopes) -> None:
    assert requested.within(held) <= held


@given(REQUESTED, SCOPES, SCOPES)
def test_more_held_never_gives_less(requested: Requested, held: Scopes, more: Scopes) -> None:
    assert requested.within(held) <= requested.within(held | more)


@given(SCOPES, SCOPES)
def test_what_is_given_and_what_is_not_partition_the_names(names: Scopes, held: Scopes) -> None:
    requested = Requested(names)
    given_, refused = requested.within(held), requested.beyond(held)
    assert given_ | refused == names
    assert given_ & refused == NONE


@given(PROTOCOL, SCOPES)
def test_everything_is_all_that_is_held_and_never_beyond(protocol: Scopes, held: Scopes) -> None:
    assert Requested(None, protocol).within(held) == held
    assert Requested(None, protocol).beyond(held) == NONE


@given(REQUESTED, SCOPES)
def test_deciding_twice_changes_nothing(requested: Requested, held: Scopes) -> None:
    once = requested.within(held)
    assert requested.within(once) == once


@given(REQUESTED, REQUESTED, SCOPES)
def test_narrowing_composes_in_either_order(a: Requested, b: Requested, held: Scopes) -> None:
    assert a.narrowed_to(b).within(held) == b.within(a.within(held))
    assert a.narrowed_to(b).within(held) == b.narrowed_to(a).within(held)


@given(REQUESTED, REQUESTED)
def test_narrowing_keeps_the_protocol_words_of_the_one_who_asks(a: Requested, b: Requested) -> None:
    assert a.narrowed_to(b).protocol == a.protocol


@given(REQUESTED)
def test_what_is_spelled_for_storage_is_remembered_equal(requested: Requested) -> None:
    assert remembered(requested.spelled()) == requested


def test_asking_for_nothing_and_for_everything_are_remembered_apart() -> None:
    assert remembered(Requested(NONE).spelled()) == Requested(NONE)
    assert remembered(EVERYTHING.spelled()) == EVERYTHING
    assert Requested(NONE).within(frozenset({"a"})) == NONE


@pytest.mark.parametrize("parameter", [None, "", " ", "   "])
def test_a_missing_or_empty_scope_parameter_asks_for_everything(parameter: str | None) -> None:
    assert parse(parameter) == EVERYTHING


def test_protocol_words_alone_ask_for_everything_held() -> None:
    parsed = parse("openid offline_access")
    assert parsed == Requested(None, frozenset({"openid", "offline_access"}))


def test_protocol_words_are_kept_apart_from_the_scopes_that_are_named() -> None:
    assert parse("openid sensor:read") == Requested(
        frozenset({"sensor:read"}), frozenset({"openid"})
    )


def test_a_scope_named_twice_is_asked_for_once_and_spaces_do_not_count() -> None:
    assert parse(" b:x  a:y b:x ") == Requested(frozenset({"a:y", "b:x"}))


def test_names_differ_by_case_and_a_capital_openid_is_no_protocol_word() -> None:
    assert parse("OpenID iot.timUser").names == frozenset({"OpenID", "iot.timUser"})


@pytest.mark.parametrize("parameter", ["a\tb", "a\nb", "*", "a *", 'a"b', "a\\b", "ä", "a/b", ":a"])
def test_a_word_that_is_no_scope_name_is_invalid_scope(parameter: str) -> None:
    with pytest.raises(InvalidScope):
        parse(parameter)


def test_more_scopes_than_a_request_may_hold_are_refused_before_they_are_kept() -> None:
    longest = " ".join(f"s{number:07}" for number in range(LONGEST_SCOPE // 9)) + " s"
    assert len(longest) <= LONGEST_SCOPE < len(longest) + 9
    kept = parse.cache_info().currsize
    for number in range(3):
        with pytest.raises(InvalidScope, match="at most"):
            parse(f"{longest} more:{number}")
    assert parse.cache_info().currsize == kept
    assert len(parse(longest).names or ()) == LONGEST_SCOPE // 9 + 1


@given(SCOPES)
def test_scopes_are_spelled_sorted_and_once(scopes: Scopes) -> None:
    assert spell(scopes).split() == sorted(scopes)
