"""Roles of principals: handlers."""

from __future__ import annotations

from datetime import datetime

from fastapi import Response
from pydantic import BaseModel

from scopewright.api.entrance import AskHere, WindowHere
from scopewright.api.shapes import Listed
from scopewright.core.assignments import Incomplete
from scopewright.core.model import Assignment
from scopewright.services.assignments import Assigned


class AssignmentShape(BaseModel):
    """A role assigned, by its canonical name. `assigned_by` is a principal's id."""

    role: str
    assigned_by: str
    assigned_at: datetime

    @classmethod
    def of(cls, assignment: Assignment) -> AssignmentShape:
        return cls(
            role=assignment.role,
            assigned_by=assignment.assigned_by,
            assigned_at=assignment.assigned_at,
        )


class IncompleteShape(BaseModel):
    """A role of a principal that is of little use without the roles that it `requires`."""

    role: str
    requires: list[str]

    @classmethod
    def of(cls, incomplete: Incomplete) -> IncompleteShape:
        return cls(role=incomplete.role, requires=sorted(incomplete.requires))


class AssignedShape(AssignmentShape):
    """A role assigned, and what all roles of the principal lack now."""

    incomplete: list[IncompleteShape]

    @classmethod
    def of_assigned(cls, assigned: Assigned) -> AssignedShape:
        plain = AssignmentShape.of(assigned.assignment)
        lacking = [IncompleteShape.of(one) for one in assigned.incomplete]
        return cls(**plain.model_dump(), incomplete=lacking)


def index(ask: AskHere, id: str, window: WindowHere) -> Listed[AssignmentShape]:
    """The roles that a principal is assigned itself, not through groups."""
    page = ask.services.assignments.page(ask.caller, name=id, window=window)
    return ask.listed(page, AssignmentShape.of)


def assign(ask: AskHere, id: str, role: str, response: Response) -> AssignedShape:
    """Assign a role to a principal; 200 when it was assigned already."""
    assigned, is_new = ask.services.assignments.assign(ask.caller, name=id, role=role)
    response.status_code = 201 if is_new else 200
    return AssignedShape.of_assigned(assigned)


def unassign(ask: AskHere, id: str, role: str) -> Response:
    """Take a role away from a principal; it shows in the next token."""
    ask.services.assignments.unassign(ask.caller, name=id, role=role)
    return Response(status_code=204)
