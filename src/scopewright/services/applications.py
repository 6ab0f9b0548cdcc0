"""Create, change, register and delete applications. Their scopes and roles: the files beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from scopewright import ids
from scopewright.clock import Clock
from scopewright.core import names
from scopewright.core.application_parts import (
    ApplicationParts,
    check_registrable,
    every_application,
    free_application_name,
    free_role_name,
    parts_of,
    refuse_closing,
)
from scopewright.core.applications import Application, check_launch_url
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue, RoleDefinition, Vocabulary
from scopewright.core.deletions import deletion
from scopewright.core.model import ChangeKind
from scopewright.core.oauth import issuer_of
from scopewright.core.proposals import Limits, Proposal, check_limits
from scopewright.core.resources import check_application_resource
from scopewright.store import (
    applications,
    audit,
    builtin_clients,
    deletions,
    revisions,
    senders,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window, part_of


@dataclass(frozen=True, slots=True)
class Applications:
    """What can be done with a workspace's applications."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]
    limits: Limits
    public_url: str

    @needs("applications:read")
    def page(self, caller: Caller, *, window: Window) -> Page[ApplicationParts]:
        """The applications, by name."""
        with self.database.read() as tx:
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
        return part_of(every_application(words), lambda parts: parts.application.name, window)

    @needs("applications:read")
    def show(self, caller: Caller, *, name: str) -> ApplicationParts:
        """One application.

        Raises:
            NotFound: there is no such application.
        """
        with self.database.read() as tx:
            return parts_of(vocabulary.here(tx, caller.workspace_id, self.catalogues), name)

    @needs("applications:create")
    def create(self, caller: Caller, *, name: str, settings: Mapping[str, Any]) -> ApplicationParts:
        """A new application, not registered yet, with the roles that every application has.

        `settings` are its title, launch URL and resource, as far as they are said.

        Raises:
            Invalid: the name is outside the grammar, or a setting is refused.
            Conflict: the name is taken or owned, the resource is another's, or the workspace has
                too many roles.
        """
        now = self.clock()
        new = Application(ids.new_id("app"), caller.workspace_id, name, title=name, created_at=now)
        with self.database.write() as tx:
            workspaces.touch(tx, caller.workspace_id, ChangeKind.VOCABULARY, name, at=now)
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
            free_application_name(words, name)
            new = self._checked(tx, words, new, settings)
            applications.add(tx, new)
            born = _born_with(words, name)
            vocabulary.change(tx, caller, born, at=now)
            for role in filter(None, born.roles.values()):
                revisions.of_role(tx, caller, None, role, at=now)
            after = vocabulary.here(tx, caller.workspace_id, self.catalogues)
            check_limits(words, after, self.limits)
            audit.record(tx, caller, "applications:create", name, at=now, after=_facts(new))
        return parts_of(after, name)

    @needs("applications:update")
    def change(self, caller: Caller, *, name: str, settings: Mapping[str, Any]) -> ApplicationParts:
        """Change some of an application's settings; its name stays, for it stands in others.

        Raises:
            NotFound: there is no such application.
            Invalid, Conflict: as `create`.
        """
        now = self.clock()
        with self.database.write() as tx:
            workspaces.touch(tx, caller.workspace_id, ChangeKind.VOCABULARY, name, at=now)
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
            before = parts_of(words, name)
            after = self._checked(tx, words, before.application, settings)
            applications.change(tx, after)
            audit.record(
                tx, caller, "applications:update", name, at=now,
                before=_facts(before.application), after=_facts(after),
            )  # fmt: skip
        return replace(before, application=after)

    @needs("applications:update")
    def register(self, caller: Caller, *, name: str) -> ApplicationParts:
        """Let the application's roles be assigned from now on; again, it changes nothing.

        Raises:
            NotFound: there is no such application.
            Conflict: there is no way in: no scope, no role, or no role that holds a scope.
        """
        now = self.clock()
        with self.database.write() as tx:
            workspaces.touch(tx, caller.workspace_id, ChangeKind.VOCABULARY, name, at=now)
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
            before = parts_of(words, name)
            if before.application.registered_at is not None:
                return before
            check_registrable(words, before)
            after = replace(before.application, registered_at=now)
            applications.change(tx, after)
            audit.record(
                tx, caller, "applications:update", name, at=now,
                before=_facts(before.application), after=_facts(after),
            )  # fmt: skip
        return replace(before, application=after)

    @needs("applications:delete")
    def delete(self, caller: Caller, *, name: str, force: bool = False) -> None:
        """Delete an application with its scopes, roles and routes, and with all that gives them.

        Raises:
            NotFound: there is no such application.
            Conflict: somebody has a role or scope of it, or something else names one, and `force`
                was not said; or another application would be left without a way in.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            workspaces.touch(tx, here, ChangeKind.VOCABULARY, name, at=now)
            words = vocabulary.here(tx, here, self.catalogues)
            parts = parts_of(words, name)
            own_roles = [role.definition.name for role in parts.roles]
            deleting = deletion(words, roles=own_roles, scopes=[one.name for one in parts.scopes])
            others = tuple(one for one in words.applications if one.name != name)
            after = replace(deleting.on(words), applications=others)
            refuse_closing(after)
            affected = deletions.affected(tx, caller, words, deleting)
            affected.refuse(force=force)
            had = senders.held_by_each(tx, here, words)
            deletions.forget(tx, caller, words, deleting, at=now)
            builtin_clients.forget_application(tx, parts.application, now=now)
            applications.remove(tx, parts.application.id)
            audit.record(
                tx, caller, "applications:delete", name, at=now,
                before=_facts(parts.application), affected=dict(affected.counts),
                cancelled_invitations=senders.cancel_of_deprived(tx, here, after, had=had),
            )  # fmt: skip

    def _checked(
        self, tx: Transaction, words: Vocabulary, before: Application, settings: Mapping[str, Any]
    ) -> Application:
        """The application as it may be kept with these settings."""
        after = replace(before, **settings)
        if after.launch_url is not None:
            check_launch_url(after.launch_url)
        if after.resource is not None and after.resource != before.resource:
            workspace = workspaces.find(tx, before.workspace_id)
            check_application_resource(
                after.resource,
                issuer=issuer_of(self.public_url, workspace.id),
                taken={*words.audiences, *workspace.policy.resources},
            )
        return replace(after, title=names.check_title(after.title, field="title"))


def _born_with(words: Vocabulary, application: str) -> Proposal:
    """The roles that an application has from the beginning."""
    names = (free_role_name(words, application, role) for role in words.application_names.roles)
    return Proposal(roles={name: RoleDefinition(name, application=application) for name in names})


def _facts(application: Application) -> dict[str, Any]:
    """What the audit log keeps of it."""
    return {
        "title": application.title,
        "launch_url": application.launch_url,
        "resource": application.resource,
        "registered": application.registered_at is not None,
    }
