"""The tree of commands, and what becomes of their errors."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from scopewright import __version__
from scopewright.cli import (
    catalogue,
    demo,
    doctor,
    login,
    needs,
    preview,
    routes,
    serve,
    settings,
    setup,
    why,
)
from scopewright.cli.manage import add_nouns
from scopewright.cli.output import Exit, Failure, end
from scopewright.core.errors import Invalid, ScopewrightError

SERVER_PACKAGES = ("alembic", "fastapi", "pydantic", "sqlalchemy", "structlog", "uvicorn", "yaml")
EXTRAS = {**dict.fromkeys(SERVER_PACKAGES, "server"), "psycopg": "postgres"}

commands = typer.Typer(
    name="scopewright",
    help="Self-hosted authorization: scopes, tokens, and who may do what.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@commands.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit


for command in (
    serve.serve,
    setup.init,
    setup.migrate,
    settings.settings,
    settings.docs,
    doctor.doctor,
    demo.demo,
    login.login,
    login.logout,
    login.whoami,
    routes.routes,
    why.why,
    why.who_can,
    needs.needs,
    preview.preview,
):
    commands.command()(command)
commands.add_typer(catalogue.commands)
add_nouns(commands)


def run() -> None:
    """The installed command: 0 done, 1 denied or different, 2 wrong usage, 3 failed."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a poor terminal is no reason to fail
    try:
        commands()
    except ModuleNotFoundError as error:
        extra = EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        end(f"this needs more than is installed: pip install 'scopewright[{extra}]'", Exit.FAILED)
    except KeyboardInterrupt:
        raise SystemExit(130) from None  # as a shell says it of a command ended by Ctrl-C
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(Exit.DONE) from None
    except (Failure, ScopewrightError, OSError) as error:
        end(*_refusal(error))


def _refusal(error: Failure | ScopewrightError | OSError) -> tuple[str, Exit]:
    match error:
        case Failure():
            return str(error), error.code
        case Invalid():
            return error.detail, Exit.USAGE
        case OSError():  # a folder that is not ours to write to, a disk that is full
            return f"{error.filename or 'this machine'}: {error.strerror or error}", Exit.FAILED
        case _:
            return error.detail, Exit.FAILED
