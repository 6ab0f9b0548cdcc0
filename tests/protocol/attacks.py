"""Lists of attacks: each with the file and the name of every test that shows it fail."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
Attacks = dict[str, list[tuple[str, str]]]


def missing(attacks: Attacks) -> list[tuple[str, str]]:
    """Those of the listed tests that do not exist."""
    listed = {test for shown in attacks.values() for test in shown}
    return sorted((file, name) for file, name in listed if name not in _tests_of(file))


@cache
def _tests_of(file: str) -> frozenset[str]:
    """The names of the tests in a file, none where there is no such file."""
    path = TESTS / file
    tree = ast.parse(path.read_text(encoding="utf-8") if path.is_file() else "")
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )
