"""The project's own files and their syntax trees, for the tests of its architecture."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "scopewright"
NOT_OURS = {"__pycache__", "node_modules", ".venv"}


def modules(*folders: str) -> list[Path]:
    """Every Python file under these folders of the package; of the whole package without any."""
    roots = [PACKAGE / folder for folder in folders] or [PACKAGE]
    return sorted(path for root in roots for path in root.rglob("*.py"))


def files(*folders: str) -> list[Path]:
    """Every file of these folders of the project that we write ourselves."""
    return sorted(
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not NOT_OURS & set(path.parts)
    )


def name_of(path: Path) -> str:
    """The file as the failing test's name shows it."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    """The module's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    """Every function and method of a module, nested ones too."""
    return (node for node in ast.walk(tree_of(path)) if isinstance(node, Function))
