"""Define, describe and delete scopes; list the vocabulary and its presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scopewright.clock import Clock
from scopewright.core import delegation, names
from scopewright.core.application_parts import refuse_closing
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue, ScopeDefinition, Vocabulary
from scopewright.core.deletions import deletion
from scopewright.core.model import ChangeKind
from scopewright.core.proposals import (
    Proposal,
    ScopeContents,
    check,
    own_scope,
    refuse_of_application,
)
from scopewright.core.revisions import told_scope
from scopewright.store import (
    audit,
    deletions,
    holdings,
    revisions,
    senders,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Scopes:
    """What can be done with a workspace's scopes."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]

    @needs("scopes:read")
    def list_all(self, caller: Caller) -> Vocabulary:
        """All words of the workspace."""
        with self.database.read() as tx:
            return vocabulary.here(tx, caller.workspace_id, self.catalogues)

    @needs("scopes:create")
    def define(
        self, caller: Caller, *, name: str, contents: ScopeContents
    ) -> tuple[ScopeDefinition, Vocabulary]:
        """A new scope of the workspace's own, and the words that it is among.

        Raises:
            Invalid: a name is outside the grammar or reserved, or it implies what does not exist.
            Conflict: a catalogue or application owns the name, it is taken, or the scope would
                imply itself.
            Escalation: it would imply what the caller does not hold.
        """
        names.check_name(name)
        now = self.clock()
        with self.database.write() as tx:
            workspaces.touch(tx, caller.workspace_id, ChangeKind.VOCABULARY, name, at=now)
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
            words.check_free(name)
            scope = contents.put_into(ScopeDefinition(name))
            after = _checked(tx, caller, words, scope)
            vocabulary.change(tx, caller, Proposal(scopes={name: scope}), at=now)
            revisions.of_scope(tx, caller, None, scope, at=now)
            audit.record(tx, caller, "scopes:create", name, at=now, after=told_scope(scope))
        return scope, after

    @needs("scopes:update")
    def change(
        self, caller: Caller, *, name: str, contents: ScopeContents
    ) -> tuple[ScopeDefinition, Vocabulary]:
        """Change what is said of a scope; it counts for everybody who holds it, at once.

        Raises:
            NotFound: there is no such scope.
            Forbidden: a catalogue defines it.
            Invalid: it implies what does not exist.
            Conflict: it is an application's, or would imply itself.
            Escalation: it would imply what the caller does not hold.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            workspaces.touch(tx, here, ChangeKind.VOCABULARY, name, at=now)
            words = vocabulary.here(tx, here, self.catalogues)
            before = _own(words, name)
            scope = contents.put_into(before)
            after = _checked(tx, caller, words, scope)
            had = senders.held_by_each(tx, here, words)
            vocabulary.change(tx, caller, Proposal(scopes={name: scope}), at=now)
            revisions.of_scope(tx, caller, before, scope, at=now)
            audit.record(
                tx, caller, "scopes:update", name, at=now,
                before=told_scope(before), after=told_scope(scope),
                cancelled_invitations=senders.cancel_of_deprived(tx, here, after, had=had),
            )  # fmt: skip
        return scope, after

    @needs("scopes:delete")
    def delete(self, caller: Caller, *, name: str, force: bool = False) -> None:
        """Delete a scope, and with it every grant of it and its place in roles.

        What demands it goes on demanding it, so nothing becomes public: nobody can hold it any
        more.

        Raises:
            NotFound: there is no such scope.
            Forbidden: a catalogue defines it.
            Conflict: it is an application's; or something demands or lists it, or somebody was
                granted it, and `force` was not said.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            workspaces.touch(tx, here, ChangeKind.VOCABULARY, name, at=now)
            words = vocabulary.here(tx, here, self.catalogues)
            before = _own(words, name)
            deleting = deletion(words, scopes=[name])
            affected = deletions.affected(tx, caller, words, deleting)
            affected.refuse(force=force)
            had, after = senders.held_by_each(tx, here, words), deleting.on(words)
            refuse_closing(after)
            deletions.forget(tx, caller, words, deleting, at=now)
            audit.record(
                tx, caller, "scopes:delete", name, at=now,
                before=told_scope(before), affected=dict(affected.counts),
                cancelled_invitations=senders.cancel_of_deprived(tx, here, after, had=had),
            )  # fmt: skip


def _own(words: Vocabulary, name: str) -> ScopeDefinition:
    scope = own_scope(words, name)
    refuse_of_application(scope)
    return scope


def _checked(
    tx: Transaction, caller: Caller, words: Vocabulary, scope: ScopeDefinition
) -> Vocabulary:
    """The words as they are to be with this scope, if they may."""
    proposal = Proposal(scopes={scope.name: scope})
    after = check(words, proposal)
    holds = holdings.of_giver(tx, caller, words)
    delegation.refuse_giving(caller, words, held=holds, given=proposal.given(words, after))
    return after
