"""What has to change at Tiled so that our roles are there, for whom they are here: pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from scopewright.core.errors import Invalid
from scopewright.core.scopes import Scopes
from scopewright.tiled.scopes import as_tiled_says
from scopewright.tiled.workspace import Known, Role

LONGEST_NAME, LONGEST_DESCRIPTION, LONGEST_SCOPES = 255, 1023, 511  # Tiled's columns


@dataclass(frozen=True)
class Wanted:
    """A role as Tiled is to have it; `holders` by the names that Tiled knows them by."""

    name: str
    description: str
    scopes: tuple[str, ...]
    holders: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Row:
    """A role as Tiled has it."""

    name: str
    description: str
    scopes: tuple[str, ...]
    holders: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Plan:
    """What to do, in this order; `notes` are what is not done, and why."""

    take: tuple[tuple[str, str], ...] = ()
    delete: tuple[str, ...] = ()
    change: tuple[Wanted, ...] = ()
    add: tuple[Wanted, ...] = ()
    give: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def is_empty(self) -> bool:
        return self == Plan()

    def lines(self) -> Iterator[str]:
        """What changes, one line each."""
        yield from (f"- {holder} no longer has {role}" for role, holder in self.take)
        yield from (f"- role {name}" for name in self.delete)
        yield from (f"~ role {role.name}: {' '.join(role.scopes)}" for role in self.change)
        yield from (f"+ role {role.name}: {' '.join(role.scopes)}" for role in self.add)
        yield from (f"+ {holder} has {role}" for role, holder in self.give)


def mark_of(workspace_id: str) -> str:
    """How the description ends of a role that is there because of a workspace here."""
    return f"(Scopewright, workspace {workspace_id})"


def wanted_roles(
    roles: Iterable[Role],
    principals: Mapping[str, Known],
    *,
    members: Callable[[str], Iterable[str]],
    known: Scopes,
    mark: str,
) -> list[Wanted]:
    """The roles that consist of Tiled's scopes alone, and who has each, through groups too.

    People are those that sign in at clients, end-users. Who is disabled has nothing.

    Raises:
        Invalid: a role does not fit into Tiled's tables.
    """
    holders: dict[str, set[str]] = {}
    for id, one in principals.items():
        ids = members(id) if one.kind == "group" else (id,)
        found = (principals[each] for each in ids if each in principals)
        names = {each.name for each in found if _acts_at_tiled(each)}
        for role in one.roles:
            holders.setdefault(role, set()).update(names)
    consisting = (role for role in roles if role.scopes and as_tiled_says(role.scopes) <= known)
    return [_fitting(role, mark, frozenset(holders.get(role.name, ()))) for role in consisting]


def _acts_at_tiled(principal: Known) -> bool:
    return principal.kind in ("end_user", "client") and not principal.is_disabled


def _fitting(role: Role, mark: str, holders: frozenset[str]) -> Wanted:
    scopes = tuple(sorted(as_tiled_says(role.scopes)))
    if len(role.name) > LONGEST_NAME:
        raise Invalid(f"{role.name}: Tiled's names have {LONGEST_NAME} characters.", field="name")
    if len(json.dumps(list(scopes))) > LONGEST_SCOPES:
        raise Invalid(
            f"{role.name}: its scopes take more than the {LONGEST_SCOPES} characters that Tiled has"
            " for them.",
            field="scopes",
        )
    words = role.description[: LONGEST_DESCRIPTION - len(mark) - 1]
    return Wanted(role.name, f"{words} {mark}".strip(), scopes, holders)


def plan(
    wanted: Iterable[Wanted], rows: Mapping[str, Row], *, people: Iterable[str], mark: str
) -> Plan:
    """What makes Tiled's rows those that are wanted.

    `people` are the names that Tiled knows somebody by. Only roles that bear the mark are touched:
    one of another's that is called the same stays as it is.
    """
    by_name, there = {role.name: role for role in wanted}, frozenset(people)
    ours = {name: row for name, row in rows.items() if row.description.endswith(mark)}
    foreign = sorted(by_name.keys() & rows.keys() - ours.keys())
    mine = {name: role for name, role in by_name.items() if name not in foreign}
    has = {(name, holder) for name, row in ours.items() for holder in row.holders}
    shall = {(name, holder) for name, role in mine.items() for holder in role.holders & there}
    absent = sorted({holder for role in mine.values() for holder in role.holders - there})
    return Plan(
        take=tuple(sorted(has - shall)),
        delete=tuple(sorted(ours.keys() - mine.keys())),
        change=tuple(
            role
            for name, role in sorted(mine.items())
            if name in ours
            and (role.scopes, role.description) != (ours[name].scopes, ours[name].description)
        ),
        add=tuple(role for name, role in sorted(mine.items()) if name not in ours),
        give=tuple(sorted(shall - has)),
        notes=(
            *(
                f"role {name}: Tiled has one of its own by this name, left alone"
                for name in foreign
            ),
            *(f"{holder}: not known at Tiled yet" for holder in absent),
        ),
    )
