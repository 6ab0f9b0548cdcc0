"""Errors carry facts and public words; causes stay inside."""

from __future__ import annotations

import inspect

import pytest

from scopewright.core import errors
from scopewright.core.errors import Forbidden, OAuthError, ScopewrightError, TooMany

CLASSES = [
    c for _, c in inspect.getmembers(errors, inspect.isclass) if c.__module__ == errors.__name__
]


@pytest.mark.parametrize("error", CLASSES, ids=lambda error: error.__name__)
def test_every_error_is_ours_and_explains_itself(error: type) -> None:
    assert issubclass(error, ScopewrightError)
    assert error.__doc__


def test_no_two_kinds_of_oauth_error_answer_the_same_word_but_for_the_redirect() -> None:
    leaves = [c for c in CLASSES if issubclass(c, OAuthError) and c is not errors.InvalidRedirect]
    assert len({c.code for c in leaves}) == len(leaves)
    assert not errors.InvalidRedirect.may_redirect
    assert [c for c in leaves if not c.may_redirect] == [errors.InvalidRequestUri]


def test_the_cause_is_not_in_the_public_words() -> None:
    refusal = Forbidden("Not you.", missing={"b", "a"}, cause="row 7")
    assert str(refusal) == refusal.detail == "Not you."
    assert refusal.facts == {"missing": ["a", "b"]}
    assert refusal.cause == "row 7"


def test_facts_are_only_what_there_is_to_say() -> None:
    assert Forbidden("Not you.").facts == {}
    assert TooMany("Later.", retry_after=7).facts == {"retry_after": 7}
