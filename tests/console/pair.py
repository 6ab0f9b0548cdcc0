"""A filled workspace on one server and its copy on another: what is done to both is compared.

Both servers stand still at the same moment, so times are compared, too.
"""

from __future__ import annotations

import re
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
from click.testing import CliRunner
from sqlalchemy import select
from typer.main import get_command

from scopewright import app
from scopewright.cli.main import commands
from scopewright.core.builtin_clients import command_line_id
from scopewright.core.oauth import DEVICE_CODE
from scopewright.settings import Settings
from scopewright.store import schema
from scopewright.store.database import Database
from tests.clock import FrozenClock
from tests.console.filled import Filled
from tests.inprocess import Http, Running, Tenant
from tests.migrated import migrated_file
from tests.serving import serving
from tests.visitors import Mailbox, a_browser, sign_in, submit

# What is never the same twice: secrets and what is derived from them, and by what was asked.
DIFFERS = {
    "audit": {"via"},
    "api_keys": {"secret_hash", "last_used_at", "last_used_from", "last_used_for"},
    "client_secrets": {"hash"},
    "identities": {"last_used_at"},
    "issued_tokens": {"id"},
    "invitations": {"secret_hash"},
    "magic_links": {"hash", "browser_hash", "code_hash"},
    "registration_tokens": {"hash"},
    "signing_keys": {"private_key", "public_jwk"},
}
OF_THE_BROWSER = {"sign_ins", "limits", "leases"}
COMMANDS = get_command(commands)  # to make all of them takes longer than most of what they do
OF_THE_LOG = re.compile(r"(?m)^\d{4}-\d\d-\d\d [\d:]+ \[.*\n")  # which both servers write here
AS_A_SHELL = r"""scopewright() { printf '%s\0' "$@" "$END"; }; eval "$COMMAND" """
END = "the end of a command"

Row = tuple[tuple[str, str], ...]
Tables = dict[str, Counter[Row]]
Changed = dict[str, tuple[Counter[Row], Counter[Row]]]


@dataclass
class Side:
    """One of both. `known` are the ids that both have, `called` the names of those made since."""

    url: str
    database: Database
    known: set[str] = field(default_factory=set)
    called: dict[str, str] = field(default_factory=dict)
    last: Tables = field(default_factory=dict)

    def begin(self) -> None:
        """Look at everything once."""
        self.last = self._tables()
        rows = (dict(row) for rows in self.last.values() for row in rows)
        self.known = {row["id"] for row in rows if "id" in row}

    def changed(self) -> Changed:
        """By table the rows that are gone and that have come since the last look."""
        before, self.last = self.last, self._tables()
        found = {name: (before[name] - now, now - before[name]) for name, now in self.last.items()}
        for name, (_, come) in found.items():
            self._call(name, [dict(row) for row in come])
        return {
            name: (self._told(gone), self._told(come))
            for name, (gone, come) in found.items()
            if gone or come
        }

    def _tables(self) -> Tables:
        with self.database.read() as tx:
            return {
                name: Counter(_kept(name, dict(row._mapping)) for row in tx.all(select(table)))
                for name, table in schema.metadata.tables.items()
                if name not in OF_THE_BROWSER
            }

    def _call(self, table: str, rows: list[dict[str, str]]) -> None:
        """Give what is new a name, which is the same on both sides."""
        fresh = [row for row in rows if row.get("id", "") not in {"", *self.known, *self.called}]
        for row in sorted(fresh, key=lambda row: self._said(repr({**row, "id": ""}))):
            self.called[row["id"]] = f"'new {table} {len(self.called)}'"

    def _told(self, rows: Counter[Row]) -> Counter[Row]:
        return Counter(
            {tuple((key, self._said(value)) for key, value in row): n for row, n in rows.items()}
        )

    def _said(self, value: str) -> str:
        for id, name in self.called.items():
            value = value.replace(id[1:-1], name[1:-1])
        return value.replace(self.url, "https://server.example")


def _kept(table: str, row: Mapping[str, Any]) -> Row:
    left = DIFFERS.get(table, set())
    return tuple((key, repr(value)) for key, value in row.items() if key not in left)


