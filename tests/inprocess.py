"""The whole application in the test's own process, and workspaces in it.

Real database, real HTTP messages; only the clock stands still. Workspaces are made beneath the API,
so that tests of one noun need no other.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx

from scopewright import app
from scopewright.core.applications import Application
from scopewright.core.catalogue import RoleDefinition, ScopeDefinition
from scopewright.core.groups import Membership
from scopewright.core.model import (
    ApiKey,
    Assignment,
    ChangeKind,
    Client,
    ClientSecret,
    ClientType,
    Consent,
    Grant,
    Identity,
    Principal,
    PrincipalKind,
    ScopeDefault,
    Session,
    TokenOverrides,
    Workspace,
)
from scopewright.core.oauth import GRANTS_OF_TYPE, hash_secret
from scopewright.core.scopes import EVERYTHING, Requested, Scopes
from scopewright.ids import new_api_key_secret, new_id, new_secret, new_uuid
from scopewright.settings import Settings
from scopewright.store import (
    api_keys,
    applications,
    assignments,
    clients,
    consents,
    grants,
    groups,
    holdings,
    principals,
    roles,
    scopes,
    sessions,
    signing_keys,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database
from tests.clock import FrozenClock
from tests.migrated import migrate_at
from tests.signing import first_keys
from tests.unsynced import unsynced

ADMIN_ROLE = "iotman:admin"
REDIRECT_URI = "https://app.example/callback"
LETTER_SECONDS = 10
ALWAYS_FRESH = "30 d"  # clocks are moved by days between a sign-in and what a test is about


class Http:
    """Speaks HTTP to the application from plain functions, in one event loop for all calls."""

    def __init__(self, application: app.Application, *, url: str, runner: asyncio.Runner) -> None:
        transport = httpx.ASGITransport(application)
        self._client = httpx.AsyncClient(transport=transport, base_url=url)
        self.runner = runner

    def request(self, method: str, url: str, **more: Any) -> httpx.Response:
        """One request and its whole answer."""
        return self.runner.run(self._client.request(method, url, **more))


@dataclass
class Running:
    """A running application; `http` speaks to it as the network would."""

    http: Http
    database: Database
    application: app.Application
    clock: FrozenClock
    letters: Path

    def letters_to(
        self, address: str, *, count: int = 1, seconds: float = LETTER_SECONDS
    ) -> list[EmailMessage]:
        """The letters to an address in the order they were sent, once there are that many."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            written = [path.read_bytes() for path in sorted(self.letters.glob("*.eml"))]
            messages = [email.message_from_bytes(w, policy=email.policy.default) for w in written]
            found = [message for message in messages if message["To"] == address]
            if len(found) >= count:
                return found
            time.sleep(0.01)
        raise AssertionError(f"no {count} letters to {address}")


@contextmanager
def running(database_url: str, folder: Path, **settings: Any) -> Iterator[Running]:
    """The application on a database without any workspace, until the block ends."""
    migrate_at(database_url)
    clock, letters = FrozenClock(), folder / "letters"
    sign_in = {"fresh_for": ALWAYS_FRESH, **settings.pop("sign_in", {})}
    chosen = Settings(
        database={"url": database_url},  # type: ignore[arg-type]
        mail={"url": f"file:{letters}"},  # type: ignore[arg-type]
        sign_in=sign_in,  # type: ignore[arg-type]
        **settings,
    )
    with unsynced():
        application = app.build(chosen, clock=clock)
    with asyncio.Runner() as runner:
        http = Http(application, url=chosen.server.url, runner=runner)
        yield Running(http, application.database, application, clock, letters)
        runner.run(application.close())


