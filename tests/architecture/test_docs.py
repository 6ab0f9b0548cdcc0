"""The documentation says what is true of this tree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from scripts.docs import stale_pages

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
CODE = re.compile(r"`((?:src/|tests/|docs/|scripts/|examples/)[\w./-]+)`")


def test_generated_parts_are_what_they_would_be_now() -> None:
    assert stale_pages() == [], "run python -m scripts.docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_named_files_exist(page: Path) -> None:
    text = page.read_text()
    linked = [page.parent / target for target in LINK.findall(text)]
    named = [ROOT / path for path in CODE.findall(text)]
    assert [str(path) for path in (*linked, *named) if not path.exists()] == []


def test_every_package_and_module_stands_in_the_architecture() -> None:
    described = (ROOT / "ARCHITECTURE.md").read_text()
    names = {path.stem for path in (ROOT / "src/scopewright").iterdir() if path.name[0] not in "_."}
    assert sorted(name for name in names - {"py"} if f"`{name}" not in described) == []
