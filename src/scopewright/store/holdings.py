"""What a principal holds now, by itself and through its groups: read and closed."""

from __future__ import annotations

from sqlalchemy import select, union

from scopewright.core.caller import Caller
from scopewright.core.catalogue import Vocabulary
from scopewright.core.holdings import Given
from scopewright.core.model import Principal
from scopewright.core.scopes import Scopes
from scopewright.core.why import Ledger
from scopewright.store import assignments, grants, groups, principals, schema
from scopewright.store.database import Transaction
from scopewright.store.pages import Page, Window, rows_of


def of(tx: Transaction, principal_id: str, vocabulary: Vocabulary) -> Scopes:
    """Everything that this principal holds."""
    return of_many(tx, [principal_id], vocabulary)[principal_id]


def of_giver(tx: Transaction, caller: Caller, vocabulary: Vocabulary) -> Scopes:
    """What a caller may give: to use, the credential suffices; to give, you must still have it."""
    return caller.held & of(tx, caller.principal.id, vocabulary)


def of_many(tx: Transaction, principal_ids: list[str], vocabulary: Vocabulary) -> dict[str, Scopes]:
    """Everything that each of these principals holds."""
    given = given_to(tx, principal_ids)
    return {id: given.held(vocabulary, id) for id in principal_ids}


def given_to(tx: Transaction, principal_ids: list[str]) -> Given:
    """Whatever makes up what these principals hold."""
    memberships = groups.above(tx, principal_ids)
    everybody = sorted({*principal_ids, *(membership.group_id for membership in memberships)})
    return Given(
        memberships,
        grants.of_principals(tx, everybody),
        assignments.of_principals(tx, everybody),
    )


def ledger_of(tx: Transaction, principal_ids: list[str], vocabulary: Vocabulary) -> Ledger:
    """The same, with what everybody is called who stands in it."""
    given = given_to(tx, principal_ids)
    named = principals.of_ids(tx, sorted(given.mentioned))
    return Ledger(vocabulary, given, {id: one.name for id, one in named.items()})


def page_of_holders(
    tx: Transaction, workspace_id: str, *, scopes: Scopes, roles: frozenset[str], window: Window
) -> Page[Principal]:
    """Everybody who is granted one of these scopes or assigned one of these roles.

    By themselves or through groups; oldest first.
    """
    granted = select(schema.grants.c.principal_id).where(
        schema.grants.c.workspace_id == workspace_id, schema.grants.c.scope.in_(sorted(scopes))
    )
    assigned = select(schema.assignments.c.principal_id).where(
        schema.assignments.c.workspace_id == workspace_id,
        schema.assignments.c.role.in_(sorted(roles)),
    )
    start = union(granted, assigned).subquery()
    everybody = groups.below(select(start.c.principal_id))
    everybody_there = schema.principals.c.id.in_(select(everybody))
    statement = select(schema.principals).where(everybody_there)
    rows, cursor = rows_of(tx, statement, schema.principals.c.id, window)
    return Page(tuple(principals.noun(row) for row in rows), cursor)
