"""Who has invited somebody, and what becomes of that when they lose what opens something here.

An operation that takes something asks before and after it.
"""

from __future__ import annotations

from collections.abc import Mapping

from scopewright.core.catalogue import Vocabulary
from scopewright.core.holdings import deprived
from scopewright.core.scopes import Scopes
from scopewright.store import holdings, invitations
from scopewright.store.database import Transaction


def held_by_each(tx: Transaction, workspace_id: str, vocabulary: Vocabulary) -> dict[str, Scopes]:
    """What everybody holds whose invitation is pending."""
    return holdings.of_many(tx, invitations.senders(tx, workspace_id), vocabulary)


def cancel_of_deprived(
    tx: Transaction, workspace_id: str, vocabulary: Vocabulary, *, had: Mapping[str, Scopes]
) -> int:
    """Cancel what those have sent who `had` a guarded scope that they hold no more; how many."""
    have = held_by_each(tx, workspace_id, vocabulary)
    losers = deprived(had, have, guarded=vocabulary.guarded)
    return sum(invitations.remove_of_sender(tx, id) for id in sorted(losers))
