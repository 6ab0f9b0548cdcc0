"""Register, change and delete OAuth clients; let a new secret follow the present one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from scopewright import ids
from scopewright.clock import Clock
from scopewright.core import client_metadata, delegation, names, oauth, tokens
from scopewright.core.builtin_clients import refuse_builtin
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue, Vocabulary
from scopewright.core.client_authentication import has_secret
from scopewright.core.errors import Conflict, Invalid, NotFound
from scopewright.core.model import (
    ChangeKind,
    Client,
    ClientSecret,
    ClientType,
    Grant,
    ScopeDefault,
)
from scopewright.core.scopes import NONE, Scopes
from scopewright.store import (
    applications,
    audit,
    clients,
    consents,
    grants,
    holdings,
    principals,
    sessions,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window

TokenChanges = Mapping[str, Any]  # some fields of `TokenOverrides` with their new values
RegistrationChanges = Mapping[str, Any]  # some members of `ClientRegistration`, as JSON has them

LONGEST_OVERLAP = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Registered:
    """A client with the scopes granted to it: the workspace's apart from those that open it."""

    client: Client
    scopes: Scopes = NONE
    internal_scopes: Scopes = NONE


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """What is said about a client. None: nothing is said, it stays; so do tokens' other fields."""

    name: str | None = None
    redirect_uris: tuple[str, ...] | None = None
    require_pkce: bool | None = None
    allow_both_auth_methods: bool | None = None
    scope_default: ScopeDefault | None = None
    grant_types: frozenset[str] | None = None
    tokens: TokenChanges | None = None
    registration: RegistrationChanges | None = None

    def applied_to(self, client: Client) -> Client:
        """The client with what is said.

        Raises:
            Invalid: a setting that is out of bounds or does not fit the client's type.
        """
        values = {setting.name: getattr(self, setting.name) for setting in fields(self)}
        said = {name: value for name, value in values.items() if value is not None}
        said["tokens"] = tokens.check_overrides(replace(client.tokens, **(self.tokens or {})))
        said["registration"] = client_metadata.changed(client.registration, self.registration or {})
        changed: Client = replace(client, **said)
        changed = replace(changed, name=names.check_title(changed.name))
        return client_metadata.check_method(oauth.check_registration(changed))

    @property
    def describes(self) -> bool:
        """Whether something is said that a metadata document says of its client."""
        described = (self.name, self.redirect_uris, self.grant_types, self.registration)
        return any(value is not None for value in described)


