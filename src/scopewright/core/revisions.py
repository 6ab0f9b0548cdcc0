"""Revisions: what each change of roles, scopes and mappings was before; how it is undone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from scopewright.core.catalogue import RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.deletions import NOTHING, Taken, deletion
from scopewright.core.errors import Conflict, NotNow
from scopewright.core.proposals import Proposal
from scopewright.core.tag_definitions import GivenTagGrant, TagGrant

Told = Mapping[str, Any]


class RevisionKind(StrEnum):
    """What was changed."""

    ROLE = "role"
    SCOPE = "scope"
    MAPPING = "mapping"


@dataclass(frozen=True, slots=True)
class Revision:
    """One change; `before` None means it was made then, `after` None that it was deleted."""

    id: str
    workspace_id: str
    at: datetime
    actor: str
    kind: RevisionKind
    name: str
    before: Told | None
    after: Told | None
    taken: Taken = NOTHING
    undone_at: datetime | None = None


# --- undoing ------------------------------------------------------------------------------------


def undoing(words: Vocabulary, revision: Revision) -> Proposal:
    """The change that brings back what was before, with all that a deletion took.

    Raises:
        NotNow: it was undone already.
        Conflict: what it was about has been changed since; or what it would bring back names
            something that is gone, or has a name that is taken.
    """
    if revision.undone_at is not None:
        raise NotNow("This has been undone already.")
    if _present(words, revision) != revision.after:
        raise Conflict("This has been changed since.", conflict=revision.name)
    match revision.kind:
        case RevisionKind.ROLE:
            return _role_as_before(words, revision)
        case RevisionKind.SCOPE:
            return _scope_as_before(words, revision)
        case RevisionKind.MAPPING:
            return _mapping_as_before(words, revision)


def _present(words: Vocabulary, revision: Revision) -> Told | None:
    """What the revision was about as it is now; None where there is no such thing."""
    told: Iterable[tuple[str, Told]]
    match revision.kind:
        case RevisionKind.ROLE:
            told = ((role.name, told_role(role)) for role in words.roles)
        case RevisionKind.SCOPE:
            told = ((scope.name, told_scope(scope)) for scope in words.scopes)
        case RevisionKind.MAPPING:
            told = ((include, told_mapping(role)) for include, role in words.mappings.items())
    return dict(told).get(revision.name)


def _role_as_before(words: Vocabulary, revision: Revision) -> Proposal:
    name, taken = revision.name, revision.taken
    if revision.before is None:
        return deletion(words, roles=[name])
    before = remembered_role(name, revision.before)
    if revision.after is None:
        _check_free(words, name, before.application)
    present = words.every_role.get(name, RoleDefinition(name))
    _check_there(before.scopes - present.scopes, words.by_name)
    _check_there(before.includes - present.includes - {name}, words.every_role)
    including = {
        role.name: replace(role, includes=role.includes | {name})
        for role in words.roles
        if role.name in taken.roles
    }
    unmapped = taken.includes & words.graph.missing
    return Proposal(
        roles={**including, name: before}, mappings=dict.fromkeys(sorted(unmapped), name)
    )


def _scope_as_before(words: Vocabulary, revision: Revision) -> Proposal:
    name, taken = revision.name, revision.taken
    if revision.before is None:
        return deletion(words, scopes=[name])
    before = remembered_scope(name, revision.before)
    if revision.after is None:
        _check_free(words, name, before.application)
    present = words.by_name.get(name, ScopeDefinition(name))
    _check_there(before.implies - present.implies - {name}, words.by_name)
    listing = {
        role.name: replace(role, scopes=role.scopes | {name})
        for role in words.roles
        if role.name in taken.roles
    }
    implying = {
        scope.name: replace(scope, implies=scope.implies | {name})
        for scope in words.scopes
        if scope.name in taken.scopes
    }
    return Proposal(roles=listing, scopes={**implying, name: before})


def _mapping_as_before(words: Vocabulary, revision: Revision) -> Proposal:
    if revision.before is None:
        return Proposal(mappings={revision.name: None})
    role = remembered_mapping(revision.before)
    _check_there({role}, words.every_role)
    if words.role(revision.name) is not None:
        raise Conflict("There is a role of this name now.", conflict=revision.name)
    return Proposal(mappings={revision.name: role})


def _check_free(words: Vocabulary, name: str, application: str | None) -> None:
    if application is None:
        words.check_free(name)
    else:
        _check_there({application}, words.application_by_name)
        words.check_new(name)


def _check_there(names: Iterable[str], there: Mapping[str, object]) -> None:
    gone = sorted(name for name in names if name not in there)
    if gone:
        raise Conflict(f"{gone[0]} is not there any more. Bring it back first.", conflict=gone)


# --- as they are kept ---------------------------------------------------------------------------


def told_role(role: RoleDefinition) -> dict[str, Any]:
    """A role as a revision keeps it; `remembered_role` reads it back."""
    return {
        "description": role.description,
        "application": role.application,
        "scopes": sorted(role.scopes),
        "includes": sorted(role.includes),
    }


def remembered_role(name: str, told: Told) -> RoleDefinition:
    """The role of which this was told."""
    return RoleDefinition(
        name=name,
        description=told["description"],
        application=told["application"],
        scopes=frozenset(told["scopes"]),
        includes=frozenset(told["includes"]),
    )


def told_scope(scope: ScopeDefinition) -> dict[str, Any]:
    """A scope as a revision keeps it; `remembered_scope` reads it back."""
    return {
        "description": scope.description,
        "application": scope.application,
        "implies": sorted(scope.implies),
    }


def remembered_scope(name: str, told: Told) -> ScopeDefinition:
    """The scope of which this was told."""
    return ScopeDefinition(
        name=name,
        description=told["description"],
        application=told["application"],
        implies=frozenset(told["implies"]),
    )


def told_mapping(role: str) -> dict[str, Any]:
    """The role that stands for an include as a revision keeps it; `remembered_mapping` reads it."""
    return {"role": role}


def remembered_mapping(told: Told) -> str:
    """The role of which this was told."""
    return str(told["role"])


def told_taken(taken: Taken) -> dict[str, Any]:
    """What a deletion took as a revision keeps it; `remembered_taken` reads it back."""
    return {
        "assignments": taken.assignments,
        "grants": taken.grants,
        "tag_grants": [
            [one.tag, *astuple(one.grant), one.given_by, one.given_at.isoformat()]
            for one in taken.tag_grants
        ],
        "roles": sorted(taken.roles),
        "scopes": sorted(taken.scopes),
        "includes": sorted(taken.includes),
    }


def remembered_taken(told: Told) -> Taken:
    """What a deletion took, of which this was told."""
    return Taken(
        assignments=told["assignments"],
        grants=told["grants"],
        tag_grants=tuple(
            GivenTagGrant(tag, TagGrant(*grant), by, datetime.fromisoformat(at))
            for tag, *grant, by, at in told.get("tag_grants", ())
        ),
        roles=frozenset(told["roles"]),
        scopes=frozenset(told["scopes"]),
        includes=frozenset(told["includes"]),
    )
