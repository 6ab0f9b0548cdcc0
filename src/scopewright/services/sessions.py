"""List sessions and end them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scopewright.clock import Clock
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue
from scopewright.core.errors import NotFound
from scopewright.core.model import ChangeKind, Principal, Session
from scopewright.core.scopes import Scopes
from scopewright.store import audit, holdings, principals, sessions, vocabulary, workspaces
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window, part_of


@dataclass(frozen=True, slots=True)
class SessionNow:
    """A session as it is shown. `scopes` are those that its next token would hold."""

    session: Session
    principal: Principal
    client: Principal
    scopes: Scopes


@dataclass(frozen=True, slots=True)
class Sessions:
    """What can be done with the sessions of a workspace. Programs have none: only people do."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]

    @needs("sessions:read")
    def page(self, caller: Caller, window: Window) -> Page[SessionNow]:
        """The active sessions of the workspace, oldest first."""
        with self.database.read() as tx:
            found = sessions.page_active(tx, caller.workspace_id, now=self.clock(), window=window)
            return Page(self._as_shown(tx, caller, found.items), found.cursor)

    @needs("sessions:read")
    def show(self, caller: Caller, *, id: str) -> SessionNow:
        """One active session.

        Raises:
            NotFound: never there, another workspace's, expired or ended.
        """
        with self.database.read() as tx:
            (shown,) = self._as_shown(tx, caller, [self._active(tx, caller, id)])
            return shown

    @needs("sessions:revoke")
    def revoke(self, caller: Caller, *, id: str) -> None:
        """End a session: its refresh token and its access tokens are refused from now on.

        Raises:
            NotFound: as `show`.
        """
        self._end(caller, id, "sessions:revoke", why=f"revoked by {caller.principal.id}")

    def own(self, caller: Caller, window: Window) -> Page[SessionNow]:
        """The active sessions of whoever asks. Nobody needs a scope for their own."""
        with self.database.read() as tx:
            mine = sessions.of_principal(tx, caller.principal.id, now=self.clock())
            found = part_of(mine, lambda session: session.id, window)
            return Page(self._as_shown(tx, caller, found.items), found.cursor)

    def revoke_own(self, caller: Caller, *, id: str) -> None:
        """End a session of whoever asks.

        Raises:
            NotFound: as `show`; or it is somebody else's.
        """
        whose = caller.principal.id
        self._end(caller, id, "own-session:end", why="ended by its person", whose=whose)

    def _end(
        self, caller: Caller, id: str, operation: str, *, why: str, whose: str | None = None
    ) -> None:
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            workspaces.touch_revoking(tx, here, ChangeKind.SESSION, id, at=now)
            session = self._active(tx, caller, id)
            if whose not in (None, session.principal_id):
                raise NotFound("There is no such session.")
            sessions.end(tx, id, at=now, why=why)
            before = {"principal": session.principal_id, "client": session.client_id}
            audit.record(tx, caller, operation, id, at=now, before=before)

    def _active(self, tx: Transaction, caller: Caller, id: str) -> Session:
        session = sessions.get(tx, id)
        here = session is not None and session.workspace_id == caller.workspace_id
        if session is None or not here or not session.is_active(self.clock()):
            raise NotFound("There is no such session.")
        return session

    def _as_shown(
        self, tx: Transaction, caller: Caller, found: Sequence[Session]
    ) -> tuple[SessionNow, ...]:
        people = sorted({session.principal_id for session in found})
        everybody = principals.of_ids(tx, [*people, *{session.client_id for session in found}])
        words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
        held = holdings.of_many(tx, people, words)
        return tuple(
            SessionNow(
                session=session,
                principal=everybody[session.principal_id],
                client=everybody[session.client_id],
                scopes=session.requested.within(held[session.principal_id]),
            )
            for session in found
        )
