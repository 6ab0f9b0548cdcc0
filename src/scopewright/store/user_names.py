"""Whom a name means that resource servers know: by a user name or an id; groups by theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import bindparam, select

from scopewright.core.identities import user_name
from scopewright.core.model import Principal, PrincipalKind
from scopewright.store import principals
from scopewright.store.database import Transaction
from scopewright.store.schema import identities
from scopewright.store.schema import principals as table

_CALLED = (
    select(table)
    .join(identities, identities.c.principal_id == table.c.id)
    .where(
        identities.c.workspace_id == bindparam("here"),
        identities.c.subject.in_(bindparam("names", expanding=True)),
        identities.c.subject == table.c.subject,
        identities.c.provider == table.c.provider,
    )
)
_GROUPS = select(table).where(
    table.c.workspace_id == bindparam("here"),
    table.c.kind == PrincipalKind.GROUP.value,
    table.c.name.in_(bindparam("names", expanding=True)),
)


def principals_named(
    tx: Transaction, workspace_id: str, names: Iterable[str]
) -> Mapping[str, Principal]:
    """Whom each of these names means here; one that means nobody, or several, is left out.

    A user name that a member and an end-user share is the end-user's.
    """
    asked = sorted(set(names))
    by_id = _of_ids(tx, workspace_id, asked)
    called = _called(tx, workspace_id, {one: _address(one) for one in asked})
    twice = {one for one in by_id if one in called and called[one] != by_id[one]}
    return {one: found for one, found in {**by_id, **called}.items() if one not in twice}


def groups_named(
    tx: Transaction, workspace_id: str, names: Iterable[str]
) -> Mapping[str, Principal]:
    """The groups of these names or ids here."""
    asked = sorted(set(names))
    by_id = _of_ids(tx, workspace_id, asked)
    groups = {one: found for one, found in by_id.items() if found.kind is PrincipalKind.GROUP}
    called = tx.all(_GROUPS, here=workspace_id, names=asked)
    return {**groups, **{row.name: principals.noun(row) for row in called}}


def names_of(
    tx: Transaction, workspace_id: str, people: Mapping[str, Principal]
) -> Mapping[str, str]:
    """By id, a name that means this one alone: a group's, a user name, or else the id."""
    names = {id: _name(one) for id, one in people.items()}
    meant = principals_named(tx, workspace_id, names.values())
    return {
        id: name if people[id].kind is PrincipalKind.GROUP or meant.get(name) == people[id] else id
        for id, name in names.items()
    }


def _name(principal: Principal) -> str:
    return principal.name if principal.kind is PrincipalKind.GROUP else user_name(principal)


def _of_ids(tx: Transaction, workspace_id: str, names: list[str]) -> dict[str, Principal]:
    known = principals.of_ids(tx, [name.lower() for name in names])
    here = {id: one for id, one in known.items() if one.workspace_id == workspace_id}
    return {name: here[name.lower()] for name in names if name.lower() in here}


def _address(name: str) -> str:
    return name.lower() if "@" in name else name


def _called(
    tx: Transaction, workspace_id: str, subjects: Mapping[str, str]
) -> dict[str, Principal]:
    found: dict[tuple[str | None, PrincipalKind], list[Principal]] = {}
    for row in tx.all(_CALLED, here=workspace_id, names=sorted(set(subjects.values()))):
        one = principals.noun(row)
        found.setdefault((row.subject, one.kind), []).append(one)
    only = {key: people[0] for key, people in found.items() if len(people) == 1}
    return {
        name: only[subject, kind]
        for kind in (PrincipalKind.MEMBER, PrincipalKind.END_USER)  # the last one counts
        for name, subject in subjects.items()
        if (subject, kind) in only
    }
