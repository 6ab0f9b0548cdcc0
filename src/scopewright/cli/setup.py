"""`init` and `migrate`: a database, a workspace and its first administrator, where missing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from scopewright.cli.configuration import ConfigOption, DatabaseOption, read_settings
from scopewright.cli.login import JsonOption
from scopewright.cli.output import Exit, Failure, say, say_json
from scopewright.cli.settings import without_password

if TYPE_CHECKING:
    from scopewright.app import Application
    from scopewright.settings import Settings
    from scopewright.store.database import Database

SEALED_OTHERWISE = (
    "the private keys in the database were encrypted with another keys.encryption_key "
    "than is set here: set that one"
)


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
    if made["api_key"] is None:
        say("This workspace was here already, and nothing has been changed.")
    else:
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


def refuse_unready(settings: Settings) -> None:
    """Raises `Failure` unless the database has the newest schema, and keys that can be used."""
    from scopewright.store.migrating import current_revision, pending

    with open_database(settings, must_exist=True) as database:
        if current_revision(database) is None:
            raise Failure(f"{_named(settings)} is empty: fill it with `scopewright init` first")
        if pending(database):
            raise Failure("the database has an older schema: run `scopewright migrate` first")
        if are_sealed_otherwise(database, settings):
            raise Failure(SEALED_OTHERWISE)


def are_sealed_otherwise(database: Database, settings: Settings) -> bool:
    """Whether private keys were encrypted with another `keys.encryption_key`, or with one."""
    from scopewright.clock import system_clock
    from scopewright.keys import KeyRing
    from scopewright.store import signing_keys

    secret = settings.keys.encryption_key
    ring = KeyRing(None if secret is None else secret.get_secret_value())
    with database.read() as tx:
        keys = signing_keys.without_successor(tx, before=system_clock())
    return not all(map(ring.opens, keys))


@contextmanager
def open_database(settings: Settings, *, must_exist: bool = False) -> Iterator[Database]:
    """The database, for as long as the block runs. A file of SQLite is made unless it must exist.

    Raises:
        Failure: it cannot be reached, or is not there.
    """
    from scopewright.store.database import Database, is_missing

    with _plain_failures(settings):
        if must_exist and is_missing(settings.database.url):
            raise Failure(f"{_named(settings)} is not there: make it with `scopewright init`")
        with closing(Database(settings.database.url)) as database:
            yield database


@contextmanager
def _plain_failures(settings: Settings) -> Iterator[None]:
    """What a database that does not do as it should raises, as a sentence that names it."""
    from sqlalchemy.exc import ArgumentError, DBAPIError

    from scopewright.store.writer import NotCommitted

    try:
        yield
    except ArgumentError:
        raise Failure("database.url is no URL of a database", Exit.USAGE) from None
    except DBAPIError as error:
        reason = _first_line(error.orig)
        raise Failure(f"{_named(settings)} does not answer: {reason}") from None
    except NotCommitted as error:
        raise Failure(f"{_named(settings)} keeps nothing: {error}") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise Failure(f"{_named(settings)} does not answer: {reason}") from None


def _named(settings: Settings) -> str:
    return f"the database {without_password(settings.database.url)}"


def _first_line(error: BaseException | None) -> str:
    return next(iter(str(error).strip().splitlines()), "unknown")


@contextmanager
def open_application(settings: Settings) -> Iterator[Application]:
    """The whole application on a migrated database, without a server around it."""
    from scopewright import app

    with _plain_failures(settings):
        application = app.build(settings)
        try:
            yield application
        finally:
            asyncio.run(application.close())
