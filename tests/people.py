"""People with browsers at a server in this process: forms are read and sent as browsers do."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
from sqlalchemy import Table, func, select

from scopewright import app
from scopewright.core.builtin_clients import command_line
from scopewright.core.catalogue import ScopeDefinition
from scopewright.core.model import (
    Assignment,
    ChangeKind,
    Client,
    ClientSecret,
    ClientType,
    Grant,
    Identity,
    Invitation,
    MagicLink,
    Principal,
    PrincipalKind,
    ScopeDefault,
    TokenOverrides,
    Workspace,
)
from scopewright.core.oauth import GRANTS_OF_TYPE, hash_secret
from scopewright.ids import new_id, new_secret, new_uuid
from scopewright.mail import Letter
from scopewright.settings import Settings
from scopewright.store import (
    assignments,
    clients,
    grants,
    invitations,
    issued_tokens,
    magic_links,
    principals,
    schema,
    scopes,
    signing_keys,
    workspaces,
)
from scopewright.store.database import Database
from scopewright.store.migrating import migrate
from tests.clock import FrozenClock
from tests.inprocess import ALWAYS_FRESH
from tests.signing import first_keys
from tests.unsynced import unsynced

ORIGIN = "http://127.0.0.1:8080"
CALLBACK = "https://app.example/callback"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-0"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
SCOPES = {"sensor:read": "See what the sensors measure", "sensor:write": "", "video:gold": ""}


@dataclass
class Letters:
    """A mailer that keeps what it is given."""

    sent: list[Letter] = field(default_factory=list)

    def send(self, letter: Letter) -> None:
        self.sent.append(letter)

    @property
    def link(self) -> str:
        """The first URL of the last letter."""
        found = re.search(r"https?://\S+", self.sent[-1].text)
        assert found is not None
        return found[0]

    @property
    def token(self) -> str:
        return dict(parse_qsl(urlsplit(self.link).query))["token"]

    @property
    def code(self) -> str:
        found = re.search(r"letter: (\w{4})-(\w{4})\n", self.sent[-1].text)
        assert found is not None
        return "".join(found.groups())


class Forms(HTMLParser):
    """The forms within `<main>`, each with its action, its fields and its buttons."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []
        self._in_main = self._in_form = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "main":
            self._in_main = True
        elif tag == "form" and self._in_main:
            self._in_form = True
            self.found.append({"action": given.get("action", ""), "fields": {}, "buttons": []})
        elif self._in_form and tag == "input":
            self.found[-1]["fields"][given["name"]] = given.get("value", "")
        elif self._in_form and tag == "button":
            self.found[-1]["buttons"].append(
                {given["name"]: given["value"]} if "name" in given else {}
            )

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._in_form = False
        elif tag == "main":
            self._in_main = False


@dataclass
class Browser:
    """Keeps cookies and follows redirects until they leave the server."""

    runner: asyncio.Runner
    http: httpx.AsyncClient

    def ask(self, method: str, url: str, **options: Any) -> httpx.Response:
        """One request, no redirect followed."""
        return self.runner.run(self.http.request(method, urljoin(ORIGIN, url), **options))

    def get(self, url: str) -> httpx.Response:
        return self._followed(self.ask("GET", url))

    def post(self, url: str, fields: dict[str, str]) -> httpx.Response:
        return self._followed(self.ask("POST", url, data=fields))

    def submit(
        self, page: httpx.Response, *, form: int = 0, button: int = 0, **typed: str
    ) -> httpx.Response:
        """Fill in a form of a page and press one of its buttons."""
        shown = Forms(page.text).found[form]
        assert typed.keys() <= shown["fields"].keys()
        fields = {**shown["fields"], **typed, **shown["buttons"][button]}
        return self.post(urljoin(str(page.url), shown["action"]), fields)

    def _followed(self, response: httpx.Response) -> httpx.Response:
        while response.has_redirect_location:
            target = urljoin(str(response.url), response.headers["location"])
            if not target.startswith(ORIGIN + "/"):
                break
            response = self.ask("GET", target)
        return response


WATCHED = (schema.authorizations, schema.consents, schema.magic_links, schema.sign_ins)


