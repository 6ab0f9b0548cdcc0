"""List members, change their roles, remove them; never the last administrator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from scopewright.catalogues import member_roles
from scopewright.clock import Clock
from scopewright.core import delegation
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue
from scopewright.core.holdings import held
from scopewright.core.member_roles import MemberRoles
from scopewright.core.model import Assignment, ChangeKind, Principal, PrincipalKind
from scopewright.core.principals import check_not_last
from scopewright.store import (
    assignments,
    audit,
    holdings,
    identities,
    invitations,
    principals,
    senders,
    sessions,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window

MEMBER = PrincipalKind.MEMBER


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who manages the workspace. `role` is the short name: viewer, editor or admin.

    Without one they are let in and may do nothing until they are given one.
    """

    principal: Principal
    role: str | None
    last_sign_in_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Members:
    """What can be done with a workspace's members. They come in by `Invitations`."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]

    @needs("members:read")
    def page(self, caller: Caller, window: Window) -> Page[Member]:
        """The members of the workspace, oldest first."""
        with self.database.read() as tx:
            found = principals.page(tx, caller.workspace_id, kind=MEMBER, window=window)
            ids = [person.id for person in found.items]
            roles, seen = assignments.of_principals(tx, ids), identities.last_used(tx, ids)
        members = (
            self._with_role(person, roles[person.id], seen.get(person.id)) for person in found.items
        )
        return Page(tuple(members), found.cursor)

    @needs("members:read")
    def show(self, caller: Caller, *, name: str) -> Member:
        """One member, by email address or id.

        Raises:
            NotFound: no such member here.
        """
        with self.database.read() as tx:
            return self._find(tx, caller, name)

    @needs("members:update")
    def change_role(self, caller: Caller, *, name: str, role: str) -> Member:
        """Give a member another role.

        Invitations that were sent by somebody who loses rights this way are cancelled.

        Raises:
            NotFound, Invalid: no such member; no such role.
            Escalation: the role holds what the caller does not.
            Conflict: the last administrator.
        """
        new, now = self._roles.full(role), self.clock()
        with self.database.write() as tx:
            id = self._find(tx, caller, name).principal.id
            workspaces.touch(tx, caller.workspace_id, ChangeKind.HOLDINGS, id, at=now)
            before = self._find(tx, caller, id)  # again, now that nobody else can change it
            cancelled = self._replace_role(
                tx, caller, before, Assignment(id, new, caller.principal.id, assigned_at=now)
            )
            audit.record(
                tx, caller, "members:update", id, at=now,
                before={"role": before.role}, after={"role": role},
                cancelled_invitations=cancelled,
            )  # fmt: skip
        return replace(before, role=role)

    @needs("members:remove")
    def remove(self, caller: Caller, *, name: str) -> None:
        """Remove a member with their keys and sessions; what they have sent is cancelled.

        The same person's records as an end-user and in other workspaces stay.

        Raises:
            NotFound: no such member here.
            Conflict: the last administrator.
        """
        now = self.clock()
        with self.database.write() as tx:
            id = self._find(tx, caller, name).principal.id
            workspaces.touch_revoking(tx, caller.workspace_id, ChangeKind.PRINCIPAL, id, at=now)
            member = self._find(tx, caller, id)
            self._refuse_last(tx, member)
            cancelled = invitations.remove_of_sender(tx, id)
            sessions.end_of_principal(tx, id, at=now, why="removed")
            principals.remove(tx, id)
            audit.record(
                tx, caller, "members:remove", id, at=now,
                before={"email": member.principal.name, "role": member.role},
                cancelled_invitations=cancelled,
            )  # fmt: skip

    def _replace_role(
        self, tx: Transaction, caller: Caller, member: Member, new: Assignment
    ) -> int:
        """Write the new role down in the old one's place; how many invitations that cancels."""
        words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
        holds = holdings.of_giver(tx, caller, words)
        delegation.refuse_giving(caller, words, held=holds, given=held(words, (), [new.role]))
        if new.role != self._roles.admin:
            self._refuse_last(tx, member)
        had = senders.held_by_each(tx, caller.workspace_id, words)
        if member.role is not None:
            old = self._roles.full(member.role)
            assignments.remove(tx, principal_id=member.principal.id, role=old)
        assignments.add(tx, caller.workspace_id, assignment=new)
        return senders.cancel_of_deprived(tx, caller.workspace_id, words, had=had)

    def _refuse_last(self, tx: Transaction, member: Member) -> None:
        here = member.principal.workspace_id
        admins = assignments.active_members(tx, here, role=self._roles.admin)
        check_not_last(member.principal, admins)

    def _find(self, tx: Transaction, caller: Caller, name: str) -> Member:
        person = principals.find(tx, caller.workspace_id, kind=MEMBER, name=name)
        seen = identities.last_used(tx, [person.id]).get(person.id)
        return self._with_role(person, assignments.of_principal(tx, person.id), seen)

    def _with_role(
        self, person: Principal, assigned: Iterable[Assignment], seen: datetime | None
    ) -> Member:
        role = self._roles.among(assignment.role for assignment in assigned)
        return Member(person, role, last_sign_in_at=seen)

    @property
    def _roles(self) -> MemberRoles:
        return member_roles(self.catalogues)
