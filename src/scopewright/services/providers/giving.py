"""What one giver gives somebody, made to be what is due: the rest stays, whoever gave it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from scopewright.core.catalogue import Vocabulary
from scopewright.core.model import Assignment, Grant, Principal
from scopewright.core.provider_rules import Difference, Due, difference, within
from scopewright.store import assignments, audit, grants, senders
from scopewright.store.audit import Actor
from scopewright.store.database import Transaction

Gifts = Mapping[str, Due]  # by giver


def unpaid(tx: Transaction, words: Vocabulary, person: Principal, gifts: Gifts) -> bool:
    """Whether anything would have to be given or taken."""
    return any(_difference(tx, words, person, giver, due) for giver, due in gifts.items())


def pay(
    tx: Transaction, words: Vocabulary, person: Principal, gifts: Gifts, *, at: datetime
) -> None:
    """Give and take what is due from each giver, under the workspace's lock, and write it down."""
    had = senders.held_by_each(tx, person.workspace_id, words)
    for giver, due in gifts.items():
        change = _difference(tx, words, person, giver, due)
        if not change:
            continue
        _take(tx, person, change.take)
        _give(tx, person, change.give, giver, at)
        facts = {"given": _names(change.give), "taken": _names(change.take)}
        record(tx, person, "assignments:create", giver, facts, at=at)
    senders.cancel_of_deprived(tx, person.workspace_id, words, had=had)


def record(
    tx: Transaction,
    person: Principal,
    operation: str,
    giver: str,
    facts: Mapping[str, object],
    *,
    at: datetime,
) -> None:
    """Write down what somebody's sign-in, or the settings, have done to their record."""
    by = Actor(person.workspace_id, person.id, via=giver)
    audit.record(tx, by, operation, person.id, at=at, **facts)


def _difference(
    tx: Transaction, words: Vocabulary, person: Principal, giver: str, due: Due
) -> Difference:
    assigned = assignments.of_principal(tx, person.id)
    granted = grants.of_principal(tx, person.id)
    return difference(within(due, words), assigned, granted, giver=giver)


def _take(tx: Transaction, person: Principal, taken: Due) -> None:
    for role in sorted(taken.roles):
        assignments.remove(tx, principal_id=person.id, role=role)
    for scope in sorted(taken.scopes):
        grants.remove(tx, principal_id=person.id, scope=scope)


def _give(tx: Transaction, person: Principal, given: Due, giver: str, at: datetime) -> None:
    here = person.workspace_id
    for role in sorted(given.roles):
        assignments.add(tx, here, assignment=Assignment(person.id, role, giver, at))
    for scope in sorted(given.scopes):
        grants.add(tx, here, grant=Grant(person.id, scope, giver, at))


def _names(due: Due) -> list[str]:
    return sorted(due.roles | due.scopes)
