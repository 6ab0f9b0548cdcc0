"""What a token from elsewhere is worth here: never more than is held, and nothing when in doubt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core import outside_tokens
from scopewright.core.errors import InvalidToken
from scopewright.core.outside_tokens import Expected, OutsideToken, accepted, translated
from scopewright.core.scopes import Requested, Scopes
from scopewright.core.wholes import Wholes

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
EXPECTED = Expected("https://idp.example", "us")
WORDS = st.sampled_from(("a", "b", "c", "whole", "inherit", "*", "openid", "x:y", ""))
SCOPES = st.frozensets(st.sampled_from(("a", "b", "c", "whole", "inherit", "x:y")))
TRANSLATIONS = st.none() | st.dictionaries(WORDS, SCOPES)
SAID = (
    st.none()
    | st.lists(WORDS).map(" ".join)
    | st.lists(WORDS)
    | st.just({"scope": "a"})
    | st.just(["a", 5])
    | st.just(True)
)


def claims(**said: Any) -> dict[str, Any]:
    """Those of a good token; one of None is left out."""
    good = {"iss": "https://idp.example", "sub": "u-1", "aud": "us", "exp": SECONDS + 60,
            "iat": SECONDS, "scope": "a b"} | said  # fmt: skip
    return {name: value for name, value in good.items() if value is not None}


def read(type: object = "at+jwt", expected: Expected = EXPECTED, **said: Any) -> OutsideToken:
    return accepted(claims(**said), expected, type=type, now=NOW)


@given(scope=SAID, scp=SAID, translation=TRANSLATIONS, held=SCOPES)
def test_it_gives_what_its_scopes_and_what_is_held_have_in_common_and_never_more(
    scope: Any, scp: Any, translation: dict[str, Scopes] | None, held: Scopes
) -> None:
    expected = Expected("https://idp.example", "us", translation)
    try:
        token = read(expected=expected, scope=scope, scp=scp)
    except InvalidToken:
        return
    gives = outside_tokens.given(token, held=held)
    assert gives <= held
    value = scope if scope is not None else scp
    words = set(value.split(" ") if isinstance(value, str) else value or []) - {""}
    if translation is None:
        assert gives == held & words
    else:
        assert gives == held & {ours for word in words for ours in translation.get(word, ())}


@given(scope=st.sampled_from((None, "", " ", [], "inherit", "*", "openid")), held=SCOPES)
def test_whoever_names_nothing_that_is_held_gets_nothing(scope: Any, held: Scopes) -> None:
    token = read(scope=scope)
    assert outside_tokens.given(token, held=held - {"inherit"}) == frozenset()
    assert token.requested.names is not None


def test_scope_wins_over_scp() -> None:
    assert read(scope="a", scp="b").requested == Requested(frozenset("a"))
    assert read(scope=None, scp=["b"]).requested == Requested(frozenset("b"))
    assert read(scope="", scp="b").requested == Requested(frozenset())


def test_whoever_names_a_whole_means_its_parts_that_are_held() -> None:
    wholes = Wholes({"whole": frozenset(("a", "b"))})
    token = read(scope="whole")
    assert outside_tokens.given(token, held=frozenset(("a", "c")), wholes=wholes) == {"a"}


def test_with_a_translation_a_word_without_one_means_nothing() -> None:
    table = {"Data.Read": frozenset(("a", "b"))}
    assert translated(frozenset(("Data.Read", "c")), table) == {"a", "b"}
    assert translated(frozenset("c"), {}) == frozenset()


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ({"iss": "https://idp.example/"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "others"}, "aud"),
        ({"aud": ["others"]}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": {"us": 1}}, "aud"),
        ({"exp": SECONDS}, "exp"),
        ({"exp": None}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": 10**18}, "exp"),
        ({"exp": str(SECONDS + 60)}, "exp"),
        ({"iat": SECONDS + 61}, "iat"),
        ({"iat": "now"}, "iat"),
        ({"iat": None}, "iat"),
        ({"nbf": SECONDS + 61}, "nbf"),
        ({"nbf": False}, "nbf"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": "x" * 256}, "sub"),
        ({"sub": "a\0b"}, "sub"),
        ({"sub": "\ud800"}, "sub"),
        ({"sub": 5}, "sub"),
        ({"scope": 5}, "scope"),
        ({"scope": None, "scp": {"a": 1}}, "scp"),
        ({"cnf": {"jkt": "x"}}, "bound"),
        ({"cnf": None, "cnf ": 1, "aud": []}, "aud"),
    ],
    ids=str,
)
def test_a_token_for_anything_else_is_refused_and_only_the_log_is_told_why(
    said: dict[str, Any], cause: str
) -> None:
    with pytest.raises(InvalidToken) as refused:
        read(**said)
    assert cause in refused.value.cause
    assert cause not in refused.value.detail


@pytest.mark.parametrize("type", [None, "JWT"])
@pytest.mark.parametrize(
    "said",
    [{"scope": None}, {"nonce": "n"}, {"at_hash": "h"}, {"c_hash": "h"}, {"events": {}},
     {"typ": "ID"}, {"typ": "Refresh"}],
    ids=str,
)  # fmt: skip
def test_what_may_be_an_id_token_is_no_access_token(type: object, said: dict[str, Any]) -> None:
    assert read(type=type).subject == "u-1"
    assert read(type=type, typ="Bearer").subject == "u-1"
    with pytest.raises(InvalidToken):
        read(type=type, **said)


def test_clocks_may_differ_by_a_minute_but_not_about_the_end() -> None:
    early = read(iat=SECONDS + 60, nbf=SECONDS + 60, exp=SECONDS + 1)
    assert early.issued_at == NOW + timedelta(seconds=60)
    assert early.expires_at == NOW + timedelta(seconds=1)
