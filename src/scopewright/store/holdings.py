"""What a principal holds now, by itself and through its groups: read and closed."""

from __future__ import annotations

from scopewright.core import holdings
from scopewright.core.caller import Caller
from scopewright.core.catalogue import Vocabulary
from scopewright.core.groups import all_groups, membership_graph
from scopewright.core.scopes import Scopes
from scopewright.store import assignments, grants, groups
from scopewright.store.database import Transaction


def of(tx: Transaction, principal_id: str, vocabulary: Vocabulary) -> Scopes:
    """Everything that this principal holds."""
    return of_many(tx, [principal_id], vocabulary)[principal_id]


def of_giver(tx: Transaction, caller: Caller, vocabulary: Vocabulary) -> Scopes:
    """What a caller may give: to use, the credential suffices; to give, you must still have it."""
    return caller.held & of(tx, caller.principal.id, vocabulary)


def of_many(tx: Transaction, principal_ids: list[str], vocabulary: Vocabulary) -> dict[str, Scopes]:
    """Everything that each of these principals holds."""
    memberships = groups.above(tx, principal_ids)
    graph = membership_graph(memberships)
    everybody = sorted({*principal_ids, *(membership.group_id for membership in memberships)})
    granted = grants.of_principals(tx, everybody)
    assigned = assignments.of_principals(tx, everybody)
    found = {}
    for id in principal_ids:
        here = (id, *all_groups(graph, id))
        found[id] = holdings.held(
            vocabulary,
            [grant.scope for each in here for grant in granted[each]],
            [assignment.role for each in here for assignment in assigned[each]],
        )
    return found
