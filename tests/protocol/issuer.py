"""A workspace made in the store, and its protocol endpoints as a client meets them.

The management API has tests of its own: here what a test needs is written down directly, each
change with the `touch` that its operation makes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import update

from scopewright import ids
from scopewright.core.catalogue import ScopeDefinition
from scopewright.core.model import (
    ApiKey,
    Approved,
    Asked,
    Assignment,
    Authorization,
    ChangeKind,
    Client,
    ClientSecret,
    ClientType,
    Grant,
    Identity,
    Principal,
    PrincipalKind,
    ScopeDefault,
    TokenOverrides,
    Workspace,
)
from scopewright.core.oauth import GRANTS_OF_TYPE, hash_secret
from scopewright.core.registration import ClientRegistration
from scopewright.core.scopes import parse
from scopewright.core.tokens import LONGEST_ACCESS
from scopewright.core.trusted_issuers import Rule, TrustedIssuer
from scopewright.settings import Settings
from scopewright.store import (
    api_keys,
    assignments,
    authorizations,
    clients,
    grants,
    principals,
    schema,
    scopes,
    sessions,
    signing_keys,
    trusted_issuers,
    workspaces,
)
from scopewright.store.database import Database
from tests.clock import FrozenClock
from tests.outside import Outside
from tests.serving import serving
from tests.signing import first_keys

REDIRECT_URI = "http://127.0.0.1:9/callback"  # nothing listens there
VERIFIER = "v" * 43
Answer = httpx.Response


@dataclass(frozen=True)
class KnownClient:
    """A registered client; `secret` is None for public ones."""

    id: str
    secret: str | None = None

    @property
    def basic(self) -> tuple[str, str]:
        return self.id, self.secret or ""


@dataclass(frozen=True)
class Site:
    """A running server, its database, and the clock that both it and the tests read."""

    url: str
    database: Database
    clock: FrozenClock
    http: httpx.Client


@contextmanager
def running_site(database_url: str, **sections: Any) -> Iterator[Site]:
    """A server on this database; `sections` are settings, such as `limits={"body": 2048}`."""
    clock = FrozenClock()
    settings = Settings.model_validate({"database": {"url": database_url}, **sections})
    with serving(settings, clock=clock) as url, httpx.Client(base_url=url, timeout=30) as http:
        database = Database(database_url)
        try:
            yield Site(url, database, clock, http)
        finally:
            database.close()


@dataclass
class Issuer:
    """One workspace: `machine`, `phone_app`, `person` make what asks; `token` … ask."""

    site: Site
    id: str = field(default_factory=ids.new_uuid)

    @classmethod
    def new(cls, site: Site, **fields: Any) -> Issuer:
        """A workspace with its first keys; `fields` are the workspace's own."""
        self = cls(site)
        made: dict[str, Any] = {
            "id": self.id,
            "slug": f"w-{self.id}",
            "name": "Acme",
            "catalogues": ("internal",),
            "created_at": self.clock(),
        }
        with self.database.write() as tx:
            workspaces.add(tx, Workspace(**{**made, **fields}))
            for key in first_keys(self.id, self.clock()):
                signing_keys.add(tx, key)
        return self

    @property
    def issuer(self) -> str:
        return f"{self.site.url}/w/{self.id}"

    @property
    def database(self) -> Database:
        return self.site.database

    @property
    def clock(self) -> FrozenClock:
        return self.site.clock

    @property
    def http(self) -> httpx.Client:
        """The server, as nobody."""
        return self.site.http

    # --- what is registered ---------------------------------------------------------------------

    def machine(self, *held: str, **fields: Any) -> KnownClient:
        """A client-credentials client that holds these scopes."""
        return self.register(ClientType.CLIENT_CREDENTIALS, held, **fields)

    def phone_app(self, **fields: Any) -> KnownClient:
        """A public client with PKCE."""
        return self.register(ClientType.PKCE, **fields)

    def server_app(self, **fields: Any) -> KnownClient:
        """A confidential client for people."""
        return self.register(ClientType.AUTHORIZATION_CODE, **fields)

    def register(self, type: ClientType, held: tuple[str, ...] = (), **fields: Any) -> KnownClient:
        principal = self._principal(PrincipalKind.CLIENT, f"{type} client", None, held)
        client = Client(
            **{
                "id": principal,
                "workspace_id": self.id,
                "name": f"{type} client",
                "type": type,
                "redirect_uris": (REDIRECT_URI,) if type in _WITH_REDIRECT else (),
                "secrets": (),
                "require_pkce": True,
                "allow_both_auth_methods": False,
                "scope_default": ScopeDefault.HELD,
                "grant_types": GRANTS_OF_TYPE[type],
                "tokens": TokenOverrides(),
                "created_at": self.clock(),
                **fields,
            }
        )
        secret = ids.new_secret("sws") if client.is_confidential else None
        hashes = (ClientSecret(hash_secret(secret), self.clock()),) if secret else ()
        with self.database.write() as tx:
            clients.add(tx, replace(client, secrets=client.secrets or hashes))
        return KnownClient(principal, secret)

    def person(self, *held: str, email: str = "ann@example.com") -> str:
        """An end-user that holds these scopes; the principal's id."""
        identity = Identity("email", email)
        return self._principal(PrincipalKind.END_USER, email, identity, held)

    def member(self, role: str, *, email: str = "mia@example.com") -> str:
        """A member with this role, such as `iotman:viewer`; the principal's id."""
        member = self._principal(PrincipalKind.MEMBER, email, Identity("email", email), ())
        with self.database.write() as tx:
            self.touch(tx, ChangeKind.HOLDINGS, member)
            given = Assignment(member, role, member, self.clock())
            assignments.add(tx, self.id, assignment=given)
        return member

    def _principal(
        self, kind: PrincipalKind, name: str, identity: Identity | None, held: tuple[str, ...]
    ) -> str:
        principal = Principal(ids.new_uuid(), self.id, kind, name, identity, self.clock())
        with self.database.write() as tx:
            principals.add(tx, principal)
        self.grant(principal.id, *held)
        return principal.id

    def api_key(self, holder: str, scope: str | None = None, **fields: Any) -> str:
        """A key of this principal; its secret. Without `scope` it inherits."""
        key_id = ids.new_id("key")
        secret = ids.new_api_key_secret(key_id)
        known: dict[str, Any] = {
            "id": key_id,
            "principal_id": holder,
            "workspace_id": self.id,
            "secret_hash": hash_secret(secret),
            "requested": parse(scope),
            "note": "",
            "created_by": holder,
            "created_at": self.clock(),
        }
        with self.database.write() as tx:
            self.touch(tx, ChangeKind.API_KEY, key_id)
            api_keys.add(tx, ApiKey(**{**known, **fields}))
        return secret

    def trust(self, outside: Outside, *rules: Rule, **fields: Any) -> TrustedIssuer:
        """Trust an outside issuer to speak for the clients of these rules."""
        made: dict[str, Any] = {
            "id": ids.new_id("tri"),
            "workspace_id": self.id,
            "issuer": outside.issuer,
            "audience": self.issuer,
            "jwks_uri": None,
            "jwks": outside.jwks,
            "rules": rules,
            "is_single_use": True,
            "created_at": self.clock(),
        }
        trusted = TrustedIssuer(**{**made, **fields})
        with self.database.write() as tx:
            trusted_issuers.add(tx, trusted)
        return trusted

    # --- what changes ---------------------------------------------------------------------------

    def touch(self, tx: Any, kind: ChangeKind, subject: str, *, revokes: bool = True) -> None:
        at = self.clock()
        until = at + LONGEST_ACCESS if revokes else None
        workspaces.touch(tx, self.id, kind, subject, at=at, forget_at=until)

    def define(self, *names: str) -> None:
        """Scopes of the workspace's own; those that exist are left."""
        with self.database.write() as tx:
            known = {scope.name for scope in scopes.of_workspace(tx, self.id)}
            for name in set(names) - known:
                self.touch(tx, ChangeKind.VOCABULARY, name)
                scopes.add(tx, self.id, scope=ScopeDefinition(name), at=self.clock())

    def grant(self, principal: str, *held: str) -> None:
        self.define(*(scope for scope in held if not scope.startswith("iotman:")))
        with self.database.write() as tx:
            for scope in held:
                self.touch(tx, ChangeKind.HOLDINGS, principal)
                given = Grant(principal, scope, principal, self.clock())
                grants.add(tx, self.id, grant=given)

    def revoke_grant(self, principal: str, scope: str) -> None:
        with self.database.write() as tx:
            self.touch(tx, ChangeKind.HOLDINGS, principal)
            grants.remove(tx, principal_id=principal, scope=scope)

    def set_policy(self, **changes: Any) -> None:
        """Change some of the workspace's policy."""
        with self.database.write() as tx:
            self.touch(tx, ChangeKind.WORKSPACE, self.id)
            workspace = workspaces.get(tx, self.id)
            assert workspace is not None
            policy = replace(workspace.policy, **changes)
            workspaces.change(tx, replace(workspace, policy=policy))

    def set_tokens(self, tokens: TokenOverrides) -> None:
        """What the workspace says of tokens from now on."""
        with self.database.write() as tx:
            self.touch(tx, ChangeKind.WORKSPACE, self.id)
            workspace = workspaces.get(tx, self.id)
            assert workspace is not None
            workspaces.change(tx, replace(workspace, tokens=tokens))

    def know(self, client: KnownClient, registration: ClientRegistration) -> None:
        """The client registers this from now on."""
        with self.database.write() as tx:
            self.touch(tx, ChangeKind.CLIENT, client.id, revokes=False)
            known = clients.get(tx, client.id)
            assert known is not None
            clients.change(tx, replace(known, registration=registration))

    def delete_client(self, client: KnownClient) -> None:
        with self.database.write() as tx:
            self.touch(tx, ChangeKind.CLIENT, client.id)
            principals.remove(tx, client.id)

    def remove_person(self, principal: str) -> None:
        with self.database.write() as tx:
            self.touch(tx, ChangeKind.PRINCIPAL, principal)
            principals.remove(tx, principal)

    def disable(self, principal: str) -> None:
        with self.database.write() as tx:
            self.touch(tx, ChangeKind.PRINCIPAL, principal)
            row = update(schema.principals).where(schema.principals.c.id == principal)
            tx.run(row.values(disabled_at=self.clock()))

    def revoke_key(self, secret: str) -> None:
        key_id = ids.api_key_id(secret) or ""
        with self.database.write() as tx:
            self.touch(tx, ChangeKind.API_KEY, key_id)
            assert api_keys.revoke(tx, key_id, at=self.clock())

    def end_session(self, session_id: str) -> None:
        with self.database.write() as tx:
            self.touch(tx, ChangeKind.SESSION, session_id)
            sessions.end(tx, session_id, at=self.clock(), why="revoked")

    def session_ended_why(self, session_id: str) -> str | None:
        with self.database.read() as tx:
            session = sessions.get(tx, session_id)
        assert session is not None
        return session.ended_why

    # --- the protocol ---------------------------------------------------------------------------

    def post(
        self, path: str, form: dict[str, str], client: KnownClient | None = None, **more: Any
    ) -> Answer:
        """A form to an endpoint; the client by Basic, or by its id alone where it is public."""
        if client is not None and client.secret is None:
            form = {**form, "client_id": client.id}
        elif client is not None:
            more["auth"] = client.basic
        return self.http.post(f"{self.issuer}/{path}", data=form, **more)

    def token(self, client: KnownClient, **parameters: str) -> Answer:
        """Client credentials."""
        return self.post("token", {"grant_type": "client_credentials", **parameters}, client)

    def access_token(self, client: KnownClient, **parameters: str) -> str:
        return str(_ok(self.token(client, **parameters))["access_token"])

    def code(
        self,
        client: KnownClient,
        person: str,
        scope: str | None = None,
        *,
        approved: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> str:
        """A code that the person has approved at this client, for `VERIFIER`.

        `fields` are those of the authorization, `approved` more of its stage.
        """
        code, now = ids.new_secret("swc"), self.clock()
        made: dict[str, Any] = {
            "id": ids.new_id("aut"),
            "workspace_id": self.id,
            "client_id": client.id,
            "redirect_uri": REDIRECT_URI,
            "redirect_uri_was_sent": True,
            "requested": parse(scope),
            "code_challenge": challenge_of(VERIFIER),
            "state": None,
            "nonce": None,
            "prompt": frozenset(),
            "stage": Asked(),
            "created_at": now,
            "expires_at": now + timedelta(minutes=10),
        }
        pending = Authorization(**{**made, **fields})
        stage = Approved(person, hash_secret(code), now, now, **(approved or {}))
        with self.database.write() as tx:
            authorizations.add(tx, pending)
            authorizations.approve(tx, pending.id, stage, until=pending.expires_at)
        return code

    def redeem(self, client: KnownClient, code: str, **parameters: str) -> Answer:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
            **parameters,
        }
        return self.post("token", form, client)

    def signed_in(
        self, client: KnownClient, person: str, scope: str | None = None, **fields: Any
    ) -> dict[str, Any]:
        """The token endpoint's answer to a fresh code: a new session; `fields` as in `code`."""
        return _ok(self.redeem(client, self.code(client, person, scope, **fields)))

    def refresh(self, client: KnownClient, refresh_token: str, **parameters: str) -> Answer:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, **parameters}
        return self.post("token", form, client)

    def introspect(self, client: KnownClient, token: str) -> dict[str, Any]:
        return _ok(self.post("introspect", {"token": token}, client))

    def is_active(self, client: KnownClient, token: str) -> bool:
        return bool(self.introspect(client, token)["active"])

    def revoke(self, client: KnownClient, token: str, **parameters: str) -> Answer:
        return self.post("revoke", {"token": token, **parameters}, client)

    def userinfo(self, token: str) -> Answer:
        return self.http.get(f"{self.issuer}/userinfo", headers=bearer(token))

    def scopes_page(self, token: str) -> Answer:
        """A call of the management API, opened by `iotman:scopes:read`."""
        return self.http.get(
            f"{self.site.url}/api/workspaces/{self.id}/scopes", headers=bearer(token)
        )

    def jwks(self) -> dict[str, Any]:
        return _ok(self.http.get(f"{self.issuer}/jwks"))


_WITH_REDIRECT = (ClientType.PKCE, ClientType.AUTHORIZATION_CODE)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def challenge_of(verifier: str) -> str:
    """The S256 challenge (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def assert_refused(answer: Answer, status: int, code: str) -> None:
    """A refusal as RFC 6749 §5.2 spells it: JSON that nobody may keep."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    assert said["error"] == code
    assert set(said) <= {"error", "error_description", "error_uri"}
    assert _DESCRIPTION.issuperset(said["error_description"])  # RFC 6749 §5.2
    if status == 401:
        assert "www-authenticate" in answer.headers


_DESCRIPTION = {chr(code) for code in range(0x20, 0x7F)} - {'"', "\\"}


def _ok(answer: Answer) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
