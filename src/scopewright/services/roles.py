"""Define, describe, compose and delete roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scopewright.clock import Clock
from scopewright.core import delegation, names
from scopewright.core.application_parts import refuse_closing
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue, RoleDefinition, Vocabulary
from scopewright.core.deletions import deletion
from scopewright.core.errors import NotFound
from scopewright.core.model import ChangeKind
from scopewright.core.proposals import (
    Limits,
    Proposal,
    RoleContents,
    check,
    check_limits,
    own_role,
    refuse_of_application,
)
from scopewright.core.revisions import told_role
from scopewright.store import (
    audit,
    deletions,
    holdings,
    revisions,
    roles,
    senders,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window, part_of


@dataclass(frozen=True, slots=True)
class Roles:
    """What can be done with a workspace's roles. To whom they are assigned: `assignments`."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]
    limits: Limits

    @needs("roles:read")
    def page(self, caller: Caller, *, window: Window) -> Page[RoleDefinition]:
        """The roles of the workspace's own and its applications', by name."""
        with self.database.read() as tx:
            found = roles.of_workspace(tx, caller.workspace_id)
        return part_of(found, lambda role: role.name, window, by={"name": lambda role: role.name})

    @needs("roles:read")
    def show(self, caller: Caller, *, name: str) -> tuple[RoleDefinition, Vocabulary]:
        """One role by any of its spellings, a catalogue's or not, and the words it is among.

        Raises:
            NotFound: there is no such role.
        """
        with self.database.read() as tx:
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
        role = words.role(name)
        if role is None:
            raise NotFound("There is no such role.")
        return role, words

    @needs("roles:create")
    def define(
        self, caller: Caller, *, name: str, contents: RoleContents
    ) -> tuple[RoleDefinition, Vocabulary]:
        """A new role of the workspace's own, and the words that it is among.

        Raises:
            Invalid: a name is outside the grammar or reserved, or something does not exist.
            Conflict: the name is owned or taken, the role would contain itself, or a limit would
                be passed.
            Escalation: it would hold what the caller does not.
        """
        names.check_name(name)
        now = self.clock()
        with self.database.write() as tx:
            workspaces.touch(tx, caller.workspace_id, ChangeKind.VOCABULARY, name, at=now)
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
            words.check_free(name)
            role = contents.put_into(RoleDefinition(name), words)
            after = self._checked(tx, caller, words, role)
            vocabulary.change(tx, caller, Proposal(roles={name: role}), at=now)
            revisions.of_role(tx, caller, None, role, at=now)
            audit.record(tx, caller, "roles:create", name, at=now, after=told_role(role))
        return role, after

    @needs("roles:update")
    def change(
        self, caller: Caller, *, name: str, contents: RoleContents
    ) -> tuple[RoleDefinition, Vocabulary]:
        """Change what is said of a role; it counts for everybody who has it, at once.

        Raises:
            NotFound: there is no such role.
            Forbidden: a catalogue defines it.
            Invalid: something does not exist.
            Conflict: it is an application's, it would contain itself, or a limit would be passed.
            Escalation: it would hold what the caller does not.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            workspaces.touch(tx, here, ChangeKind.VOCABULARY, name, at=now)
            words = vocabulary.here(tx, here, self.catalogues)
            before = _own(words, name)
            role = contents.put_into(before, words)
            after = self._checked(tx, caller, words, role)
            had = senders.held_by_each(tx, here, words)
            vocabulary.change(tx, caller, Proposal(roles={role.name: role}), at=now)
            revisions.of_role(tx, caller, before, role, at=now)
            audit.record(
                tx, caller, "roles:update", role.name, at=now,
                before=told_role(before), after=told_role(role),
                cancelled_invitations=senders.cancel_of_deprived(tx, here, after, had=had),
            )  # fmt: skip
        return role, after

    @needs("roles:delete")
    def delete(self, caller: Caller, *, name: str, force: bool = False) -> None:
        """Delete a role, and with it its assignments and its place in other roles.

        Raises:
            NotFound: there is no such role.
            Forbidden: a catalogue defines it.
            Conflict: it is an application's; somebody has it or something names it, and `force`
                was not said.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            workspaces.touch(tx, here, ChangeKind.VOCABULARY, name, at=now)
            words = vocabulary.here(tx, here, self.catalogues)
            before = _own(words, name)
            deleting = deletion(words, roles=[before.name])
            affected = deletions.affected(tx, caller, words, deleting)
            affected.refuse(force=force)
            had, after = senders.held_by_each(tx, here, words), deleting.on(words)
            refuse_closing(after)
            deletions.forget(tx, caller, words, deleting, at=now)
            audit.record(
                tx, caller, "roles:delete", before.name, at=now,
                before=told_role(before), affected=dict(affected.counts),
                cancelled_invitations=senders.cancel_of_deprived(tx, here, after, had=had),
            )  # fmt: skip

    def _checked(
        self, tx: Transaction, caller: Caller, words: Vocabulary, role: RoleDefinition
    ) -> Vocabulary:
        """The words as they are to be with this role, if they may."""
        proposal = Proposal(roles={role.name: role})
        after = check(words, proposal)
        check_limits(words, after, self.limits)
        holds = holdings.of_giver(tx, caller, words)
        delegation.refuse_giving(caller, words, held=holds, given=proposal.given(words, after))
        return after


def _own(words: Vocabulary, name: str) -> RoleDefinition:
    role = own_role(words, name)
    refuse_of_application(role)
    return role
