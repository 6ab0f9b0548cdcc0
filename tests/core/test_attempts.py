"""Tries of passwords: slowed for everybody, and nobody locked out by others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.attempts import (
    FIRST_TRIES,
    Bounds,
    Tried,
    is_name,
    is_password,
    is_too_often,
    source_of,
)

COUNTS = st.integers(1, 300)
BOUNDS = Bounds(source=100, name=100, both=10)


@given(COUNTS, COUNTS)
def test_an_address_of_ones_own_always_has_its_first_tries(source: int, name: int) -> None:
    own = min(source, FIRST_TRIES)
    assert not is_too_often(Tried(source=own, name=name, both=own), BOUNDS)


@given(COUNTS, COUNTS, COUNTS)
def test_more_tries_are_never_let_through_where_fewer_are_not(a: int, b: int, c: int) -> None:
    if is_too_often(Tried(a, b, c), BOUNDS):
        assert is_too_often(Tried(a + 1, b, c), BOUNDS)
        assert is_too_often(Tried(a, b + 1, c), BOUNDS)
        assert is_too_often(Tried(a, b, c + 1), BOUNDS)


@pytest.mark.parametrize(
    ("tried", "refused"),
    [
        (Tried(100, 100, 10), False),
        (Tried(101, 1, 1), True),
        (Tried(11, 11, 11), True),
        (Tried(4, 101, 4), True),
        (Tried(4, 100, 4), False),
    ],
)
def test_the_bounds_are_what_they_say(tried: Tried, refused: bool) -> None:
    assert is_too_often(tried, BOUNDS) is refused


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        (None, "unknown"),
        ("proxy", "unknown"),
    ],
)
def test_an_ipv6_address_counts_as_its_network(address: str | None, counts_as: str) -> None:
    assert source_of(address) == counts_as


@pytest.mark.parametrize("name", ["", " ann", "ann ", "a\0", "a\nb", "x" * 256, "\u200b"])
def test_what_is_no_name_is_not_asked_for(name: str) -> None:
    assert not is_name(name)


@pytest.mark.parametrize("password", ["", "a\0b", "x" * 1025])
def test_what_is_no_password_is_not_tried(password: str) -> None:
    assert not is_password(password)
