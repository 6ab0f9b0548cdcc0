"""Define and delete the scopes of an application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scopewright.clock import Clock
from scopewright.core import names
from scopewright.core.application_parts import free_scope_name, parts_of, refuse_closing
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue, ScopeDefinition, Vocabulary
from scopewright.core.deletions import deletion
from scopewright.core.model import ChangeKind
from scopewright.core.proposals import Proposal
from scopewright.core.revisions import told_scope
from scopewright.store import audit, deletions, revisions, vocabulary, workspaces
from scopewright.store.database import Database
from scopewright.store.pages import Page, Window, part_of


@dataclass(frozen=True, slots=True)
class ApplicationScopes:
    """What can be done with the scopes of one application."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]

    @needs("applications:read")
    def page(
        self, caller: Caller, *, application: str, window: Window
    ) -> tuple[Page[ScopeDefinition], Vocabulary]:
        """The application's scopes by name, and the words that they are among.

        Raises:
            NotFound: there is no such application.
        """
        with self.database.read() as tx:
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
        own = parts_of(words, application).scopes
        return part_of(own, lambda scope: scope.name, window), words

    @needs("applications:update")
    def define(
        self, caller: Caller, *, application: str, name: str, description: str | None
    ) -> ScopeDefinition:
        """A new scope of the application.

        Raises:
            NotFound: there is no such application.
            Invalid: the name does not begin with the application's, or is outside the grammar.
            Conflict: it is taken.
        """
        text, now = names.check_description(description), self.clock()
        with self.database.write() as tx:
            workspaces.touch(tx, caller.workspace_id, ChangeKind.VOCABULARY, application, at=now)
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
            parts_of(words, application)
            free_scope_name(words, application, name)
            scope = ScopeDefinition(name, text, application=application)
            vocabulary.change(tx, caller, Proposal(scopes={name: scope}), at=now)
            revisions.of_scope(tx, caller, None, scope, at=now)
            audit.record(tx, caller, "applications:update", name, at=now, after=told_scope(scope))
        return scope

    @needs("applications:update")
    def delete(self, caller: Caller, *, application: str, name: str, force: bool = False) -> None:
        """Delete a scope, and with it every grant of it and its place in roles.

        What demands it goes on demanding it, so nothing becomes public.

        Raises:
            NotFound: there is no such application, or it has no such scope.
            Conflict: somebody has it or something names it, and `force` was not said; or an
                application is registered and would be left without a way in.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            workspaces.touch(tx, here, ChangeKind.VOCABULARY, application, at=now)
            words = vocabulary.here(tx, here, self.catalogues)
            before = parts_of(words, application).scope(name)
            deleting = deletion(words, scopes=[name])
            refuse_closing(deleting.on(words))
            affected = deletions.affected(tx, caller, words, deleting)
            affected.refuse(force=force)
            deletions.forget(tx, caller, words, deleting, at=now)
            audit.record(
                tx, caller, "applications:update", name, at=now,
                before=told_scope(before), affected=dict(affected.counts),
            )  # fmt: skip
