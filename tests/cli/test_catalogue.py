"""`catalogue lint`: what it says of files and of what ships, and how it ends."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
import typer

from scopewright.catalogues import SHIPPED, read
from scopewright.cli.catalogue import lint
from scopewright.cli.output import Exit
from scopewright.core.catalogue_faults import RULES, faults
from scopewright.core.errors import Invalid
from tests.servers import Installation

GARDEN = """
[[scope]]
name = "roses.cut"
description = "Cut roses."

[[role]]
name = "gardener"
description = "Cuts roses."
scopes = ["roses.cut"]
"""


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    file = tmp_path / "garden.toml"
    file.write_text(GARDEN)
    return file


def linted(*files: str, as_json: bool = False) -> int:
    with pytest.raises(typer.Exit) as ended:
        lint([*files], json=as_json)
    return ended.value.exit_code


def test_a_clean_catalogue_ends_with_0(garden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert linted(str(garden)) == Exit.DONE
    assert capsys.readouterr().out == "no faults\n"
    assert linted(str(garden), as_json=True) == Exit.DONE
    assert json.loads(capsys.readouterr().out) == []


def test_a_fault_is_told_with_catalogue_rule_and_subject_and_ends_with_1(
    garden: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    garden.write_text(f'{GARDEN}includes = ["waterer"]')
    assert linted(str(garden)) == Exit.DENIED
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split() == ["catalogue", "rule", "subject", "detail"]
    assert row.split()[:3] == ["garden", "unresolved-include", "gardener"]
    assert linted(str(garden), "plain", as_json=True) == Exit.DENIED
    assert json.loads(capsys.readouterr().out) == [
        {
            "catalogue": "garden",
            "rule": "unresolved-include",
            "subject": "gardener",
            "detail": "includes waterer, which nobody defines",
        }
    ]


def test_catalogues_that_are_named_together_know_one_anothers_words(
    garden: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    garden.write_text(f'{GARDEN}includes = ["mdsp:core:uts.analyst"]')
    assert linted(str(garden)) == Exit.DENIED
    capsys.readouterr()
    linted(str(garden), "mindsphere", as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert {fault["catalogue"] for fault in found} == {"mindsphere"}


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_is_linted_by_its_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    expected = Exit.DENIED if name in ("mindsphere", "tiled") else Exit.DONE
    assert linted(name) == expected
    assert capsys.readouterr().out


@pytest.mark.parametrize("content", [None, "a = ", "tittle = 'x'", "[[scope]]"])
def test_what_is_no_catalogue_is_refused(garden: Path, content: str | None) -> None:
    garden.unlink() if content is None else garden.write_text(content)
    with pytest.raises(Invalid) as error:
        lint([str(garden)])
    assert str(garden) in error.value.detail


def test_the_installed_command_ends_with_2_where_there_is_nothing_to_lint(garden: Path) -> None:
    garden.write_text("tittle = 'x'")
    command = Installation(garden.parent, "unused").command
    for arguments in ([], [str(garden), "plain"]):
        done = command("catalogue", "lint", *arguments, succeed=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Traceback" not in done.stderr


# --- the page about it --------------------------------------------------------------------------

PAGE = Path(__file__).parents[2] / "docs" / "catalogues.md"


def test_the_page_names_every_rule() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|", PAGE.read_text().partition("## The linter")[2], re.M)
    assert rows == list(RULES)


def test_the_pages_examples_are_catalogues_without_fault() -> None:
    examples = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.S)
    assert len(examples) == 2
    for text in examples:
        assert faults(read(tomllib.loads(text), name="greenhouse")) == ()