@dataclass
class Pair:
    """`here` is where pages are used, `there` where commands are run."""

    filled: Filled
    here: Side
    there: Side
    browsers: dict[str, httpx.Client]
    tokens: dict[str, str]  # of the command line, at the copy

    @property
    def base(self) -> str:
        return f"/workspaces/w-{self.filled.tenant.id[-12:]}"

    def run(self, command: str, *, who: str = "admin", also: tuple[str, ...] = ()) -> str:
        """Run a command that was shown, at the copy; what it says."""
        environment = {
            "SCOPEWRIGHT_URL": self.there.url,
            "SCOPEWRIGHT_API_KEY": self.tokens[who],
            "XDG_CONFIG_HOME": "/nonexistent",
        }
        said = []
        for words in _as_a_shell_reads(command):
            done = CliRunner().invoke(COMMANDS, [*words, *also], env=environment)
            assert done.exit_code == 0, (words, done.output, repr(done.exception))
            said.append(OF_THE_LOG.sub("", done.stdout))
        return "".join(said)


def _as_a_shell_reads(command: str) -> Iterator[list[str]]:
    """The words of each `scopewright` that a shell would start."""
    environment = {"COMMAND": command, "END": END, "PATH": "/usr/bin:/bin", "HOME": "/root"}
    done = subprocess.run(
        ["sh", "-ec", AS_A_SHELL], env=environment, capture_output=True, text=True, check=True
    )
    words: list[str] = []
    for word in done.stdout.split("\0")[:-1]:
        if word == END:
            yield words
            words = []
        else:
            words.append(word)


@contextmanager
def pair_of_servers(folder: Path) -> Iterator[Pair]:
    """A filled workspace, and a server that has got a copy of all of it."""
    clock, paths = FrozenClock(), (folder / "here.db", folder / "there.db")
    url = migrated_file(paths[0])
    with serving(_settings(url, folder), clock=clock) as here:
        filled = _filled(here, Database(url), clock, folder)
        people = {who: f"{who}@example.com" for who in ("admin", "zoe")}
        browsers = {who: _signed_in(here, folder, address) for who, address in people.items()}
        begun = {who: _logged_in(here, filled.tenant.id, one) for who, one in browsers.items()}
        with sqlite3.connect(paths[0]) as whole, sqlite3.connect(paths[1]) as copy:
            whole.backup(copy)
        copied = f"sqlite:///{paths[1]}"
        with serving(_settings(copied, folder), clock=clock) as there:
            sides = Side(here, Database(url)), Side(there, Database(copied))
            tokens = {}
            for who, one in begun.items():
                _refreshed(here, filled.tenant.id, one)  # so that both have made a token of it
                tokens[who] = _refreshed(there, filled.tenant.id, one)
            for side in sides:
                side.begin()
            yield Pair(filled, *sides, browsers, tokens)
            for side in sides:
                side.database.close()


def _settings(url: str, folder: Path) -> Settings:
    return Settings(
        database={"url": url},  # type: ignore[arg-type]
        mail={"url": f"file:{folder / 'letters'}"},  # type: ignore[arg-type]
    )


def _filled(url: str, database: Database, clock: FrozenClock, folder: Path) -> Filled:
    asked = cast("Http", httpx.Client(base_url=url, timeout=30))
    running = Running(asked, database, cast("app.Application", None), clock, folder / "letters")
    Tenant(running)  # or it would be the administrator's only one
    return Filled(Tenant(running, catalogues=("internal", "mindsphere")))


def _signed_in(url: str, folder: Path, address: str) -> httpx.Client:
    browser = a_browser(follow_redirects=True)
    sign_in(browser, url, Mailbox(folder / "letters", address))
    return browser


def _logged_in(url: str, workspace_id: str, browser: httpx.Client) -> str:
    """The refresh token of a command line that somebody has let in by their browser."""
    issuer, client = f"{url}/w/{workspace_id}", {"client_id": command_line_id(workspace_id)}
    begun = browser.post(f"{issuer}/device_authorization", data=client).json()
    page = browser.get(begun["verification_uri_complete"])
    while 'name="decision"' not in page.text:
        page = submit(browser, page)
    submit(browser, page)
    form = {"grant_type": DEVICE_CODE, "device_code": begun["device_code"], **client}
    answer = browser.post(f"{issuer}/token", data=form)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["refresh_token"])


def _refreshed(url: str, workspace_id: str, token: str) -> str:
    """An access token of the same session."""
    form = {"grant_type": "refresh_token", "client_id": command_line_id(workspace_id)}
    answer = httpx.post(f"{url}/w/{workspace_id}/token", data={**form, "refresh_token": token})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])
