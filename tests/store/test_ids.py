"""Identifiers sort as they were made: lists in their order show the oldest first."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID

import pytest

from scopewright.ids import first_id, is_id, least_id, new_id, new_uuid


def new_session_id() -> str:
    return new_id("ses")


@pytest.mark.parametrize("make", [new_session_id, new_uuid])
@pytest.mark.parametrize("nanoseconds", [0, 1_000, 499_999_000, 999_999_000])
def test_what_is_made_a_microsecond_later_sorts_after(
    make: Callable[[], str], nanoseconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_767_268_800 * 10**9 + nanoseconds
    made = []
    for later in range(0, 10_000, 1_000):
        monkeypatch.setattr(time, "time_ns", lambda: now + later)  # noqa: B023 - called at once
        made.append(make())
    assert made == sorted(set(made))


def test_an_identifier_says_what_it_is_of_and_when_it_was_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    milliseconds = 1_767_268_800_123
    monkeypatch.setattr(time, "time_ns", lambda: milliseconds * 10**6 + 999_999)
    made = new_id("ses")
    assert is_id(made, kind="ses")
    assert first_id("ses", milliseconds) < made < first_id("ses", milliseconds + 1)
    assert least_id(made, sooner=5) == first_id("ses", milliseconds - 5)
    uuid = UUID(new_uuid())
    assert (uuid.version, uuid.variant, uuid.int >> 80) == (
        7,
        "specified in RFC 4122",
        milliseconds,
    )
