"""What a principal holds now, read and closed."""

from __future__ import annotations

from scopewright.core import holdings
from scopewright.core.caller import Caller
from scopewright.core.catalogue import Vocabulary
from scopewright.core.scopes import Scopes
from scopewright.store import assignments, grants
from scopewright.store.database import Transaction


def of(tx: Transaction, principal_id: str, vocabulary: Vocabulary) -> Scopes:
    """Everything that this principal holds."""
    granted = [grant.scope for grant in grants.of_principal(tx, principal_id)]
    assigned = [assignment.role for assignment in assignments.of_principal(tx, principal_id)]
    return holdings.held(vocabulary, granted, assigned)


def of_giver(tx: Transaction, caller: Caller, vocabulary: Vocabulary) -> Scopes:
    """What a caller may give: to use, the credential suffices; to give, you must still have it."""
    return caller.held & of(tx, caller.principal.id, vocabulary)


def of_many(tx: Transaction, principal_ids: list[str], vocabulary: Vocabulary) -> dict[str, Scopes]:
    """Everything that each of these principals holds."""
    granted = grants.of_principals(tx, principal_ids)
    assigned = assignments.of_principals(tx, principal_ids)
    return {
        id: holdings.held(
            vocabulary, [g.scope for g in granted[id]], [a.role for a in assigned[id]]
        )
        for id in principal_ids
    }
