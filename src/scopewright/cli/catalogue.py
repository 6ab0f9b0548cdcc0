"""`catalogue lint`: the faults of a vocabulary before anybody enables it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scopewright.cli.login import JsonOption
from scopewright.cli.output import Exit, say, say_json, say_table

if TYPE_CHECKING:
    from scopewright.core.catalogue import Catalogue

commands = typer.Typer(name="catalogue", help="lint", no_args_is_help=True, rich_markup_mode=None)


@commands.command()
def lint(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Or the name of one that ships.")
    ],
    json: JsonOption = False,
) -> None:
    """Look for faults in catalogues, which may name one another's words; ends with 1 if any."""
    from scopewright.core.catalogue_faults import faults

    catalogues = [read_catalogue(file) for file in dict.fromkeys(files)]
    found = [
        {"catalogue": one.name, **asdict(fault)}
        for one in catalogues
        for fault in faults(one, beside=catalogues)
    ]
    if json:
        say_json(found)
    elif found:
        say_table(list(found[0]), [list(fault.values()) for fault in found])
    else:
        say("no faults")
    raise typer.Exit(Exit.DENIED if found else Exit.DONE)


def read_catalogue(file: str) -> Catalogue:
    """The catalogue in a file, or the one that ships by this name.

    Raises:
        Invalid: it cannot be read, or is no catalogue.
    """
    from scopewright.catalogues import SHIPPED, read, read_file, shipped

    return read(shipped(file), name=file) if file in SHIPPED else read_file(Path(file))
