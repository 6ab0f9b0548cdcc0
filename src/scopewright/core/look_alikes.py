"""Names that are easily mistaken for one another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise

_SEPARATOR = re.compile(r"([.:])")


def look_alikes(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs that differ by letter case, by `:` for `.`, or by two neighbouring letters in turn.

    Names are compared part by part, each with those behind the same beginning: of `prl.jm.e` and
    `plr.amm.c` it is `plr` and `prl` that look alike.
    """
    for beginnings in _by_what_stands_before(names).values():
        for word, alike in beginnings.items():
            yield from pairwise(sorted(alike))
            for turned in _turned(word):
                if word < turned and turned in beginnings:
                    yield min(alike), min(beginnings[turned])


def _by_what_stands_before(names: Iterable[str]) -> dict[str, dict[str, set[str]]]:
    """`{before: {last part in lower case: beginnings that end so}}` for every name's beginnings."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for name in sorted(names):
        parts = _SEPARATOR.split(name)  # words at even places, separators between them
        for end in range(1, len(parts) + 1, 2):
            before, word = "".join(parts[: end - 2]) if end > 1 else "", parts[end - 1]
            found[before][word.casefold()].add("".join(parts[:end]))
    return found


def _turned(word: str) -> Iterator[str]:
    """The word with one pair of neighbouring letters in turn."""
    for at, (one, other) in enumerate(pairwise(word)):
        if one.isalpha() and other.isalpha() and one != other:
            yield f"{word[:at]}{other}{one}{word[at + 2 :]}"
