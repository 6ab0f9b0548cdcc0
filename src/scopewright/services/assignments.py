"""Assign roles to principals of every kind, and take them away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scopewright.catalogues import member_roles
from scopewright.clock import Clock
from scopewright.core import delegation
from scopewright.core.assignments import Incomplete, assignable, incomplete, refuse_member_role
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue, Vocabulary
from scopewright.core.errors import NotFound
from scopewright.core.holdings import check_takes_scopes, held
from scopewright.core.member_roles import MemberRoles
from scopewright.core.model import Assignment, ChangeKind, Principal, PrincipalKind
from scopewright.store import (
    assignments,
    audit,
    clients,
    holdings,
    principals,
    senders,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window, part_of


@dataclass(frozen=True, slots=True)
class Assigned:
    """An assignment, and which roles of the principal now lack what they require."""

    assignment: Assignment
    incomplete: tuple[Incomplete, ...]


@dataclass(frozen=True, slots=True)
class Assignments:
    """What can be done with assignments. `name` says whose: a principal's id, or an address."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]

    @needs("assignments:read")
    def page(self, caller: Caller, *, name: str, window: Window) -> Page[Assignment]:
        """The roles that a principal is assigned itself, by name.

        Raises:
            NotFound: there is no such principal.
        """
        with self.database.read() as tx:
            principal = principals.find_any(tx, caller.workspace_id, name=name)
            assigned = assignments.of_principal(tx, principal.id)
        return part_of(assigned, lambda one: one.role, window)

    @needs("assignments:create")
    def assign(self, caller: Caller, *, name: str, role: str) -> tuple[Assigned, bool]:
        """Assign a role, by whichever of its spellings; whether it is new.

        Raises:
            NotFound: there is no such principal or role.
            Conflict: the role's application is not registered; a member's member role; a client
                of this type takes no scopes.
            Escalation: the role holds what the caller does not.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            principal = self._touched(tx, caller, name, now)
            check_takes_scopes(principal, clients.get(tx, principal.id))
            words = vocabulary.here(tx, here, self.catalogues)
            full = assignable(words, role).name
            refuse_member_role(principal, full, member_roles=self._member_roles)
            holds = holdings.of_giver(tx, caller, words)
            delegation.refuse_giving(caller, words, held=holds, given=held(words, (), [full]))
            there = assignments.get(tx, principal_id=principal.id, role=full)
            assignment = there or Assignment(principal.id, full, caller.principal.id, now)
            if there is None:
                assignments.add(tx, here, assignment=assignment)
                after = {"role": full}
                audit.record(tx, caller, "assignments:create", principal.id, at=now, after=after)
            return Assigned(assignment, _incomplete(tx, principal, words)), there is None

    @needs("assignments:revoke")
    def unassign(self, caller: Caller, *, name: str, role: str) -> None:
        """Take a role away. Tokens that are out keep what it gave until they expire.

        Raises:
            NotFound: there is no such principal, or it is not assigned the role itself.
            Conflict: a member's member role.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            principal = self._touched(tx, caller, name, now)
            words = vocabulary.here(tx, here, self.catalogues)
            full = words.aliases.get(role, role)  # of a role that is gone the name is enough
            refuse_member_role(principal, full, member_roles=self._member_roles)
            had = senders.held_by_each(tx, here, words)
            if not assignments.remove(tx, principal_id=principal.id, role=full):
                raise NotFound("This role is not assigned here.")
            cancelled = senders.cancel_of_deprived(tx, here, words, had=had)
            audit.record(
                tx, caller, "assignments:revoke", principal.id, at=now,
                before={"role": full}, cancelled_invitations=cancelled,
            )  # fmt: skip

    def _touched(self, tx: Transaction, caller: Caller, name: str, now: datetime) -> Principal:
        principal = principals.find_any(tx, caller.workspace_id, name=name)
        is_group = principal.kind is PrincipalKind.GROUP
        kind = ChangeKind.GROUP if is_group else ChangeKind.HOLDINGS
        workspaces.touch(tx, caller.workspace_id, kind, principal.id, at=now)
        return principal

    @property
    def _member_roles(self) -> MemberRoles:
        return member_roles(self.catalogues)


def _incomplete(tx: Transaction, principal: Principal, words: Vocabulary) -> tuple[Incomplete, ...]:
    given = holdings.given_to(tx, [principal.id])
    return incomplete(words, [one.role for one in given.assigned(principal.id)])
