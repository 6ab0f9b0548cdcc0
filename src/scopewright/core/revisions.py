"""Revisions: what each change of roles and scopes was before, so that it can be undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from scopewright.core.catalogue import RoleDefinition, ScopeDefinition


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
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    undone_at: datetime | None = None


def told_role(role: RoleDefinition) -> dict[str, Any]:
    """A role as a revision keeps it; `remembered_role` reads it back."""
    return {
        "description": role.description,
        "application": role.application,
        "scopes": sorted(role.scopes),
        "includes": sorted(role.includes),
    }


def remembered_role(name: str, told: Mapping[str, Any]) -> RoleDefinition:
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


def remembered_scope(name: str, told: Mapping[str, Any]) -> ScopeDefinition:
    """The scope of which this was told."""
    return ScopeDefinition(
        name=name,
        description=told["description"],
        application=told["application"],
        implies=frozenset(told["implies"]),
    )
