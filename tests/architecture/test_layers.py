"""The import contracts hold, and every table has a module that remembers with it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys

import pytest

from tests.architecture.tree import PACKAGE, ROOT, modules, tree_of

SCHEMA = PACKAGE / "store" / "schema.py"


def test_every_import_contract_holds() -> None:
    command = (
        "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_logo=True))"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1"}
    linted = subprocess.run(
        [sys.executable, "-c", command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


def tables() -> list[str]:
    """The names by which the tables of the schema are imported."""
    return [
        statement.targets[0].id
        for statement in tree_of(SCHEMA).body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Name)
        and statement.value.func.id == "Table"
        and isinstance(statement.targets[0], ast.Name)
    ]


def tables_that_are_used() -> set[str]:
    """Every name that a module of the store takes from the schema."""
    taken: set[str] = set()
    for path in modules("store"):
        for node in ast.walk(tree_of(path)):
            match node:
                case ast.ImportFrom(module="scopewright.store.schema", names=names):
                    taken |= {alias.name for alias in names}
                case ast.Attribute(value=ast.Name(id="schema"), attr=name):
                    taken.add(name)
    return taken


@pytest.mark.parametrize("table", tables())
def test_every_table_is_used_by_a_module_of_the_store(table: str) -> None:
    assert table in tables_that_are_used()
