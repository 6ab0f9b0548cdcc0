"""Who would gain and lose what by a change of roles, scopes and mappings; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue, RoleDefinition, Vocabulary
from scopewright.core.model import Principal
from scopewright.core.preview import Difference, Edits, Reach, differences, proposed, reach
from scopewright.core.proposals import Limits, Proposal, check, check_limits
from scopewright.store import holdings, vocabulary
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Window

AT_A_TIME = 1000  # principals whose holdings are read
MOST_TOLD = 1000  # of those who gain or lose something; all are counted


@dataclass(frozen=True, slots=True)
class Affected:
    """Somebody, and what they would gain and lose."""

    principal: Principal
    difference: Difference


@dataclass(frozen=True, slots=True)
class Previewed:
    """How many principals a change affects, and the first of them; the roles it leaves behind.

    `vocabulary` are the words as they would be.
    """

    principals: int
    told: list[Affected]
    roles: list[RoleDefinition]
    vocabulary: Vocabulary


@dataclass(frozen=True, slots=True)
class Preview:
    """What can be known of a change before it is made."""

    database: Database
    catalogues: Mapping[str, Catalogue]
    limits: Limits

    @needs("roles:read")
    def preview(self, caller: Caller, *, edits: Edits) -> Previewed:
        """Everybody who would gain or lose something, groups among them, oldest first.

        Raises:
            NotFound, Forbidden, Invalid, Conflict: the change itself would be refused so. Whether
                the caller holds what it gives is not asked: nothing is given.
        """
        count, told = 0, list[Affected]()
        with self.database.read() as tx:
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
            proposal = proposed(words, edits)
            after = check(words, proposal)
            check_limits(words, after, self.limits)
            for principals in _concerned(tx, caller, reach(after, proposal)):
                given = holdings.given_to(tx, list(principals))
                changed = differences(words, after, given, principals)
                count += len(changed)
                some = list(changed.items())[: MOST_TOLD - len(told)]
                told += [Affected(principals[id], change) for id, change in some]
        return Previewed(count, told, [after.every_role[name] for name in _kept(proposal)], after)


def _kept(proposal: Proposal) -> list[str]:
    return sorted(name for name, role in proposal.roles.items() if role is not None)


def _concerned(tx: Transaction, caller: Caller, of: Reach) -> Iterator[dict[str, Principal]]:
    """Everybody to whom it can matter, by id, some at a time."""
    window = Window(limit=AT_A_TIME)
    while True:
        page = holdings.page_of_holders(
            tx, caller.workspace_id, scopes=of.scopes, roles=of.roles, window=window
        )
        yield {principal.id: principal for principal in page.items}
        if page.cursor is None:
            return
        window = Window(limit=AT_A_TIME, cursor=page.cursor)
