"""How many there are of everything that a workspace has: handler."""

from __future__ import annotations

from pydantic import BaseModel

from scopewright.api.entrance import AskHere


class NumbersShape(BaseModel):
    """How many, by noun; those that the caller may not see are left out."""

    numbers: dict[str, int]


def show(ask: AskHere) -> NumbersShape:
    """How many there are of each noun: live sessions and keys, pending invitations."""
    return NumbersShape(numbers=ask.services.numbers.of_workspace(ask.caller))
