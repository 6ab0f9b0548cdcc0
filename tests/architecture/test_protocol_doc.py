"""The table of specifications names the tests that show them, and leaves none of them out."""

from __future__ import annotations

import re

from tests.architecture.tree import ROOT, name_of

PAGE = ROOT / "docs" / "protocol.md"
ROWS = [line for line in PAGE.read_text().splitlines() if line.startswith("|")][2:]
NAMED = {path for row in ROWS for path in re.findall(r"`(tests/[\w./-]+)`", row)}


def test_every_test_file_that_is_named_exists() -> None:
    assert sorted(path for path in NAMED if not (ROOT / path).is_file()) == []


def test_every_test_file_of_a_specification_is_named() -> None:
    protocol = ROOT / "tests" / "protocol"
    found = {name_of(path) for kind in ("rfc", "oidc") for path in protocol.glob(f"test_{kind}*")}
    assert sorted(found - NAMED) == []


def test_every_row_says_all_there_is_to_say() -> None:
    for row in ROWS:
        specification, supported, switched_on, shown, _deviations = row.strip("|").split(" |")
        assert all(map(str.strip, (specification, supported, switched_on))), row
        assert "`tests/" in shown, row
