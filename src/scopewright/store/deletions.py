"""Deleting roles and scopes: whom and what that affects, how it is done, and how it is undone.

It goes with whatever gives it. What demands a scope goes on demanding it, so that nothing becomes
public: nobody can hold it any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select, union

from scopewright.core.caller import Caller
from scopewright.core.catalogue import Vocabulary
from scopewright.core.deletions import (
    MOST_NAMED,
    Affected,
    Taken,
    kept_that_named,
    taken_with_role,
    taken_with_scope,
)
from scopewright.core.proposals import Proposal
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


def _holders() -> Select[Any]:
    """The ids of all who are assigned one of some roles or granted one of some scopes."""
    with_role = select(assigned.c.principal_id).where(
        assigned.c.workspace_id == bindparam("workspace"),
        assigned.c.role.in_(bindparam("roles", expanding=True)),
    )
    with_scope = select(granted.c.principal_id).where(
        granted.c.workspace_id == bindparam("workspace"),
        granted.c.scope.in_(bindparam("scopes", expanding=True)),
    )
    return select(union(with_role, with_scope).subquery().c.principal_id)


_HAS_ONE = principals.c.id.in_(_holders())
_SOME = (
    select(principals.c.kind, principals.c.name)
    .where(_HAS_ONE)
    .order_by(principals.c.kind, principals.c.name, principals.c.id)
    .limit(MOST_NAMED)
)
_HOW_MANY = (
    select(principals.c.kind, func.count().label("number"))
    .where(_HAS_ONE)
    .group_by(principals.c.kind)
)


def affected(tx: Transaction, caller: Caller, words: Vocabulary, deleting: Proposal) -> Affected:
    """Who has what is to be deleted, and what else names it."""
    roles = [name for name, left in deleting.roles.items() if left is None]
    scopes = [name for name, left in deleting.scopes.items() if left is None]
    tags = _giving(tx, caller, roles=roles, scopes=scopes)
    demanding = _demanding(tx, caller, words, scopes)
    naming = sorted({*kept_that_named(deleting), *demanding, *tags})
    asked = {"workspace": caller.workspace_id, "roles": roles, "scopes": scopes}
    holders = [(_noun(row.kind), row.name) for row in tx.all(_SOME, **asked)]
    counts = Counter(noun for noun, _ in naming)
    counts.update({_noun(row.kind): row.number for row in tx.all(_HOW_MANY, **asked)})
    return Affected(
        named=[f"{noun} {name}" for noun, name in [*naming, *holders][:MOST_NAMED]],
        counts=counts,
        needs_force=bool(naming or tx.all(_HOW_MANY, **asked | {"scopes": []})),
    )


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
        had = tuple(assignments.of_role(tx, here, role=name))
        assignments.remove_role(tx, here, role=name)
        tagged = _untag(tx, here, name, is_role=True)
        taken = taken_with_role(words, deleting, name)
        taken = replace(taken, assignments=had, tag_grants=tagged)
        revisions.of_role(tx, caller, words.every_role[name], None, at=at, taken=taken)
    for name in [name for name, left in deleting.scopes.items() if left is None]:
        got = tuple(grants.of_scope(tx, here, scope=name))
        grants.remove_scope(tx, here, scope=name)
        tagged = _untag(tx, here, name, is_role=False)
        taken = taken_with_scope(words, deleting, name)
        taken = replace(taken, grants=got, tag_grants=tagged)
        revisions.of_scope(tx, caller, words.by_name[name], None, at=at, taken=taken)
    vocabulary.change(tx, caller, deleting, at=at)


def _untag(
    tx: Transaction, workspace_id: str, word: str, *, is_role: bool
) -> tuple[GivenTagGrant, ...]:
    """Let no access tag give it; those that did."""
    gave = tuple(access_tags.giving(tx, workspace_id, word=word, is_role=is_role))
    access_tags.forget_word(tx, workspace_id, word=word, is_role=is_role)
    return gave


def bring_back(tx: Transaction, taken: Taken) -> None:
    """Assign and grant again what a deletion took, to those who are still there."""
    assignments.restore(tx, taken.assignments)
    grants.restore(tx, taken.grants)
    access_tags.restore(tx, taken.tag_grants)
