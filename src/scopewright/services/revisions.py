"""What was changed about roles, scopes and mappings, and undoing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from scopewright.clock import Clock
from scopewright.core import delegation
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue, Vocabulary
from scopewright.core.errors import NotFound
from scopewright.core.model import ChangeKind
from scopewright.core.proposals import Limits, check, check_limits
from scopewright.core.revisions import Revision, RevisionKind, undoing
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
from scopewright.store.pages import Page, Window


@dataclass(frozen=True, slots=True)
class Revisions:
    """What can be done with the history of a workspace's words."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]
    limits: Limits

    @needs("roles:read")
    def page(self, caller: Caller, *, window: Window) -> Page[Revision]:
        """Every change of roles, scopes and mappings, newest first."""
        with self.database.read() as tx:
            return revisions.page(tx, caller.workspace_id, window)

    @needs("roles:update")
    def undo(self, caller: Caller, *, id: str) -> Revision:
        """Bring back what was before a change, if it stands as the change left it; once.

        What a deletion took comes back too, as far as those who had it are still there.

        Raises:
            NotFound: there is no such change.
            NotNow: it was undone already.
            Conflict: it has been changed since; what it would bring back cannot be; or what it made
                is in use.
            Escalation: it would give what the caller does not hold.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            workspaces.touch(tx, here, ChangeKind.VOCABULARY, id, at=now)
            revision = revisions.get(tx, here, id)
            if revision is None:
                raise NotFound("There is no such change.")
            words = vocabulary.here(tx, here, self.catalogues)
            had = senders.held_by_each(tx, here, words)
            after = self._undone(tx, caller, words, revision)
            revisions.undo(tx, id, at=now)
            revisions.of_undoing(tx, caller, revision, at=now)
            audit.record(
                tx, caller, "roles:update", revision.name, at=now,
                undone=id, before=revision.after, after=revision.before,
                cancelled_invitations=senders.cancel_of_deprived(tx, here, after, had=had),
            )  # fmt: skip
        return replace(revision, undone_at=now)

    def _undone(
        self, tx: Transaction, caller: Caller, words: Vocabulary, revision: Revision
    ) -> Vocabulary:
        """The words as they are with that undone."""
        proposal = undoing(words, revision)
        if revision.before is None and revision.kind is not RevisionKind.MAPPING:
            deletions.affected(tx, caller, words, proposal).refuse_any()
        after = check(words, proposal)
        check_limits(words, after, self.limits)
        holds = holdings.of_giver(tx, caller, words)
        delegation.refuse_giving(caller, words, held=holds, given=proposal.given(words, after))
        vocabulary.change(tx, caller, proposal, at=self.clock())
        deletions.bring_back(tx, revision)
        return after
