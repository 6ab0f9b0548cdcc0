"""What a signed-in person is: their records in every workspace, open sessions and approvals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scopewright.clock import Clock
from scopewright.core.catalogue import Catalogue, ScopeDefinition
from scopewright.core.model import Consent, Identity, Principal, Session, Workspace
from scopewright.store import (
    assignments,
    clients,
    consents,
    holdings,
    principals,
    sessions,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Record:
    """One person's record in one workspace. `clients` has the names of clients by id."""

    workspace: Workspace
    principal: Principal
    roles: tuple[str, ...]
    held: tuple[ScopeDefinition, ...]
    sessions: tuple[Session, ...]
    consents: tuple[Consent, ...]
    clients: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Account:
    """What people may see of themselves."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]

    def of(self, identity: Identity) -> tuple[Record, ...]:
        """Everything that an identity is and holds here, oldest record first."""
        now = self.clock()
        with self.database.read() as tx:
            found = principals.of_identity(tx, identity)
            return tuple(self._record(tx, principal, now) for principal in found)

    def record(self, identity: Identity, *, id: str) -> Principal | None:
        """The record with this id, if it is this identity's."""
        with self.database.read() as tx:
            return next((one for one in principals.of_identity(tx, identity) if one.id == id), None)

    def managed(self, identity: Identity) -> list[Workspace]:
        """The workspaces of which an identity is a member, oldest first."""
        with self.database.read() as tx:
            return workspaces.of_member(tx, identity)

    def _record(self, tx: Transaction, principal: Principal, now: datetime) -> Record:
        workspace = workspaces.find(tx, principal.workspace_id)
        words = vocabulary.of_workspace(tx, workspace, self.catalogues)
        held = holdings.of(tx, principal.id, words)
        open_sessions = tuple(sessions.of_principal(tx, principal.id, now=now))
        approved = tuple(consents.of_principal(tx, principal.id))
        used = {session.client_id for session in open_sessions}
        return Record(
            workspace=workspace,
            principal=principal,
            roles=tuple(a.role for a in assignments.of_principal(tx, principal.id)),
            held=tuple(words.by_name[name] for name in sorted(held)),
            sessions=open_sessions,
            consents=approved,
            clients=_names(tx, used | {consent.client_id for consent in approved}),
        )


def _names(tx: Transaction, client_ids: set[str]) -> dict[str, str]:
    found = (clients.get(tx, id) for id in sorted(client_ids))
    return {client.id: client.name for client in found if client is not None}
