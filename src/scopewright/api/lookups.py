"""What is called by an id, by how it begins: handler."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel

from scopewright.api.entrance import AskHere
from scopewright.api.shapes import Listed
from scopewright.core.lookups import Found

Beginning = Annotated[
    str,
    Query(
        description="How an id begins, or the visible part of an API key: never a whole secret.",
        max_length=128,
    ),
]


class FoundShape(BaseModel):
    """Something by its id: a principal by its kind, an `api_key` or a `session`.

    `name` is what it is called, what the key is for, or whose session it is; `principal` its owner.
    """

    kind: str
    id: str
    name: str
    principal: str

    @classmethod
    def of(cls, found: Found) -> FoundShape:
        return cls(kind=found.kind, id=found.id, name=found.name, principal=found.principal_id)


def find(ask: AskHere, q: Beginning) -> Listed[FoundShape]:
    """What begins so, of all that the caller may read: ten of each kind at most."""
    found = ask.services.lookups.find(ask.caller, beginning=q)
    return Listed(data=[FoundShape.of(one) for one in found], next_page=None)
