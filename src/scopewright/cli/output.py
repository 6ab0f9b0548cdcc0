"""What commands say: JSON for programs, tables for people, refusals on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any, NoReturn

_UNBOUNDED = 10_000  # columns: what goes into a file or a pipe is never folded


class Exit(IntEnum):
    """What an exit code tells a script."""

    DONE = 0
    DENIED = 1
    USAGE = 2
    FAILED = 3


class Failure(Exception):
    """A command cannot go on; the sentence says what to do next."""

    def __init__(self, sentence: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(sentence)
        self.code = code


def say(sentence: str) -> None:
    """One line for people, never wrapped, so that addresses can be copied."""
    print(sentence, flush=True)


def say_json(value: Any) -> None:
    """One JSON value for programs."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def say_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table; what others have written is shown as it is, without markup."""
    # Not for commands that print no table: a server would carry it for ever.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_shown(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else _UNBOUNDED).print(table)


def warn(sentence: str) -> None:
    """One line on standard error."""
    print(f"scopewright: {sentence}", file=sys.stderr, flush=True)


def end(sentence: str, code: Exit) -> NoReturn:
    """Say why, and end with this exit code."""
    warn(sentence)
    raise SystemExit(code)


def _shown(value: object) -> str:
    """A value in one cell; control characters could move a terminal's cursor."""
    match value:
        case None | "":
            text = "–"
        case bool():
            text = "yes" if value else "no"
        case list() | tuple() if all(isinstance(item, str) for item in value):
            text = " ".join(value) or "–"
        case dict() | list():
            text = json.dumps(value, ensure_ascii=False)
        case _:
            text = str(value)
    return "".join(character if character.isprintable() else "�" for character in text)
