"""What `authority.py` keeps in memory: how it is read, and which changes make it stale."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scopewright.core.catalogue import Catalogue, Vocabulary
from scopewright.core.gateway import Gate, GatewayRoute, gate_of
from scopewright.core.gateway_sessions import GatewaySession
from scopewright.core.model import (
    NO_OVERRIDES,
    ApiKey,
    ChangeKind,
    Client,
    Principal,
    PrincipalKind,
    SigningKey,
    Workspace,
)
from scopewright.core.scopes import Scopes
from scopewright.core.tokens import TokenSettings
from scopewright.store import (
    api_keys,
    changes,
    clients,
    gateway_routes,
    gateway_sessions,
    holdings,
    principals,
    sessions,
    signing_keys,
    vocabulary,
)
from scopewright.store.database import Transaction


@dataclass(frozen=True)
class Rules:
    """What holds for a whole workspace."""

    workspace: Workspace
    vocabulary: Vocabulary
    signing_keys: tuple[SigningKey, ...]
    tokens: TokenSettings
    gateway_routes: tuple[GatewayRoute, ...] = ()
    _gates: dict[str, Gate] = field(default_factory=dict, init=False, compare=False)

    def gate(self, application: str) -> Gate | None:
        """An application as the gateway knows it, by its name; put together once."""
        gate = self._gates.get(application)
        if gate is None:
            gate = gate_of(self.vocabulary, self.gateway_routes, application)
            if gate is not None:
                self._gates[application] = gate
        return gate

    def tokens_of(self, client: Client) -> TokenSettings:
        """The token settings in force for a client."""
        if client.tokens is NO_OVERRIDES:
            return self.tokens
        return self.tokens.overridden(client.tokens)


@dataclass(frozen=True, slots=True)
class Holder:
    """A principal that can present itself, as a group never does, and all that it holds.

    `revoked_at` is when everything that was issued to it until then was refused for good.
    """

    principal: Principal
    held: Scopes
    revoked_at: datetime | None = None

    def has_lost(self, issued_at: datetime) -> bool:
        """Whether what was issued then is refused; `iat` is in whole seconds."""
        return self.revoked_at is not None and issued_at <= self.revoked_at


# A change of any other kind is about the rules, and with them about everything.
STALE_AFTER: dict[ChangeKind, tuple[str, ...]] = {
    ChangeKind.TOKEN: ("token",),
    ChangeKind.SESSION: ("session",),
    ChangeKind.CLIENT: ("client", "principal"),
    ChangeKind.PRINCIPAL: ("principal", "client"),
    ChangeKind.API_KEY: ("api_key",),
    ChangeKind.HOLDINGS: ("principal",),
    ChangeKind.ACCESS_TAG: (),  # tags are looked up for each decision
}


def rules_of(
    tx: Transaction,
    workspace: Workspace,
    *,
    catalogues: Mapping[str, Catalogue],
    tokens: TokenSettings,
) -> Rules:
    """What holds for a whole workspace; `tokens` are the server's own settings."""
    return Rules(
        workspace=workspace,
        vocabulary=vocabulary.of_workspace(tx, workspace, catalogues),
        signing_keys=tuple(signing_keys.of_workspace(tx, workspace.id)),
        tokens=tokens.overridden(workspace.tokens),
        gateway_routes=tuple(gateway_routes.of_workspace(tx, workspace.id)),
    )


def load(tx: Transaction, rules: Rules, kind: str, id: str) -> Any:
    """One value of a workspace; None, or False, where there is nothing."""
    return _LOADERS[kind](tx, rules, id)


def _load_principal(tx: Transaction, rules: Rules, id: str) -> Holder | None:
    principal = principals.get(tx, id)
    if principal is None or principal.workspace_id != rules.workspace.id:
        return None
    if principal.kind is PrincipalKind.GROUP:
        return None
    revoked_at = changes.revoked_at(tx, rules.workspace.id, id)
    return Holder(principal, holdings.of(tx, id, rules.vocabulary), revoked_at)


def _load_client(tx: Transaction, rules: Rules, id: str) -> Client | None:
    client = clients.get(tx, id)
    return client if client and client.workspace_id == rules.workspace.id else None


def _load_session(tx: Transaction, rules: Rules, id: str) -> bool:
    session = sessions.get(tx, id)
    here = session is not None and session.workspace_id == rules.workspace.id
    return here and session is not None and session.ended_at is None


def _load_api_key(tx: Transaction, rules: Rules, id: str) -> ApiKey | None:
    key = api_keys.get(tx, id)
    return key if key and key.workspace_id == rules.workspace.id else None


def _load_token(tx: Transaction, rules: Rules, id: str) -> bool:
    workspace_id = rules.workspace.id
    return changes.is_revoked(tx, workspace_id, kind=ChangeKind.TOKEN, subject_id=id)


def _load_gateway_session(tx: Transaction, rules: Rules, id: str) -> GatewaySession | None:
    """By the hash of its cookie. Whether its session has ended is another value's to say."""
    browser = gateway_sessions.get(tx, id)
    return browser if browser and browser.session.workspace_id == rules.workspace.id else None


_LOADERS: dict[str, Callable[[Transaction, Rules, str], Any]] = {
    "principal": _load_principal,
    "client": _load_client,
    "session": _load_session,
    "gateway_session": _load_gateway_session,
    "api_key": _load_api_key,
    "token": _load_token,
}
