"""What an act comes to, said before it is done: every number that can be told has a sentence."""

from __future__ import annotations

from scopewright.console.consequences import told_of
from scopewright.languages import language_of
from scopewright.store.tallies import GONE, KINDS, TABLES

ENGLISH = language_of("en")


def test_everything_that_can_go_is_told_of_one_and_of_many() -> None:
    nouns = {"datapoints", *TABLES, *KINDS.values()}
    for noun in nouns:
        verb = GONE.get(noun, "removed")
        [one] = told_of({noun: {verb: 1}}, ENGLISH)
        [many] = told_of({noun: {verb: 1234}}, ENGLISH)
        assert "1,234" in many
        assert one != many


def test_what_is_added_is_no_consequence_to_be_warned_of() -> None:
    assert told_of({"scopes": {"added": 3}}, ENGLISH) == []


def test_the_gravest_stands_first() -> None:
    told = told_of({"scopes": {"removed": 1}, "sessions": {"ended": 2}}, ENGLISH)
    assert told == ["2 sessions end at once.", "One scope is deleted."]
