"""`doctor`: is everything in order here, and what to do where it is not?"""

from __future__ import annotations

import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import typer

from scopewright.cli.configuration import ConfigOption, read_settings
from scopewright.cli.login import JsonOption
from scopewright.cli.output import Exit, Failure, say_json, say_table
from scopewright.cli.setup import SEALED_OTHERWISE, are_sealed_otherwise, open_database
from scopewright.core.errors import ScopewrightError
from scopewright.core.loopback import is_loopback

if TYPE_CHECKING:
    from scopewright.settings import Settings
    from scopewright.store.database import Database

CLOCK_TOLERANCE = timedelta(seconds=5)
MAIL_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `advice` says what to do where it is not in order."""

    about: str
    in_order: bool
    advice: str = ""


def doctor(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Check the settings, the database, the mail and the clock; 1 when something is off."""
    found = list(_findings(config))
    if json:
        say_json([asdict(finding) for finding in found])
    else:
        rows = [("✓" if f.in_order else "✗", f.about, f.advice) for f in found]
        say_table(("", "checked", "what to do"), rows)
    if not all(finding.in_order for finding in found):
        raise typer.Exit(Exit.DENIED)


def _findings(config: Path | None) -> Iterator[Finding]:
    try:
        settings = read_settings(config).settings
    except ScopewrightError as error:
        yield Finding("settings", False, error.detail)
        return
    yield Finding("settings", True)
    yield _public_url(settings)
    yield _mail(settings)
    yield from _database(settings)


def _public_url(settings: Settings) -> Finding:
    parts = urlsplit(settings.server.url)
    if parts.scheme == "https" and not settings.server.trusted_proxies:
        advice = "behind a proxy, name it in server.trusted_proxies, or everybody is one source"
        return Finding("public address", True, advice)
    is_safe = parts.scheme == "https" or is_loopback(parts.hostname or "")
    advice = "" if is_safe else "set server.public_url to an https:// address"
    return Finding("public address", is_safe, advice)


def _mail(settings: Settings) -> Finding:
    try:
        url = urlsplit(settings.mail.url)
        if url.scheme == "console":
            return Finding("mail", True, "letters are printed; set mail.url to deliver them")
        if url.scheme == "file" and url.path:
            Path(unquote(url.path)).mkdir(parents=True, exist_ok=True)
            return Finding("mail", True, "letters are written to files, not delivered")
        if url.scheme in ("smtp", "smtps") and url.hostname:
            port = url.port or (465 if url.scheme == "smtps" else 25)
            socket.create_connection((url.hostname, port), MAIL_SECONDS).close()
            return Finding("mail", True)
    except (OSError, ValueError) as error:
        return Finding("mail", False, f"mail.url does not work: {error}")
    return Finding("mail", False, "mail.url: console:, file:DIR, smtp://host or smtps://host")


def _database(settings: Settings) -> Iterator[Finding]:
    checks: tuple[Callable[[Database], Finding], ...] = (_durability, _clock)
    try:
        with open_database(settings, must_exist=True) as database:
            yield (schema := _schema(database))
            if schema.in_order:
                yield _signing_keys(database, settings)
            if database.is_sqlite:
                yield _privacy(database)
            for check in checks:
                yield check(database)
    except (Failure, ScopewrightError) as error:
        yield Finding("database", False, str(error))


def _schema(database: Database) -> Finding:
    from scopewright.store.migrating import current_revision, pending

    is_old = pending(database)
    what = "migrate" if current_revision(database) else "init"
    return Finding("database", not is_old, f"run `scopewright {what}`" if is_old else "")


def _privacy(database: Database) -> Finding:
    file = Path(database.url.database or "")
    is_open = file.stat().st_mode & stat.S_IROTH
    advice = f"everybody on this machine can read its keys: chmod o= {file}*" if is_open else ""
    return Finding("privacy of the database", not is_open, advice)


def _signing_keys(database: Database, settings: Settings) -> Finding:
    are_closed = are_sealed_otherwise(database, settings)
    return Finding("signing keys", not are_closed, SEALED_OTHERWISE if are_closed else "")


def _durability(database: Database) -> Finding:
    from scopewright.store.durability import weaknesses

    weak = weaknesses(database)
    advice = f"a power cut could take back what was answered: {', '.join(weak)}" if weak else ""
    return Finding("durability", not weak, advice)


def _clock(database: Database) -> Finding:
    from scopewright.clock import system_clock
    from scopewright.store.durability import database_time

    theirs, ours = database_time(database), system_clock()
    if theirs is None or abs(theirs - ours) < CLOCK_TOLERANCE:
        return Finding("clock", True)
    return Finding("clock", False, f"set the clocks: the database's is off by {theirs - ours}")
