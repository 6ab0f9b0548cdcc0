"""What applications may do for whoever asks, and the end of that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from scopewright.clock import Clock
from scopewright.core.caller import Caller
from scopewright.core.catalogue import Catalogue
from scopewright.core.errors import NotFound
from scopewright.core.model import ChangeKind, Consent, Principal, Session
from scopewright.core.scopes import Scopes
from scopewright.store import (
    audit,
    consents,
    holdings,
    principals,
    sessions,
    standing,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window, part_of


@dataclass(frozen=True, slots=True)
class Connection:
    """An application that acts for a person. `scopes` are those that its next token would hold.

    `sessions` is how many are open; `is_approved` says whether the person was asked and is not
    asked again.
    """

    client: Principal
    scopes: Scopes
    since: datetime
    sessions: int
    is_approved: bool


@dataclass(frozen=True, slots=True)
class Connections:
    """What people can do with their own. Nobody needs a scope for that."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]

    def own(self, caller: Caller, window: Window) -> Page[Connection]:
        """The applications that act for whoever asks, by their id."""
        with self.database.read() as tx:
            held = holdings.of(
                tx, caller.principal.id, vocabulary.here(tx, caller.workspace_id, self.catalogues)
            )
            approved, opened = self._of(tx, caller.principal.id)
            ids = sorted({*approved, *opened})
            found = part_of(ids, str, window)
            clients = principals.of_ids(tx, list(found.items))
            shown = (
                _connection(clients[id], approved.get(id), opened.get(id, []), held)
                for id in found.items
            )
            return Page(tuple(shown), found.cursor)

    def end_own(self, caller: Caller, *, client_id: str) -> None:
        """Take an application's approval back, and end the sessions through it.

        Raises:
            NotFound: it does not act for whoever asks.
        """
        now, who, here = self.clock(), caller.principal.id, caller.workspace_id
        with self.database.write() as tx:
            workspaces.touch(tx, here, ChangeKind.PRINCIPAL, who, at=now)
            approved, opened = self._of(tx, who)
            if client_id not in {*approved, *opened}:
                raise NotFound("There is no such application among yours.")
            consents.remove(tx, principal_id=who, client_id=client_id)
            ended = opened.get(client_id, [])
            for session in ended:
                standing.end_session(tx, here, session.id, at=now, why="disconnected by its person")
            audit.record(tx, caller, "own-connection:end", client_id, at=now, sessions=len(ended))

    def _of(
        self, tx: Transaction, person_id: str
    ) -> tuple[dict[str, Consent], dict[str, list[Session]]]:
        """What is approved, and which sessions are open, by client."""
        approved = {one.client_id: one for one in consents.of_principal(tx, person_id)}
        return approved, _by_client(sessions.of_principal(tx, person_id, now=self.clock()))


def _by_client(opened: Iterable[Session]) -> dict[str, list[Session]]:
    found: dict[str, list[Session]] = {}
    for session in opened:
        found.setdefault(session.client_id, []).append(session)
    return found


def _connection(
    client: Principal, approval: Consent | None, opened: list[Session], held: Scopes
) -> Connection:
    asked = [session.requested for session in opened]
    if approval is not None:
        asked.append(approval.requested)
    return Connection(
        client=client,
        scopes=frozenset().union(*(one.within(held) for one in asked)),
        since=min(
            [session.created_at for session in opened] + ([] if approval is None else [approval.at])
        ),
        sessions=len(opened),
        is_approved=approval is not None,
    )