@dataclass
class Stage:
    """A workspace on a server in this process, the rows in it, and the browsers before it."""

    database: Database
    clock: FrozenClock
    letters: Letters
    application: app.Application
    runner: asyncio.Runner
    origin: str

    def __post_init__(self) -> None:
        self.workspace = self.add_workspace()
        self._before = {table.name: self._count(table) for table in WATCHED}

    # --- rows -----------------------------------------------------------------------------------

    def add_workspace(self, name: str = "Acme") -> Workspace:
        now = self.clock()
        workspace = Workspace(
            new_uuid(), new_id("w").lower().replace("_", "-"), name, ("internal",), now
        )
        with self.database.write() as tx:
            workspaces.add(tx, workspace)
            for key in first_keys(workspace.id, now):
                signing_keys.add(tx, key)
            for scope, description in SCOPES.items():
                scopes.add(tx, workspace.id, scope=ScopeDefinition(scope, description), at=now)
        return workspace

    def end(self) -> None:
        """Remove every workspace, or the pages of people who are in each would grow and grow."""
        with self.database.write() as tx:
            for (id,) in tx.all(select(schema.workspaces.c.id)):
                issued_tokens.remove_workspace(tx, id)
                workspaces.remove(tx, id)

    def person(
        self,
        email: str,
        *holding: str,
        kind: PrincipalKind = PrincipalKind.END_USER,
        role: str = "",
    ) -> Principal:
        now, workspace_id = self.clock(), self.workspace.id
        person = Principal(new_uuid(), workspace_id, kind, email, Identity("email", email), now)
        with self.database.write() as tx:
            principals.add(tx, person)
            for scope in holding:
                grants.add(tx, workspace_id, grant=Grant(person.id, scope, "admin", now))
            if role:
                given = Assignment(person.id, role, "admin", now)
                assignments.add(tx, workspace_id, assignment=given)
        return person

    def client(self, **replaced: Any) -> Client:
        now, id = self.clock(), new_uuid()
        kind = replaced.get("type", ClientType.PKCE)
        fields: dict[str, Any] = {
            "id": id,
            "workspace_id": self.workspace.id,
            "name": "Field App",
            "type": kind,
            "redirect_uris": (CALLBACK,),
            "secrets": (),
            "require_pkce": True,
            "allow_both_auth_methods": False,
            "scope_default": ScopeDefault.HELD,
            "grant_types": GRANTS_OF_TYPE[kind],
            "tokens": TokenOverrides(),
            "created_at": now,
        }
        client = Client(**(fields | replaced))
        principal = Principal(id, client.workspace_id, PrincipalKind.CLIENT, client.name, None, now)
        with self.database.write() as tx:
            principals.add(tx, principal)
            clients.add(tx, client)
        return client

    def confidential(self, secret: str, **replaced: Any) -> Client:
        secrets = (ClientSecret(hash_secret(secret), self.clock()),)
        return self.client(type=ClientType.AUTHORIZATION_CODE, secrets=secrets, **replaced)

    def command_line(self) -> Client:
        """The client that every workspace has."""
        return command_line(self.workspace.id, now=self.clock())

    @staticmethod
    def moved(client: Client, redirect_uri: str) -> Client:
        """The client with another redirect URI."""
        return replace(client, redirect_uris=(redirect_uri,))

    @staticmethod
    def fields(page: httpx.Response, form: int = 0) -> dict[str, str]:
        """The fields of a page's form as they stand."""
        fields: dict[str, str] = Forms(page.text).found[form]["fields"]
        return fields

    def invitation(self, email: str, *, role: str, sender: Principal) -> str:
        """The link's token."""
        now, token = self.clock(), new_secret("swi")
        until = now + timedelta(days=7)
        invitation = Invitation(
            new_id("inv"), self.workspace.id, email, role, sender.id, now, until, hash_secret(token)
        )
        with self.database.write() as tx:
            invitations.add(tx, invitation)
        return token

    def end_user_link(self, email: str) -> str:
        """The token of an end-user's invitation, which no browser asked for."""
        now, token = self.clock(), new_secret("swm")
        until = now + timedelta(days=7)
        link = MagicLink(hash_secret(token), email, None, None, None, now, until)
        with self.database.write() as tx:
            magic_links.add(tx, link)
        return token

    def grown(self, table: Table) -> int:
        """By how many rows a table has grown since this stage was set."""
        return self._count(table) - self._before[table.name]

    def _count(self, table: Table) -> int:
        with self.database.read() as tx:
            return int(tx.scalar(select(func.count()).select_from(table)))

    # --- browsers -------------------------------------------------------------------------------

    @property
    def issuer(self) -> str:
        return f"{self.origin}/w/{self.workspace.id}"

    def browser(self, address: str = "127.0.0.1") -> Browser:
        transport = httpx.ASGITransport(self.application, client=(address, 40000))
        return Browser(self.runner, httpx.AsyncClient(transport=transport))

    def signed_in(self, email: str) -> Browser:
        """A browser whose person has signed in by letter."""
        browser = self.browser()
        browser.submit(browser.get("/sign-in"), email=email)
        browser.submit(browser.get(self.letters.link))
        return browser

    def authorize_url(self, client: Client, **replaced: str | None) -> str:
        """The address a client sends the browser to; None leaves a parameter out."""
        kept = {"client_id": client.id, **self.sent(**replaced)}
        return str(httpx.URL(f"{self.issuer}/authorize", params=kept))

    def sent(self, **replaced: str | None) -> dict[str, str]:
        """The parameters of an authorization request; None leaves one out."""
        parameters: dict[str, str | None] = {
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "state": "xyz",
        }
        return {k: v for k, v in (parameters | replaced).items() if v is not None}

    def push(self, fields: Any, **options: Any) -> httpx.Response:
        """A form at the endpoint for pushed requests; `auth` among the options is its client."""
        return self.browser().ask("POST", f"{self.issuer}/par", data=fields, **options)

    def policy(self, **changed: Any) -> None:
        """Change the workspace's policy beneath the API."""
        with self.database.write() as tx:
            id = self.workspace.id
            workspaces.touch(tx, id, ChangeKind.WORKSPACE, id, at=self.clock())
            policy = replace(self.workspace.policy, **changed)
            self.workspace = replace(self.workspace, policy=policy)
            workspaces.change(tx, self.workspace)

    def exchange(self, client: Client, code: str, **replaced: str) -> httpx.Response:
        """The code at the token endpoint."""
        form = {
            "grant_type": "authorization_code",
            "client_id": client.id,
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        return self.browser().ask("POST", f"{self.issuer}/token", data=form | replaced)


def answer_of(response: httpx.Response, *, at: str = CALLBACK) -> dict[str, str]:
    """The parameters that a redirect gives the client."""
    assert response.status_code == 303, response.text
    location = response.headers["location"]
    assert location.startswith(at), location
    return dict(parse_qsl(urlsplit(location).query))


def posted_answer_of(response: httpx.Response, *, at: str = CALLBACK) -> dict[str, str]:
    """The fields of the form that a page has the browser post to the client."""
    assert response.status_code == 200, response.text
    form = Forms(response.text).found[0]
    assert form["action"] == at
    assert form["buttons"] == [{}]
    fields: dict[str, str] = form["fields"]
    return fields


def claims_of(token: str) -> dict[str, Any]:
    """What a token says, its signature not looked at."""
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def set_stage(database_url: str, clock: FrozenClock, **changed: Any) -> Stage:
    """A stage on an empty database; sections of the server's settings may be changed."""
    database, letters = Database(database_url), Letters()
    changed["sign_in"] = {"fresh_for": ALWAYS_FRESH, **changed.get("sign_in", {})}
    settings = Settings.model_validate({"database": {"url": database_url}, **changed})
    with unsynced():
        migrate(database)
        with database.write():  # by whom tests write beneath the server
            pass
        application = app.build(settings, clock=clock, mailer=letters)
    return Stage(database, clock, letters, application, asyncio.Runner(), settings.server.url)


@contextmanager
def open_stage(database_url: str, clock: FrozenClock, **changed: Any) -> Iterator[Stage]:
    """The same with its server in this process, until its block is left."""
    stage = set_stage(database_url, clock, **changed)
    with stage.runner:
        yield stage
        stage.runner.run(stage.application.close())
    stage.database.close()


def next_stage(stage: Stage) -> Stage:
    """Another workspace on the same server, so much later that no rate limit remembers.

    It begins at midnight, whatever fraction of a second an earlier test has moved the clock by.
    """
    later = stage.clock.advance(days=2)
    stage.clock.now = later.replace(hour=0, minute=0, second=0, microsecond=0)
    stage.letters.sent.clear()
    return replace(stage)
