"""The settings as a command takes them: options, environment, file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # the base install has no pydantic
    from scopewright.settings import Loaded

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="The settings file to read.", dir_okay=False)
]
DatabaseOption = Annotated[
    str | None, typer.Option("--database", help="sqlite:///FILE or postgresql://…")
]


def read_settings(config: Path | None, **options: object) -> Loaded:
    """The settings in force; options are named `server__port`, None where they were not given.

    Raises:
        Invalid: something in them is refused.
    """
    from scopewright.settings import load

    return load(
        folder=Path.cwd(),
        environment=os.environ,
        options={n.replace("__", "."): v for n, v in options.items() if v is not None},
        file=config,
    )
