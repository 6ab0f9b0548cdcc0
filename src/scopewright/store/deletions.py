"""Deleting roles and scopes: whom and what that affects, how it is done, and how it is undone.

It goes with whatever gives it. What demands a scope goes on demanding it, so that nothing becomes
public: nobody can hold it any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Select, Table, func, select, union

from scopewright.core.caller import Caller
from scopewright.core.catalogue import Vocabulary
from scopewright.core.deletions import (
    MOST_NAMED,
    Affected,
    kept_that_named,
    taken_with_role,
    taken_with_scope,
)
from scopewright.core.proposals import Proposal
from scopewright.core.revisions import Revision
from scopewright.core.tag_definitions import GivenTagGrant
from scopewright.store import (
    access_tags,
    assignments,
    endpoints,
    exports,
    gateway_routes,
    grants,
    mqtt_configs,
    revisions,
    vocabulary,
)
from scopewright.store.database import Transaction
from scopewright.store.schema import assignments as assigned
from scopewright.store.schema import grants as granted
from scopewright.store.schema import principals


def affected(tx: Transaction, caller: Caller, words: Vocabulary, deleting: Proposal) -> Affected:
    """Who has what is to be deleted, and what else names it."""
    roles = [name for name, left in deleting.roles.items() if left is None]
    scopes = [name for name, left in deleting.scopes.items() if left is None]
    tags = _giving(tx, caller, roles=roles, scopes=scopes)
    demanding = _demanding(tx, caller, words, scopes)
    naming = sorted({*kept_that_named(deleting), *demanding, *tags})
    holders = _Holders(caller.workspace_id, roles=roles, scopes=scopes)
    counts = Counter(noun for noun, _ in naming)
    counts.update(holders.counts(tx))
    return Affected(
        named=[f"{noun} {name}" for noun, name in [*naming, *holders.some(tx)][:MOST_NAMED]],
        counts=counts,
        needs_force=bool(naming) or holders.is_any_assigned(tx),
    )


@dataclass(frozen=True, slots=True)
class _Holders:
    """All who are assigned one of some roles or granted one of some scopes; perhaps very many."""

    workspace_id: str
    roles: Collection[str]
    scopes: Collection[str]

    def some(self, tx: Transaction) -> list[tuple[str, str]]:
        """The noun and the name of the first of them."""
        first = union(*self._ids).order_by("principal_id").limit(MOST_NAMED).subquery()
        statement = (
            select(principals.c.kind, principals.c.name)
            .where(principals.c.id.in_(select(first.c.principal_id)))
            .order_by(principals.c.kind, principals.c.name, principals.c.id)
        )
        return [(_noun(row.kind), row.name) for row in tx.all(statement)]

    def counts(self, tx: Transaction) -> dict[str, int]:
        """How many of each noun."""
        statement = (
            select(principals.c.kind, func.count().label("number"))
            .where(principals.c.id.in_(union(*self._ids)))
            .group_by(principals.c.kind)
        )
        return {_noun(row.kind): row.number for row in tx.all(statement)}

    def is_any_assigned(self, tx: Transaction) -> bool:
        """Whether any of them has a role of these."""
        return (
            tx.one(_having(assigned, assigned.c.role, self.workspace_id, self.roles).limit(1))
            is not None
        )

    @property
    def _ids(self) -> list[Select[Any]]:
        """Their ids by each table that is concerned: to join two takes twice as long as one."""
        return [
            _having(table, word, self.workspace_id, words)
            for table, word, words in (
                (assigned, assigned.c.role, self.roles),
                (granted, granted.c.scope, self.scopes),
            )
            if words
        ]


def _having(
    table: Table, word: Column[str], workspace_id: str, words: Collection[str]
) -> Select[Any]:
    """The ids of those to whom a table gives one of these words."""
    here = table.c.workspace_id == workspace_id
    return select(table.c.principal_id).where(here, word.in_(sorted(words))).distinct()


def _noun(kind: str) -> str:
    return kind.replace("_", "-")


def _giving(
    tx: Transaction, caller: Caller, *, roles: list[str], scopes: list[str]
) -> Iterator[tuple[str, str]]:
    """The access tags that give one of these."""
    for word, is_role in [*((role, True) for role in roles), *((scope, False) for scope in scopes)]:
        for one in access_tags.giving(tx, caller.workspace_id, word=word, is_role=is_role):
            yield "access tag", one.tag


def _demanding(
    tx: Transaction, caller: Caller, words: Vocabulary, scopes: list[str]
) -> Iterator[tuple[str, str]]:
    """What lets in only those who hold one of these scopes, each with its noun."""
    here = caller.workspace_id
    for scope in scopes:
        for endpoint in endpoints.using_scope(tx, here, scope=scope):
            yield "endpoint", endpoint.name
        for export in exports.using_scope(tx, here, scope=scope):
            yield "export", export.name
        for config in mqtt_configs.using_scope(tx, here, scope=scope):
            yield "MQTT config", config.name
    applications = {one.id: one.name for one in words.applications}
    for route in gateway_routes.of_workspace(tx, here):
        if not route.scopes.isdisjoint(scopes):
            yield "route", f"{applications[route.application_id]}: {route.host}{route.path}"


def forget(
    tx: Transaction, caller: Caller, words: Vocabulary, deleting: Proposal, *, at: datetime
) -> None:
    """Delete with all assignments and grants, and remember each deletion with what it took."""
    here = caller.workspace_id
    for name in [name for name, left in deleting.roles.items() if left is None]:
        tagged = _untag(tx, here, name, is_role=True)
        had = assignments.count_of_role(tx, here, role=name)
        taken = taken_with_role(words, deleting, name)
        taken = replace(taken, assignments=had, tag_grants=tagged)
        role = words.every_role[name]
        revision_id = revisions.of_role(tx, caller, role, None, at=at, taken=taken)
        assignments.take(tx, here, role=name, revision_id=revision_id)
    for name in [name for name, left in deleting.scopes.items() if left is None]:
        tagged = _untag(tx, here, name, is_role=False)
        got = grants.count_of_scope(tx, here, scope=name)
        taken = taken_with_scope(words, deleting, name)
        taken = replace(taken, grants=got, tag_grants=tagged)
        scope = words.by_name[name]
        revision_id = revisions.of_scope(tx, caller, scope, None, at=at, taken=taken)
        grants.take(tx, here, scope=name, revision_id=revision_id)
    vocabulary.change(tx, caller, deleting, at=at)


def _untag(
    tx: Transaction, workspace_id: str, word: str, *, is_role: bool
) -> tuple[GivenTagGrant, ...]:
    """Let no access tag give it; those that did."""
    gave = tuple(access_tags.giving(tx, workspace_id, word=word, is_role=is_role))
    access_tags.forget_word(tx, workspace_id, word=word, is_role=is_role)
    return gave


def bring_back(tx: Transaction, revision: Revision) -> None:
    """Assign and grant again what a deletion took, to those who are still there."""
    assignments.bring_back(tx, revision.id)
    grants.bring_back(tx, revision.id)
    access_tags.restore(tx, revision.taken.tag_grants)
