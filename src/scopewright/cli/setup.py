"""`init` and `migrate`: a database, a workspace and its first administrator, where missing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from scopewright.cli.configuration import ConfigOption, DatabaseOption, read_settings
from scopewright.cli.login import JsonOption
from scopewright.cli.output import Exit, Failure, say, say_json

if TYPE_CHECKING:
    from scopewright.app import Application
    from scopewright.settings import Settings
    from scopewright.store.database import Database


def init(
    workspace: Annotated[str, typer.Option(help="The workspace's name.")],
    slug: Annotated[str, typer.Option(help="Its name in addresses; never changes.")],
    admin: Annotated[str, typer.Option(help="The e-mail address of its first administrator.")],
    catalogue: Annotated[
        list[str] | None, typer.Option(help="A vocabulary to enable; may be repeated.")
    ] = None,
    database: DatabaseOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Make the database, the workspace and its administrator where they are missing."""
    settings = read_settings(config, database__url=database).settings
    migrate_database(settings)
    with open_application(settings) as application:
        made = application.services.founding.initialise(
            name=workspace, slug=slug, admin_email=admin, catalogues=catalogue or []
        )
    if json:
        say_json(made)
        return
    for label, value in made.items():
        if value is not None:
            say(f"{label:<14} {value}")
    if made["api_key"] is not None:
        say("The API key is shown this once. `scopewright login` keeps it for the other commands.")


def migrate(
    back_to: Annotated[
        str | None,
        typer.Option(help="Undo later revisions, and lose what only they keep: back up first."),
    ] = None,
    database: DatabaseOption = None,
    config: ConfigOption = None,
) -> None:
    """Lead the database's schema to what this version needs, or back to an earlier one's."""
    settings = read_settings(config, database__url=database).settings
    if back_to is not None:
        _lead_back(settings, back_to)
        return
    before, after = migrate_database(settings)
    if before == after:
        say(f"The database is at revision {after} already.")
    else:
        say(f"The database is at revision {after} now.")


def migrate_database(settings: Settings) -> tuple[str | None, str]:
    """Run what is missing; the revisions before and after."""
    from scopewright.store import migrating

    with open_database(settings) as database:
        return migrating.migrate(database)


def _lead_back(settings: Settings, revision: str) -> None:
    from scopewright.store import migrating

    with open_database(settings) as database:
        before = migrating.lead_back(database, to=revision)
    say(f"The database is at revision {revision} again, after {before}.")


def refuse_older_schema(settings: Settings) -> None:
    """Raises `Failure` unless the database can be reached and has the newest schema."""
    from scopewright.store.migrating import pending

    with open_database(settings) as database:
        if pending(database):
            raise Failure(
                "the database has an older schema, or none: run `scopewright migrate` first"
            )


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The database, for as long as the block runs.

    Raises:
        Failure: it cannot be reached.
    """
    from sqlalchemy.exc import ArgumentError, DBAPIError

    from scopewright.store.database import Database

    try:
        database = Database(settings.database.url)
        try:
            yield database
        finally:
            database.close()
    except ArgumentError:
        raise Failure("database.url is no URL of a database", Exit.USAGE) from None
    except DBAPIError as error:
        raise Failure(f"the database does not answer: {_first_line(error.orig)}") from None
    except OSError as error:
        raise Failure(f"the database does not answer: {error}") from None


def _first_line(error: BaseException | None) -> str:
    return next(iter(str(error).strip().splitlines()), "unknown")


@contextmanager
def open_application(settings: Settings) -> Iterator[Application]:
    """The whole application on a migrated database, without a server around it."""
    from scopewright import app

    application = app.build(settings)
    try:
        yield application
    finally:
        asyncio.run(application.close())
