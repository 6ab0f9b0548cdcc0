"""Disable principals and enable them again, sign people out, remove whoever it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scopewright.catalogues import member_roles
from scopewright.clock import Clock
from scopewright.core import delegation
from scopewright.core.builtin_clients import refuse_builtin
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue
from scopewright.core.errors import NotFound
from scopewright.core.identities import PEOPLE, check_person
from scopewright.core.model import ChangeKind, Principal, PrincipalKind
from scopewright.core.principals import (
    REMOVED_BY,
    Overview,
    as_told,
    check_can_present,
    check_disabling,
    check_not_last,
)
from scopewright.store import (
    applications,
    assignments,
    audit,
    clients,
    holdings,
    invitations,
    overviews,
    principals,
    senders,
    sessions,
    standing,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database, Transaction

CHANGE_OF = {PrincipalKind.CLIENT: ChangeKind.CLIENT, PrincipalKind.GROUP: ChangeKind.GROUP}


@dataclass(frozen=True, slots=True)
class SignedOut:
    """How many sessions were ended, and how many API keys go on: those are revoked by name."""

    sessions_ended: int
    api_keys_kept: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What can be done about whether a principal may present itself."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]

    @needs("principals:update")
    def disable(self, caller: Caller, *, name: str) -> Overview:
        """Refuse at once whatever a principal presents, and end its sessions.

        Of a client through which people act, theirs too. What it holds stays, and waits.

        Raises:
            NotFound: there is no such principal.
            Forbidden: it is a client that is built in.
            Conflict: a group; the caller itself; the last administrator.
        """
        now = self.clock()
        with self.database.write() as tx:
            principal = self._touched(tx, caller, name, now, revokes=True)
            if principal.disabled_at is None:
                self._disable(tx, caller, principal, now)
            return self._overview(tx, caller, principal.id, now)

    @needs("principals:update")
    def enable(self, caller: Caller, *, name: str) -> Overview:
        """Accept again what a principal presents; sessions and tokens of before stay ended.

        Whoever enables somebody gives back all that they hold, API keys included.

        Raises:
            NotFound: there is no such principal.
            Conflict: it is a group.
            Escalation: it holds what the caller does not.
        """
        now = self.clock()
        with self.database.write() as tx:
            principal = self._touched(tx, caller, name, now, revokes=False)
            check_can_present(principal)
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
            holds = holdings.of_giver(tx, caller, words)
            given = holdings.of(tx, principal.id, words)
            delegation.refuse_giving(caller, words, held=holds, given=given)
            if principal.disabled_at is not None:
                standing.enable(tx, principal.id)
                audit.record(tx, caller, "principals:enable", principal.id, at=now)
            return self._overview(tx, caller, principal.id, now)

    @needs("sessions:revoke")
    def sign_out(self, caller: Caller, *, name: str) -> SignedOut:
        """End every session of a person here; their browsers must prove who they are anew.

        Raises:
            NotFound: there is no such principal.
            Conflict: it never signs in.
        """
        return self._sign_out(caller, name)

    def sign_out_oneself(self, caller: Caller) -> SignedOut:
        """The same for whoever asks. Nobody needs a scope for that.

        Raises:
            Conflict: the caller never signs in.
        """
        return self._sign_out(caller, caller.principal.id)

    @needs("principals:remove")
    def remove(self, caller: Caller, *, name: str) -> None:
        """Forget a principal of whatever kind with all that it has; what it has sent is cancelled.

        Raises:
            NotFound: there is no such principal.
            Forbidden: the operation that removes its kind is not open to the caller; it is built
                in.
            Conflict: the last administrator.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            found = principals.find_any(tx, here, name=name)
            caller.check(REMOVED_BY[found.kind])
            principal = self._touched(tx, caller, found.id, now, revokes=True)
            _refuse_builtin(tx, principal)
            check_not_last(principal, self._administrators(tx, here))
            words = vocabulary.here(tx, here, self.catalogues)
            had = senders.held_by_each(tx, here, words)
            before = {"kind": principal.kind.value, "name": principal.name}
            cancelled = invitations.remove_of_sender(tx, principal.id)
            sessions.end_of_principal(tx, principal.id, at=now, why="removed")
            if not principals.remove(tx, principal.id):
                raise NotFound("There is no such principal.")
            cancelled += senders.cancel_of_deprived(tx, here, words, had=had)
            audit.record(
                tx, caller, "principals:remove", principal.id, at=now,
                before=before, cancelled_invitations=cancelled,
            )  # fmt: skip

    # --- what they have in common ---------------------------------------------------------------

    def _disable(
        self, tx: Transaction, caller: Caller, principal: Principal, now: datetime
    ) -> None:
        here = principal.workspace_id
        check_disabling(
            principal, by=caller.principal, administrators=self._administrators(tx, here)
        )
        _refuse_builtin(tx, principal)
        standing.disable(tx, principal.id, at=now)
        end = standing.sign_out if principal.kind in PEOPLE else standing.close
        ended = end(tx, principal, at=now, why=f"disabled by {caller.principal.id}")
        audit.record(tx, caller, "principals:disable", principal.id, at=now, sessions=ended)

    def _sign_out(self, caller: Caller, name: str) -> SignedOut:
        now, by = self.clock(), caller.principal.id
        with self.database.write() as tx:
            person = principals.find_any(tx, caller.workspace_id, name=name)
            check_person(person)
            self._touched(tx, caller, person.id, now, revokes=True)
            ended = standing.sign_out(tx, person, at=now, why=f"signed out by {by}")
            kept = overviews.activity_of(tx, [person.id], now=now)[person.id].api_keys
            audit.record(tx, caller, "principals:sign-out", person.id, at=now, sessions=ended)
        return SignedOut(ended, kept)

    def _touched(
        self, tx: Transaction, caller: Caller, name: str, now: datetime, *, revokes: bool
    ) -> Principal:
        """The principal under the lock; `revokes` whatever was issued to it until now."""
        here, found = caller.workspace_id, principals.find_any(tx, caller.workspace_id, name=name)
        kind = CHANGE_OF.get(found.kind, ChangeKind.PRINCIPAL)
        is_issued = kind is not ChangeKind.GROUP  # to a group nothing ever is
        touch = workspaces.touch_revoking if revokes and is_issued else workspaces.touch
        touch(tx, here, kind, found.id, at=now)
        return principals.find_any(tx, here, name=found.id)

    def _administrators(self, tx: Transaction, workspace_id: str) -> list[Principal]:
        admin = member_roles(self.catalogues).admin
        return assignments.active_members(tx, workspace_id, role=admin)

    @staticmethod
    def _overview(tx: Transaction, caller: Caller, id: str, now: datetime) -> Overview:
        principal = principals.find_any(tx, caller.workspace_id, name=id)
        (shown,) = overviews.of(tx, [principal], now=now)
        return as_told(caller, shown)


def _refuse_builtin(tx: Transaction, principal: Principal) -> None:
    client = clients.get(tx, principal.id)
    if client is not None:
        refuse_builtin(client, applications.of_workspace(tx, client.workspace_id))
