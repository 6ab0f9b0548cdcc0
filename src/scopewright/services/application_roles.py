"""Define, describe, compose and delete the roles of an application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scopewright.clock import Clock
from scopewright.core import delegation, names
from scopewright.core.application_parts import free_role_name, parts_of, refuse_closing
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue, RoleDefinition, Vocabulary
from scopewright.core.deletions import deletion
from scopewright.core.model import ChangeKind
from scopewright.core.proposals import Limits, Proposal, RoleContents, check, check_limits
from scopewright.core.revisions import told_role
from scopewright.store import (
    audit,
    deletions,
    holdings,
    revisions,
    senders,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database
from scopewright.store.pages import Page, Window, part_of


@dataclass(frozen=True, slots=True)
class ApplicationRoles:
    """What can be done with the roles of one application. `name` is a role's own name there."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]
    limits: Limits

    @needs("applications:read")
    def page(
        self, caller: Caller, *, application: str, window: Window
    ) -> tuple[Page[RoleDefinition], Vocabulary]:
        """The application's roles by name, and the words that they are among.

        Raises:
            NotFound: there is no such application.
        """
        with self.database.read() as tx:
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
        own = [role.definition for role in parts_of(words, application).roles]
        return part_of(own, lambda role: role.name, window), words

    @needs("applications:read")
    def show(
        self, caller: Caller, *, application: str, name: str
    ) -> tuple[RoleDefinition, Vocabulary]:
        """One role, and the words that it is among.

        Raises:
            NotFound: there is no such application, or it has no such role.
        """
        with self.database.read() as tx:
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
        return parts_of(words, application).role(name), words

    @needs("applications:update")
    def define(
        self, caller: Caller, *, application: str, name: str, description: str | None
    ) -> tuple[RoleDefinition, Vocabulary]:
        """A new role of the application, which holds nothing yet.

        Raises:
            NotFound: there is no such application.
            Invalid: the name is outside the grammar.
            Conflict: it is taken, or the workspace has too many roles.
        """
        text, now = names.check_description(description), self.clock()
        with self.database.write() as tx:
            workspaces.touch(tx, caller.workspace_id, ChangeKind.VOCABULARY, application, at=now)
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
            parts_of(words, application)
            full = free_role_name(words, application, name)
            role = RoleDefinition(full, text, application=application)
            proposal = Proposal(roles={full: role})
            after = proposal.on(words)
            check_limits(words, after, self.limits)
            vocabulary.change(tx, caller, proposal, at=now)
            revisions.of_role(tx, caller, None, role, at=now)
            audit.record(tx, caller, "applications:update", full, at=now, after=told_role(role))
        return role, after

    @needs("applications:update")
    def change(
        self, caller: Caller, *, application: str, name: str, contents: RoleContents
    ) -> tuple[RoleDefinition, Vocabulary]:
        """Change what is said of a role; it counts for everybody who has it, at once.

        Raises:
            NotFound: there is no such application, or it has no such role.
            Invalid: a scope is not the application's own; an included role does not exist.
            Conflict: the role would contain itself, or a limit would be passed; or the application
                is registered and would be left without a way in.
            Escalation: it would hold what the caller does not.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            workspaces.touch(tx, here, ChangeKind.VOCABULARY, application, at=now)
            words = vocabulary.here(tx, here, self.catalogues)
            before = parts_of(words, application).role(name)
            role = contents.put_into(before, words)
            proposal = Proposal(roles={role.name: role})
            after = check(words, proposal)
            check_limits(words, after, self.limits)
            holds = holdings.of_giver(tx, caller, words)
            delegation.refuse_giving(caller, words, held=holds, given=proposal.given(words, after))
            had = senders.held_by_each(tx, here, words)
            vocabulary.change(tx, caller, proposal, at=now)
            revisions.of_role(tx, caller, before, role, at=now)
            audit.record(
                tx, caller, "applications:update", role.name, at=now,
                before=told_role(before), after=told_role(role),
                cancelled_invitations=senders.cancel_of_deprived(tx, here, after, had=had),
            )  # fmt: skip
        return role, after

    @needs("applications:update")
    def delete(self, caller: Caller, *, application: str, name: str, force: bool = False) -> None:
        """Delete a role, and with it its assignments and its place in other roles.

        Raises:
            NotFound: there is no such application, or it has no such role.
            Conflict: somebody has it or something names it, and `force` was not said; or an
                application is registered and would be left without a way in.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            workspaces.touch(tx, here, ChangeKind.VOCABULARY, application, at=now)
            words = vocabulary.here(tx, here, self.catalogues)
            before = parts_of(words, application).role(name)
            deleting = deletion(words, roles=[before.name])
            after = deleting.on(words)
            refuse_closing(after)
            affected = deletions.affected(tx, caller, words, deleting)
            affected.refuse(force=force)
            had = senders.held_by_each(tx, here, words)
            deletions.forget(tx, caller, words, deleting, at=now)
            audit.record(
                tx, caller, "applications:update", before.name, at=now,
                before=told_role(before), affected=dict(affected.counts),
                cancelled_invitations=senders.cancel_of_deprived(tx, here, after, had=had),
            )  # fmt: skip
