"""What was changed about roles, scopes and mappings: handlers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from scopewright.api.entrance import AskHere, WindowHere
from scopewright.api.shapes import Listed
from scopewright.core.deletions import Taken
from scopewright.core.revisions import Revision, RevisionKind


class TakenShape(BaseModel):
    """What went with a deletion: how many had it or were granted it, and which words named it."""

    assignments: int
    grants: int
    roles: list[str]
    scopes: list[str]
    includes: list[str]

    @classmethod
    def of(cls, taken: Taken) -> TakenShape:
        return cls(
            assignments=taken.assignments,
            grants=taken.grants,
            roles=sorted(taken.roles),
            scopes=sorted(taken.scopes),
            includes=sorted(taken.includes),
        )


class RevisionShape(BaseModel):
    """One change: what was before (null: it was made) and after (null: it was deleted).

    `actor` is a principal's id; `taken` is there for deletions.
    """

    id: str
    at: datetime
    actor: str
    kind: RevisionKind
    name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    taken: TakenShape | None
    undone_at: datetime | None

    @classmethod
    def of(cls, revision: Revision) -> RevisionShape:
        deleted = revision.after is None
        return cls(
            id=revision.id,
            at=revision.at,
            actor=revision.actor,
            kind=revision.kind,
            name=revision.name,
            before=None if revision.before is None else dict(revision.before),
            after=None if revision.after is None else dict(revision.after),
            taken=TakenShape.of(revision.taken) if deleted else None,
            undone_at=revision.undone_at,
        )


def index(ask: AskHere, window: WindowHere) -> Listed[RevisionShape]:
    """Every change of roles, scopes and mappings, newest first."""
    page = ask.services.revisions.page(ask.caller, window=window)
    return ask.listed(page, RevisionShape.of)


def undo(ask: AskHere, id: str) -> RevisionShape:
    """Bring back what was before a change, with all that a deletion took; once."""
    return RevisionShape.of(ask.services.revisions.undo(ask.caller, id=id))
