"""Names that are easily mistaken for one another, against a slow look at every pair."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.look_alikes import look_alikes

WORDS = st.text("abA1", min_size=1, max_size=3)


@pytest.mark.parametrize(
    ("names", "pair"),
    [
        (["a.read", "a.Read"], ("a.Read", "a.read")),
        (["a.read", "a:read"], ("a.read", "a:read")),
        (["prl.jm.e", "plr.amm.c"], ("plr", "prl")),
        (["x.ab.c", "x.ba.d"], ("x.ab", "x.ba")),
        (["iot.timUser", "iot.timuser"], ("iot.timUser", "iot.timuser")),
    ],
)
def test_pairs_that_look_alike(names: list[str], pair: tuple[str, str]) -> None:
    assert list(look_alikes(names)) == [pair]


@pytest.mark.parametrize(
    "names",
    [
        ["a.read", "a.write"],
        ["x.ab", "y.ba"],  # behind different beginnings
        ["floor12", "floor21"],  # numbers are counted, not misspelt
        ["abc", "cab"],
        ["a.read", "a.read"],
        ["a", "a.b", "a.b.c"],
        ["dinv.r", "sinv.r"],
        [],
    ],
)
def test_pairs_that_do_not(names: list[str]) -> None:
    assert list(look_alikes(names)) == []


def alike(one: str, other: str) -> bool:
    """Whether two words differ by case, or by two neighbouring letters in turn."""
    one, other = one.lower(), other.lower()
    if one == other:
        return True
    if len(one) != len(other):
        return False
    at = [i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    turned = len(at) == 2 and at[1] == at[0] + 1
    return turned and one[at[0]] == other[at[1]] and one[at[1]] == other[at[0]]


@given(st.sets(WORDS, max_size=6))
def test_among_words_it_finds_exactly_the_classes_that_a_look_at_every_pair_finds(
    words: set[str],
) -> None:
    words = {word for word in words if word.isalpha()}
    found = list(look_alikes(words))
    assert all(alike(one, other) and {one, other} <= words for one, other in found)
    for one in words:
        for other in words - {one}:
            if alike(one, other):
                assert connected(one.lower(), other.lower(), found)


def connected(one: str, other: str, pairs: list[tuple[str, str]]) -> bool:
    """Whether some pair says so, by whatever spelling of the two."""
    return any({a.lower(), b.lower()} == {one, other} for a, b in pairs)
