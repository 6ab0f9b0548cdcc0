"""Say which role stands for an include that no catalogue resolves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scopewright.clock import Clock
from scopewright.core import delegation
from scopewright.core.application_parts import refuse_closing
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue
from scopewright.core.errors import NotFound
from scopewright.core.model import ChangeKind
from scopewright.core.proposals import Limits, Proposal, check, check_limits, check_unresolved
from scopewright.store import (
    audit,
    holdings,
    revisions,
    senders,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database
from scopewright.store.pages import Page, Window, part_of


@dataclass(frozen=True, slots=True)
class RoleMapping:
    """An include that is resolved by an administrator's word; `role` None: it is missing."""

    include: str
    role: str | None


@dataclass(frozen=True, slots=True)
class RoleMappings:
    """What can be done with includes that are missing."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]
    limits: Limits

    @needs("roles:read")
    def page(self, caller: Caller, *, window: Window) -> Page[RoleMapping]:
        """The includes for which a role stands, and those that are missing, by name."""
        with self.database.read() as tx:
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
        known = {*words.mappings, *words.graph.missing}
        mappings = [RoleMapping(include, words.mappings.get(include)) for include in sorted(known)]
        return part_of(mappings, lambda mapping: mapping.include, window)

    @needs("roles:update")
    def put(self, caller: Caller, *, include: str, role: str) -> RoleMapping:
        """Let a role stand for a missing include; it counts for whatever includes it, at once.

        Raises:
            NotFound: nothing includes this.
            Invalid: there is no such role.
            Conflict: nothing is missing here, the role would contain itself, or stand too deep.
            Escalation: the role holds what the caller does not.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            workspaces.touch(tx, here, ChangeKind.VOCABULARY, include, at=now)
            words = vocabulary.here(tx, here, self.catalogues)
            check_unresolved(words, include)
            mapping = RoleMapping(include, words.aliases.get(role, role))
            proposal = Proposal(mappings={include: mapping.role})
            after = check(words, proposal)
            check_limits(words, after, self.limits)
            holds = holdings.of_giver(tx, caller, words)
            delegation.refuse_giving(caller, words, held=holds, given=proposal.given(words, after))
            before, had = words.mappings.get(include), senders.held_by_each(tx, here, words)
            vocabulary.change(tx, caller, proposal, at=now)
            revisions.of_mapping(tx, caller, include, before=before, after=mapping.role, at=now)
            audit.record(
                tx, caller, "roles:update", include, at=now,
                before={"role": before}, after={"role": mapping.role},
                cancelled_invitations=senders.cancel_of_deprived(tx, here, after, had=had),
            )  # fmt: skip
        return mapping

    @needs("roles:update")
    def delete(self, caller: Caller, *, include: str) -> None:
        """Let no role stand for an include: it is missing again.

        Raises:
            NotFound: no role stands for it.
            Conflict: a registered application would be left without a way in.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            workspaces.touch(tx, here, ChangeKind.VOCABULARY, include, at=now)
            words = vocabulary.here(tx, here, self.catalogues)
            before = words.mappings.get(include)
            if before is None:
                raise NotFound("No role stands for this.")
            proposal = Proposal(mappings={include: None})
            had, after = senders.held_by_each(tx, here, words), proposal.on(words)
            refuse_closing(after)
            vocabulary.change(tx, caller, proposal, at=now)
            revisions.of_mapping(tx, caller, include, before=before, after=None, at=now)
            audit.record(
                tx, caller, "roles:update", include, at=now, before={"role": before},
                cancelled_invitations=senders.cancel_of_deprived(tx, here, after, had=had),
            )  # fmt: skip
