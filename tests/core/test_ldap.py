"""Names in filters and in distinguished names: as LDAP's own rules read them back."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from ldap3.utils.dn import parse_dn

from scopewright.core.ldap import filled, in_dn, in_filter, places

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
NASTY = st.text(st.sampled_from(list('*()\\\0,+"<>;=# aé{}')), min_size=1, max_size=12)


@given(TEXTS | NASTY)
def test_in_a_filter_nothing_but_octets_is_special_and_all_come_back(value: str) -> None:
    escaped = in_filter(value)
    assert not set(escaped) & set("*()\0")
    octets = re.sub(rb"\\([0-9a-f]{2})", lambda m: bytes.fromhex(m[1].decode()), escaped.encode())
    assert octets.decode() == value


@given(NASTY | TEXTS)
def test_in_a_distinguished_name_a_value_stays_one_value(value: str) -> None:
    parsed = parse_dn(f"uid={in_dn(value)},dc=org", escape=False)
    assert [name for name, _, _ in parsed] == ["uid", "dc"]


@given(NASTY)
def test_what_a_value_says_is_no_place_again(value: str) -> None:
    text = filled("({login_attr}={login})", {"login_attr": "uid", "login": value}, in_filter)
    assert text == f"(uid={in_filter(value)})"
    assert filled("uid={username}", {"username": "{username}"}, in_dn) == "uid={username}"


def test_the_places_of_a_template_are_told() -> None:
    assert places("({login_attr}={login})") == {"login_attr", "login"}
    assert places("uid=x") == frozenset()
