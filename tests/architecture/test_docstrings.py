"""What others import says what it is for."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.tree import Function, modules, name_of, tree_of


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_says_in_its_first_line_what_it_is_about(path: Path) -> None:
    docstring = ast.get_docstring(tree_of(path))
    assert docstring
    assert docstring.splitlines()[0].strip()


@pytest.mark.parametrize("path", modules("core", "guard"), ids=name_of)
def test_every_public_function_and_class_of_core_and_guard_has_a_docstring(path: Path) -> None:
    public = (
        node
        for node in tree_of(path).body
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_")
    )
    assert [node.name for node in public if not ast.get_docstring(node)] == []
