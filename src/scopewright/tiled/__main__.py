"""Keep Tiled's own tags and roles as those of a workspace are.

The server, the key and the workspace are read from SCOPEWRIGHT_URL, SCOPEWRIGHT_API_KEY and
SCOPEWRIGHT_WORKSPACE. Exit codes: 0 done, 2 wrong usage or what Tiled cannot hold, 3 failed.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scopewright.clock import system_clock
from scopewright.core.errors import Invalid
from scopewright.core.scopes import Scopes
from scopewright.tiled.role_plan import Plan, mark_of, plan, wanted_roles
from scopewright.tiled.tag_config import TagConfig
from scopewright.tiled.workspace import Failure, Workspace

try:
    from tiled.access_control.scopes import ALL_SCOPES
except ModuleNotFoundError:
    typer.echo("Tiled is not installed here: pip install 'scopewright[tiled]'", err=True)
    sys.exit(3)

if TYPE_CHECKING:
    from scopewright.tiled.role_tables import RoleTables

KNOWN: Scopes = frozenset(scope.value for scope in ALL_SCOPES)
commands = typer.Typer(
    help=__doc__, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False
)
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and stop.")]


@commands.command("sync-tags")
def sync_tags(
    database: Annotated[
        str, typer.Option(envvar="TILED_CATALOG_URI", help="Tiled's database of nodes and tags.")
    ],
    dry_run: DryRun = False,
) -> None:
    """Make the access tags of Tiled's catalogue those of the workspace."""
    workspace = Workspace()
    config = TagConfig(
        roles=workspace.roles(),
        principals=workspace.principals(),
        members=workspace.members,
        known=KNOWN,
    ).of(workspace.access_tags())
    if dry_run:
        typer.echo(json.dumps(config, indent=2))
        return
    from scopewright.tiled.tag_tables import write  # noqa: PLC0415 - takes Tiled seconds to load

    asyncio.run(write(config, database=database))
    typer.echo(f"{len(config['tags'])} tags are as in the workspace")


@commands.command("sync-roles")
def sync_roles(
    database: Annotated[
        str, typer.Option(envvar="TILED_AUTHN_URI", help="Tiled's database of people and roles.")
    ],
    provider: Annotated[str, typer.Option(help="The provider that we are in Tiled's settings.")],
    backup: Annotated[Path, typer.Option(help="Where what there was is kept.")] = Path(),
    dry_run: DryRun = False,
) -> None:
    """Make roles that consist of Tiled's scopes roles of Tiled's, for whoever has them here."""
    from scopewright.tiled.role_tables import role_tables  # noqa: PLC0415 - as above

    workspace = Workspace()
    mark = mark_of(workspace.id)
    wanted = wanted_roles(
        workspace.roles().values(),
        workspace.principals(),
        members=workspace.members,
        known=KNOWN,
        mark=mark,
    )

    async def synchronise() -> None:
        async with role_tables(database, provider=provider) as tables:
            people = await tables.people()
            wished = plan(wanted, await tables.roles(people), people=people, mark=mark)
            _say(wished)
            if not dry_run and not wished.is_empty:
                await _carry_out(wished, tables, people, backup)

    asyncio.run(synchronise())


async def _carry_out(
    wished: Plan, tables: RoleTables, people: dict[str, int], folder: Path
) -> None:
    at = system_clock()
    kept = {"at": at.isoformat(), **await tables.backup()}
    path = folder / f"tiled-roles-{at:%Y%m%dT%H%M%S%f}.json"
    _write_new(path, kept)
    typer.echo(f"what there was is in {path}")
    await tables.carry_out(wished, people)


def _write_new(path: Path, content: Any) -> None:
    """For its owner's eyes alone."""
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)


def _say(wished: Plan) -> None:
    for line in wished.lines():
        typer.echo(line)
    for note in wished.notes:
        typer.echo(f"  {note}")
    if wished.is_empty:
        typer.echo("nothing changes")


def run() -> None:
    """The command; whatever fails is one sentence."""
    try:
        commands()
    except Invalid as error:
        _end(error.detail, 2)
    except Exception as error:  # Tiled's and the database's are many
        _end(
            f"{type(error).__name__}: {error}" if not isinstance(error, Failure) else str(error), 3
        )


def _end(sentence: str, code: int) -> None:
    typer.echo(sentence, err=True)
    sys.exit(code)


if __name__ == "__main__":
    run()
