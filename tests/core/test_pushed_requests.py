"""What is kept of a pushed request, and under which name (RFC 9126)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.errors import InvalidRequest, RequestUriNotSupported
from scopewright.core.oauth import hash_secret
from scopewright.core.pushed_requests import PREFIX, pushed_id, to_push
from tests.core.nouns import a_client

NAMES = ["scope", "state", "resource", "client_id", "client_secret", "client_assertion"]
pairs = st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=3)))


@given(pairs)
def test_all_is_kept_but_what_proved_the_client(sent: list[tuple[str, str]]) -> None:
    kept = list(to_push(a_client(), sent).parameters)
    asked = [pair for pair in sent if pair[0] not in ("client_secret", "client_assertion")]
    named = any(name == "client_id" for name, _ in sent)
    assert kept == asked + ([] if named else [("client_id", "client")])


def test_a_name_cannot_be_pushed() -> None:
    for value in (PREFIX, "https://app.example", ""):
        with pytest.raises(InvalidRequest):
            to_push(a_client(), [("request_uri", value)])


def test_the_id_is_a_hash_of_what_the_name_ends_with() -> None:
    assert pushed_id(PREFIX + "swp_secret") == hash_secret("swp_secret")


@pytest.mark.parametrize(
    "elsewhere", ["", "https://app.example/r", PREFIX.upper() + "x", " " + PREFIX, "urn:x"]
)
def test_a_name_that_we_did_not_give_is_not_looked_for(elsewhere: str) -> None:
    with pytest.raises(RequestUriNotSupported):
        pushed_id(elsewhere)
