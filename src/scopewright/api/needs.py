"""Which roles supply the scopes that are needed: handlers."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from scopewright.api.entrance import AskHere
from scopewright.core.needs import Answer

MOST_SCOPES = 200


class SupplyingRole(BaseModel):
    """A catalogue role that supplies a scope, with how many come beside the needed ones."""

    role: str
    beside: int


class NeededScope(BaseModel):
    """A needed scope and the roles that supply it, the one with the least beside first."""

    scope: str
    roles: list[SupplyingRole]


class SuggestionShape(BaseModel):
    """Roles that together supply all that any supplies; `beside` are the scopes beside it."""

    roles: list[str]
    beside: list[str]


class NeedsShape(BaseModel):
    """What supplies each of the needed scopes, and all of them with the least beside."""

    scopes: list[NeededScope]
    suggestion: SuggestionShape

    @classmethod
    def of(cls, answer: Answer) -> NeedsShape:
        return cls(
            scopes=[
                NeededScope(
                    scope=scope,
                    roles=[
                        SupplyingRole(role=min(one.roles), beside=len(one.beside))
                        for one in supplies
                    ],
                )
                for scope, supplies in answer.by_scope.items()
            ],
            suggestion=SuggestionShape(
                roles=sorted(answer.suggestion.roles), beside=sorted(answer.suggestion.beside)
            ),
        )


def show(
    ask: AskHere,
    scope: Annotated[
        list[Annotated[str, Field(max_length=128)]], Query(min_length=1, max_length=MOST_SCOPES)
    ],
) -> NeedsShape:
    """The catalogue roles that supply these scopes, and the set with the least beside them."""
    return NeedsShape.of(ask.services.needs.show(ask.caller, scopes=scope))
