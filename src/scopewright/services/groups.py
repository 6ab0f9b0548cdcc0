"""Make and delete groups, put principals into them and take them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scopewright import ids
from scopewright.clock import Clock
from scopewright.core import delegation
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue, Vocabulary
from scopewright.core.errors import Conflict, NotFound
from scopewright.core.groups import GroupMember, Membership, Relation, check_free, membership_graph
from scopewright.core.holdings import check_takes_scopes
from scopewright.core.model import ChangeKind, Principal, PrincipalKind
from scopewright.core.names import check_title
from scopewright.core.scopes import NONE, Scopes
from scopewright.core.tag_definitions import scopes_of
from scopewright.store import (
    access_decisions,
    assignments,
    audit,
    clients,
    groups,
    holdings,
    principals,
    senders,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window

GROUP = PrincipalKind.GROUP


@dataclass(frozen=True, slots=True)
class Groups:
    """What can be done with groups. Roles are assigned to them by `Assignments`."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]

    @needs("groups:read")
    def page(self, caller: Caller, *, window: Window) -> Page[Principal]:
        """The groups of the workspace, oldest first."""
        with self.database.read() as tx:
            return principals.page(tx, caller.workspace_id, kind=GROUP, window=window)

    @needs("groups:read")
    def show(self, caller: Caller, *, id: str) -> Principal:
        """One group.

        Raises:
            NotFound: there is no such group.
        """
        with self.database.read() as tx:
            return _find(tx, caller, id)

    @needs("groups:read")
    def members(self, caller: Caller, *, id: str, window: Window) -> Page[GroupMember]:
        """Everybody in a group, by themselves or through groups in it.

        Raises:
            NotFound: there is no such group.
        """
        with self.database.read() as tx:
            return groups.page_of_members(tx, _find(tx, caller, id).id, window=window)

    @needs("groups:create")
    def create(self, caller: Caller, *, name: str) -> Principal:
        """A new group, with nobody in it.

        Raises:
            Invalid: the name is outside the grammar.
            Conflict: a group is called so, in whatever letter case.
        """
        now, here = self.clock(), caller.workspace_id
        group = Principal(ids.new_uuid(), here, GROUP, check_title(name), None, now)
        with self.database.write() as tx:
            workspaces.touch(tx, here, ChangeKind.PRINCIPAL, group.id, at=now)
            check_free(group.name, taken=principals.names(tx, here, kind=GROUP))
            principals.add(tx, group)
            after = {"name": group.name}
            audit.record(tx, caller, "groups:create", group.id, at=now, after=after)
        return group

    @needs("groups:delete")
    def delete(self, caller: Caller, *, id: str) -> None:
        """Delete a group: nobody holds anything through it any more.

        Raises:
            NotFound: there is no such group.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            group = _find(tx, caller, id)
            workspaces.touch(tx, here, ChangeKind.GROUP, group.id, at=now)
            words = vocabulary.here(tx, here, self.catalogues)
            had, before = senders.held_by_each(tx, here, words), _described(tx, group)
            if not principals.remove(tx, group.id):
                raise NotFound("There is no such group.")
            cancelled = senders.cancel_of_deprived(tx, here, words, had=had)
            audit.record(
                tx, caller, "groups:delete", group.id, at=now,
                before=before, cancelled_invitations=cancelled,
            )  # fmt: skip

    @needs("groups:update")
    def put(self, caller: Caller, *, id: str, member: str) -> tuple[GroupMember, bool]:
        """Put a principal, perhaps a group itself, into a group; whether it is new there.

        Whoever comes in holds all that the group holds, and has what access tags give to it, so
        that is what is given.

        Raises:
            NotFound: there is no such group or principal.
            Escalation: the group holds what the caller does not.
            Conflict: the group would be in itself; a client of this type takes no scopes.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            group, principal = self._touched(tx, caller, id, member, now)
            check_takes_scopes(principal, clients.get(tx, principal.id))
            words = vocabulary.here(tx, here, self.catalogues)
            holds = holdings.of_giver(tx, caller, words)
            given = holdings.of(tx, group.id, words) | _on_tags(tx, group, words)
            delegation.refuse_giving(caller, words, held=holds, given=given)
            is_new = groups.get(tx, group_id=group.id, principal_id=principal.id) is None
            if is_new:
                _refuse_cycle(tx, group, principal)
                added = Membership(group.id, principal.id, caller.principal.id, now)
                groups.add(tx, here, membership=added)
                after = {"member": principal.id}
                audit.record(tx, caller, "groups:update", group.id, at=now, after=after)
        return GroupMember(principal, Relation.DIRECT), is_new

    @needs("groups:update")
    def take_out(self, caller: Caller, *, id: str, member: str) -> None:
        """Take a principal out of a group; what it holds through others stays.

        Raises:
            NotFound: there is no such group, or the principal is not in it by itself.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            group, principal = self._touched(tx, caller, id, member, now)
            words = vocabulary.here(tx, here, self.catalogues)
            had = senders.held_by_each(tx, here, words)
            if not groups.remove(tx, group_id=group.id, principal_id=principal.id):
                raise NotFound("This principal is not in the group by itself.")
            cancelled = senders.cancel_of_deprived(tx, here, words, had=had)
            audit.record(
                tx, caller, "groups:update", group.id, at=now,
                before={"member": principal.id}, cancelled_invitations=cancelled,
            )  # fmt: skip

    def _touched(
        self, tx: Transaction, caller: Caller, id: str, member: str, now: datetime
    ) -> tuple[Principal, Principal]:
        """The group and the principal, under the lock."""
        principal = principals.find_any(tx, caller.workspace_id, name=member)
        kind = ChangeKind.GROUP if principal.kind is GROUP else ChangeKind.HOLDINGS
        workspaces.touch(tx, caller.workspace_id, kind, principal.id, at=now)
        return _find(tx, caller, id), principal


def _on_tags(tx: Transaction, group: Principal, words: Vocabulary) -> Scopes:
    """All that access tags give to a group, and to those that it is in, on what carries them."""
    everywhere = access_decisions.holders(tx, group)
    found = access_decisions.by_any_tag(tx, group.workspace_id, everywhere)
    return NONE.union(*(scopes_of(words, grant) for _, grant in found.given))


def _find(tx: Transaction, caller: Caller, id: str) -> Principal:
    return principals.find(tx, caller.workspace_id, kind=GROUP, name=id)


def _described(tx: Transaction, group: Principal) -> dict[str, Any]:
    """A group for the audit log."""
    return {
        "name": group.name,
        "members": [member.principal_id for member in groups.members(tx, group.id)],
        "roles": [assignment.role for assignment in assignments.of_principal(tx, group.id)],
    }


def _refuse_cycle(tx: Transaction, group: Principal, member: Principal) -> None:
    graph = membership_graph(groups.above(tx, [group.id]))
    path = graph.would_cycle(member.id, group.id)
    if path:
        named = principals.of_ids(tx, list(path))
        names = [named[id].name for id in path]
        raise Conflict(f"A group cannot be in itself: {' in '.join(names)}.", conflict=names)
