"""What the nouns say of themselves: whether they are live, confidential, inheriting."""

from __future__ import annotations

import dataclasses
import inspect
from datetime import timedelta

import pytest

from scopewright.core import model
from scopewright.core.model import ApiKey, ClientSecret, ClientType
from scopewright.core.scopes import EVERYTHING, NONE, Requested
from tests.core.nouns import MOMENT, NOW, a_client, a_session

LATER = NOW + timedelta(days=1)
NOUNS = [
    noun
    for _, noun in inspect.getmembers(model, inspect.isclass)
    if noun.__module__ == model.__name__ and dataclasses.is_dataclass(noun)
]


def a_key(**said: object) -> ApiKey:
    key = ApiKey("key", "ada", "workspace", "hash", EVERYTHING, "", "ada", NOW)
    return dataclasses.replace(key, **said)  # type: ignore[arg-type]


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.__name__)
def test_every_noun_is_immutable_and_has_no_room_for_what_it_does_not_name(noun: type) -> None:
    assert noun.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "__slots__" in vars(noun)


def test_a_key_lives_until_it_expires_or_is_revoked() -> None:
    assert a_key().is_live(LATER)
    assert a_key(expires_at=LATER).is_live(LATER - MOMENT)
    assert not a_key(expires_at=LATER).is_live(LATER)
    assert not a_key(revoked_at=NOW).is_live(NOW)


def test_only_a_key_that_asks_for_everything_inherits() -> None:
    assert a_key().inherits
    assert not a_key(requested=Requested(NONE)).inherits
    assert not a_key(requested=Requested(frozenset({"a"}))).inherits


def test_a_session_is_active_until_it_ends_or_expires() -> None:
    session = a_session(expires_at=LATER)
    assert session.is_active(LATER - MOMENT)
    assert not session.is_active(LATER)
    assert not dataclasses.replace(session, ended_at=NOW).is_active(NOW)


def test_a_secret_without_an_end_lives_on() -> None:
    assert ClientSecret("hash", NOW).is_live(LATER)
    assert ClientSecret("hash", NOW, LATER).is_live(LATER - MOMENT)
    assert not ClientSecret("hash", NOW, LATER).is_live(LATER)


def test_a_client_is_confidential_exactly_when_its_type_has_a_secret() -> None:
    confidential = {type for type in ClientType if a_client(type).is_confidential}
    assert confidential == {ClientType.AUTHORIZATION_CODE, ClientType.CLIENT_CREDENTIALS}
