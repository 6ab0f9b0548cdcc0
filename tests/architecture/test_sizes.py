"""Files and functions stay small enough to be read at one go."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGE, functions, modules, name_of

LONGEST_FILE = 330
LONGEST_FUNCTION = 40
ALL_NOUNS = PACKAGE / "core" / "model.py"  # these are lists, each one page by design
ALL_TABLES = PACKAGE / "store" / "schema.py"
ALL_ROUTES = PACKAGE / "api" / "routes.py"
LONGER_BY_DESIGN = {ALL_NOUNS: 620, ALL_TABLES: 500, ALL_ROUTES: 380}
ALL_SERVICES = "make_services"  # a list too: one line a noun
MIGRATIONS = PACKAGE / "store" / "migrations"  # a revision is one long list, and never read again


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_file_is_short_enough_to_hold_one_thing(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGER_BY_DESIGN.get(path, LONGEST_FILE)


@pytest.mark.parametrize(
    "path", [path for path in modules() if MIGRATIONS not in path.parents], ids=name_of
)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    lengths = {f.name: (f.end_lineno or f.lineno) - f.lineno + 1 for f in functions(path)}
    too_long = {name for name, lines in lengths.items() if lines > LONGEST_FUNCTION}
    assert too_long - {ALL_SERVICES} == set()


def test_an_exception_to_the_length_of_files_is_still_needed() -> None:
    for path in LONGER_BY_DESIGN:
        assert len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_FILE
