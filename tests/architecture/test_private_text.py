"""No file names a machine, a place outside the project, or a host that packages come from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.tree import files, name_of

# The brackets keep these lines from finding themselves.
PRIVATE = re.compile(
    rb"/[w]ork/|/[r]oot/|\.\./[s]hared|/[o]pt/wheels"
    rb"|[p]ypi\.org|[p]ythonhosted\.org|[r]egistry\.npmjs|[d]eb\.debian\.org"
)


@pytest.mark.parametrize("path", files("src", "tests", "docs", "examples"), ids=name_of)
def test_a_file_is_true_on_every_machine(path: Path) -> None:
    assert PRIVATE.findall(path.read_bytes()) == []


@pytest.mark.parametrize("words", [b"/wor" + b"k/x", b"../shar" + b"ed/x", b"pyp" + b"i.org"])
def test_the_search_finds_what_it_looks_for(words: bytes) -> None:
    assert PRIVATE.search(b"see " + words)