@dataclass
class Tenant:
    """A workspace of a test's own with an administrator, whose key `admin_key` is."""

    running: Running
    id: str = field(default_factory=new_uuid)
    catalogues: tuple[str, ...] = ("internal",)
    admin: Principal = field(init=False)
    admin_key: str = field(init=False)

    def __post_init__(self) -> None:
        now = self.running.clock()
        with self.running.database.write() as tx:
            workspaces.add(
                tx, Workspace(self.id, f"w-{self.id[-12:]}", "Acme", self.catalogues, now)
            )
            for key in first_keys(self.id, now):
                signing_keys.add(tx, key)
        self.admin = self.person("admin@example.com", kind=PrincipalKind.MEMBER)
        self.assign(self.admin, ADMIN_ROLE)
        self.admin_key = self.key(self.admin)

    # --- calls ----------------------------------------------------------------------------------

    def call(
        self, method: str, path: str, json: Any = None, *, bearer: str | None = "", **more: Any
    ) -> httpx.Response:
        """One call of the management API of this workspace, as its administrator unless told."""
        credential = self.admin_key if bearer == "" else bearer
        headers = {} if credential is None else {"authorization": f"Bearer {credential}"}
        if json is not None:
            more["json"] = json
        url = f"/api/workspaces/{self.id}{path}"
        return self.running.http.request(method, url, headers=headers, **more)

    def token(self, client_id: str, secret: str, **form: str) -> httpx.Response:
        """The token endpoint's answer to a client's own credentials."""
        return self.running.http.request(
            "POST",
            f"/w/{self.id}/token",
            data={"grant_type": "client_credentials", **form},
            auth=(client_id, secret),
        )

    def access_token(self, client_id: str, secret: str, **form: str) -> str:
        """A client's own access token."""
        return str(self.token(client_id, secret, **form).json()["access_token"])

    # --- what is in the workspace ---------------------------------------------------------------

    def person(self, address: str, *, kind: PrincipalKind = PrincipalKind.END_USER) -> Principal:
        """A member or end-user."""
        now = self.running.clock()
        identity = Identity("email", address)
        person = Principal(new_uuid(), self.id, kind, address, identity, now)
        with self.running.database.write() as tx:
            workspaces.touch(tx, self.id, ChangeKind.PRINCIPAL, person.id, at=now)
            principals.add(tx, person)
        return person

    def client(
        self, type: ClientType = ClientType.CLIENT_CREDENTIALS, *granted: str
    ) -> tuple[str, str]:
        """A client and its secret, which means nothing for public ones."""
        now, id, secret = self.running.clock(), new_uuid(), new_secret("sws")
        people = type in (ClientType.PKCE, ClientType.AUTHORIZATION_CODE)
        client = Client(
            id=id,
            workspace_id=self.id,
            name=type.value,
            type=type,
            redirect_uris=(REDIRECT_URI,) if people else (),
            secrets=(ClientSecret(hash_secret(secret), now),),
            require_pkce=True,
            allow_both_auth_methods=False,
            scope_default=ScopeDefault.HELD,
            grant_types=GRANTS_OF_TYPE[type],
            tokens=TokenOverrides(),
            created_at=now,
        )
        with self.running.database.write() as tx:
            workspaces.touch(tx, self.id, ChangeKind.CLIENT, id, at=now)
            kind = PrincipalKind.CLIENT
            principals.add(tx, Principal(id, self.id, kind, client.name, None, now))
            clients.add(tx, client)
        self.grant(id, *granted)
        return id, secret

    def key(self, principal: Principal | str, requested: Requested = EVERYTHING) -> str:
        """The secret of a new API key of a principal."""
        now, id = self.running.clock(), new_id("key")
        secret, owner = new_api_key_secret(id), _id_of(principal)
        key = ApiKey(id, owner, self.id, hash_secret(secret), requested, "", owner, now)
        with self.running.database.write() as tx:
            workspaces.touch(tx, self.id, ChangeKind.API_KEY, id, at=now)
            api_keys.add(tx, key)
        return secret

    def key_with(self, *names: str) -> str:
        """A key of the administrator that carries these scopes only."""
        return self.key(self.admin, Requested(frozenset(names)))

    def define(self, *names: str) -> None:
        """Scopes of the workspace's own."""
        now = self.running.clock()
        with self.running.database.write() as tx:
            for name in names:
                workspaces.touch(tx, self.id, ChangeKind.VOCABULARY, name, at=now)
                scopes.add(tx, self.id, scope=ScopeDefinition(name), at=now)

    def role(
        self,
        name: str,
        *own: str,
        includes: tuple[str, ...] = (),
        application: str | None = None,
    ) -> None:
        """A role of the workspace's own, or an application's, with these scopes; unchecked."""
        now = self.running.clock()
        role = RoleDefinition(
            name, application=application, scopes=frozenset(own), includes=frozenset(includes)
        )
        with self.running.database.write() as tx:
            workspaces.touch(tx, self.id, ChangeKind.VOCABULARY, name, at=now)
            roles.add(tx, self.id, role=role, at=now)

    def application(self, name: str, *, registered: bool = True) -> None:
        """An application with a scope, `{name}.all`, and a role that lists it, `{name}.user`."""
        now, scope = self.running.clock(), f"{name}.all"
        made = Application(
            new_id("app"), self.id, name, name.title(), now, f"https://{name}.example/",
            registered_at=now if registered else None,
        )  # fmt: skip
        with self.running.database.write() as tx:
            workspaces.touch(tx, self.id, ChangeKind.VOCABULARY, name, at=now)
            applications.add(tx, made)
            scopes.add(tx, self.id, scope=ScopeDefinition(scope, application=name), at=now)
        self.role(f"{name}.user", scope, application=name)

    def grant(self, principal: Principal | str, *names: str) -> None:
        """Grant scopes beneath the API, so unchecked."""
        now, id = self.running.clock(), _id_of(principal)
        with self.running.database.write() as tx:
            workspaces.touch(tx, self.id, ChangeKind.HOLDINGS, id, at=now)
            for name in names:
                grants.add(tx, self.id, grant=Grant(id, name, self.admin_id, now))

    def revoke(self, principal: Principal | str, name: str) -> None:
        """Take a scope back beneath the API."""
        now, id = self.running.clock(), _id_of(principal)
        with self.running.database.write() as tx:
            workspaces.touch(tx, self.id, ChangeKind.HOLDINGS, id, at=now)
            grants.remove(tx, principal_id=id, scope=name)

    def assign(self, principal: Principal | str, role: str) -> None:
        """Assign a role beneath the API."""
        now, id = self.running.clock(), _id_of(principal)
        with self.running.database.write() as tx:
            workspaces.touch(tx, self.id, ChangeKind.HOLDINGS, id, at=now)
            assignments.add(tx, self.id, assignment=Assignment(id, role, self.admin_id, now))

    def group(self, name: str, *members: Principal | str) -> str:
        """The id of a new group with these members, groups among them, beneath the API."""
        now, id = self.running.clock(), new_uuid()
        with self.running.database.write() as tx:
            workspaces.touch(tx, self.id, ChangeKind.GROUP, id, at=now)
            principals.add(tx, Principal(id, self.id, PrincipalKind.GROUP, name, None, now))
            for member in members:
                membership = Membership(id, _id_of(member), self.admin_id, now)
                groups.add(tx, self.id, membership=membership)
        return id

    def session(
        self, person: Principal | str, client_id: str, requested: Requested = EVERYTHING
    ) -> str:
        """The id of an active session of a person at a client."""
        now = self.running.clock()
        session = Session(
            id=new_id("ses"),
            workspace_id=self.id,
            principal_id=_id_of(person),
            client_id=client_id,
            requested=requested,
            authenticated_at=now,
            created_at=now,
            last_used_at=now,
            expires_at=now.replace(year=now.year + 1),
        )
        with self.running.database.write() as tx:
            sessions.add(tx, session)
        return session.id

    def consent(
        self, person: Principal | str, client_id: str, requested: Requested = EVERYTHING
    ) -> None:
        """A recorded approval of a person for a client."""
        with self.running.database.write() as tx:
            consents.put(tx, Consent(_id_of(person), client_id, requested, self.running.clock()))

    # --- what is remembered ---------------------------------------------------------------------

    def held_by(self, principal: Principal | str) -> Scopes:
        """All that a principal holds now."""
        shipped = self.running.application.services.scopes.catalogues
        with self.running.database.read() as tx:
            words = vocabulary.here(tx, self.id, shipped)
            return holdings.of(tx, _id_of(principal), words)

    @property
    def admin_id(self) -> str:
        return self.admin.id if hasattr(self, "admin") else ""


def _id_of(principal: Principal | str) -> str:
    return principal if isinstance(principal, str) else principal.id