@dataclass(frozen=True, slots=True)
class Clients:
    """What can be done with OAuth clients."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]

    @needs("clients:read")
    def page(self, caller: Caller, *, window: Window) -> Page[Registered]:
        """The clients of the workspace, oldest first."""
        with self.database.read() as tx:
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
            found = clients.page(tx, caller.workspace_id, window=window)
            granted = grants.of_principals(tx, [client.id for client in found.items])
        shown = tuple(_shown(client, granted[client.id], words) for client in found.items)
        return Page(shown, found.cursor)

    @needs("clients:read")
    def show(self, caller: Caller, *, id: str) -> Registered:
        """One client.

        Raises:
            NotFound: there is no such client.
        """
        with self.database.read() as tx:
            return self._registered(tx, _find(tx, caller, id))

    @needs("clients:create")
    def register(
        self, caller: Caller, *, type: ClientType, settings: ClientSettings
    ) -> tuple[Registered, str | None]:
        """A new client, and its secret where one proves it: shown now, and never again.

        Raises:
            Invalid: a setting that is out of bounds or does not fit the type.
        """
        now, secret = self.clock(), ids.new_secret("sws")
        blank = oauth.new_client(ids.new_uuid(), caller.workspace_id, type=type, at=now)
        client = settings.applied_to(blank)
        if has_secret(client):
            client = replace(client, secrets=(ClientSecret(oauth.hash_secret(secret), now),))
        with self.database.write() as tx:
            workspaces.touch(tx, caller.workspace_id, ChangeKind.CLIENT, client.id, at=now)
            principals.add(tx, client.principal)
            clients.add(tx, client)
            after = {"type": client.type.value, **_described(client)}
            audit.record(tx, caller, "clients:create", client.id, at=now, after=after)
        return Registered(client), secret if has_secret(client) else None

    @needs("clients:update")
    def update(self, caller: Caller, *, id: str, settings: ClientSettings) -> Registered:
        """Change what is said; each list that is named is replaced. The type never changes.

        Another redirect URI receives what people have consented to send to the present one: so it
        counts as giving, and the recorded consents are dropped. So do other keys: whoever has them
        is the client.

        Raises:
            NotFound: there is no such client.
            Forbidden: it is built in.
            Conflict: it describes itself elsewhere.
            Invalid: a setting that is out of bounds or does not fit the type.
            Escalation: the client, or people in session with it, hold what the caller does not.
        """
        now = self.clock()
        with self.database.write() as tx:
            workspaces.touch(tx, caller.workspace_id, ChangeKind.CLIENT, id, at=now)
            before = _changeable(tx, caller, id)
            if before.document_url is not None and settings.describes:
                raise Conflict("This client describes itself at its URL.", conflict="document_url")
            after = settings.applied_to(before)
            if not client_metadata.is_proven_alike(before.registration, after.registration):
                self._refuse_control(tx, caller, before)
            if set(after.redirect_uris) != set(before.redirect_uris):
                self._refuse_redirecting(tx, caller, before, now)
                consents.remove_of_client(tx, id)
            if not has_secret(after):
                clients.expire_secrets(tx, id, now=now, at=now)
            clients.change(tx, after)
            principals.rename(tx, id, name=after.name)
            changed = audit.difference(_described(before), _described(after))
            audit.record(tx, caller, "clients:update", id, at=now, **changed)
            return self._registered(tx, after)

    @needs("clients:rotate-secret")
    def rotate_secret(
        self, caller: Caller, *, id: str, overlap: timedelta
    ) -> tuple[Registered, str]:
        """A new secret, shown now and never again; earlier ones go on for the overlap.

        Raises:
            NotFound: there is no such client.
            Invalid: the overlap is out of bounds.
            Conflict: clients of this type or method have no secret.
            Escalation: the client holds what the caller does not.
        """
        if not timedelta() <= overlap <= LONGEST_OVERLAP:
            longest = int(LONGEST_OVERLAP.total_seconds())
            raise Invalid(f"Choose 0 to {longest} seconds.", field="overlap")
        now, secret = self.clock(), ids.new_secret("sws")
        with self.database.write() as tx:
            workspaces.touch(tx, caller.workspace_id, ChangeKind.CLIENT, id, at=now)
            client = _find(tx, caller, id)
            if not has_secret(client):
                raise Conflict("A client of this type has no secret.", conflict="type")
            self._refuse_control(tx, caller, client)
            clients.expire_secrets(tx, id, now=now, at=now + overlap)
            clients.add_secret(tx, id, ClientSecret(oauth.hash_secret(secret), now))
            seconds = int(overlap.total_seconds())
            audit.record(tx, caller, "clients:rotate-secret", id, at=now, overlap=seconds)
            return self._registered(tx, _find(tx, caller, id)), secret

    @needs("clients:delete")
    def delete(self, caller: Caller, *, id: str) -> None:
        """Forget a client with its grants, metadata and sessions; its tokens are refused at once.

        Raises:
            NotFound: there is no such client.
            Forbidden: it is built in.
        """
        now = self.clock()
        with self.database.write() as tx:
            workspaces.touch_revoking(tx, caller.workspace_id, ChangeKind.CLIENT, id, at=now)
            client = _changeable(tx, caller, id)
            granted = [grant.scope for grant in grants.of_principal(tx, id)]
            principals.remove(tx, id)
            before = {"type": client.type.value, **_described(client), "scopes": granted}
            audit.record(tx, caller, "clients:delete", id, at=now, before=before)

    def _refuse_control(self, tx: Transaction, caller: Caller, client: Client) -> None:
        """Who has the secret or the keys can do all that the client can."""
        words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
        holds = holdings.of_giver(tx, caller, words)
        delegation.refuse_giving(caller, words, held=holds, given=holdings.of(tx, client.id, words))

    def _refuse_redirecting(
        self, tx: Transaction, caller: Caller, client: Client, now: datetime
    ) -> None:
        """Who receives the codes can do all that the people in session with the client can."""
        words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
        people = {
            *sessions.principals_of_client(tx, client.id, now=now),
            *consents.principals_of_client(tx, client.id),
        }
        held_by_each = holdings.of_many(tx, sorted(people), words)
        holds = holdings.of_giver(tx, caller, words)
        given = NONE.union(*held_by_each.values())
        delegation.refuse_giving(caller, words, held=holds, given=given)

    def _registered(self, tx: Transaction, client: Client) -> Registered:
        words = vocabulary.here(tx, client.workspace_id, self.catalogues)
        return _shown(client, grants.of_principal(tx, client.id), words)


def _find(tx: Transaction, caller: Caller, id: str) -> Client:
    client = clients.get(tx, id)
    if client is None or client.workspace_id != caller.workspace_id:
        raise NotFound("There is no such client.")
    return client


def _changeable(tx: Transaction, caller: Caller, id: str) -> Client:
    client = _find(tx, caller, id)
    refuse_builtin(client, applications.of_workspace(tx, caller.workspace_id))
    return client


def _shown(client: Client, granted: list[Grant], words: Vocabulary) -> Registered:
    scopes = frozenset(grant.scope for grant in granted)
    return Registered(client, scopes - words.guarded, scopes & words.guarded)


def _described(client: Client) -> dict[str, Any]:
    """A client's settings for the audit log; no secret is among them."""
    return {
        "name": client.name,
        "redirect_uris": list(client.redirect_uris),
        "require_pkce": client.require_pkce,
        "allow_both_auth_methods": client.allow_both_auth_methods,
        "scope_default": client.scope_default.value,
        "grant_types": sorted(client.grant_types),
        "tokens": asdict(client.tokens),
        "registration": client_metadata.said(client.registration),
    }
