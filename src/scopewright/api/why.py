"""Why somebody holds a scope, and who does: handlers."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel

from scopewright.api.entrance import AskHere, WindowHere
from scopewright.api.shapes import Listed, NamedPrincipal, ReasonShape
from scopewright.services.why import ScopeHolder

ScopeAskedAbout = Annotated[str, Query(max_length=128)]


class WhyShape(BaseModel):
    """Whether a principal holds a scope, by which paths, and which roles give it.

    `more` says that longer paths were left out.
    """

    principal: NamedPrincipal
    scope: str
    held: bool
    paths: list[ReasonShape]
    more: bool
    roles_that_give_it: list[str]


class HolderShape(BaseModel):
    """Somebody who holds the scope, and by which paths."""

    principal: NamedPrincipal
    paths: list[ReasonShape]
    more: bool

    @classmethod
    def of(cls, holder: ScopeHolder) -> HolderShape:
        return cls(
            principal=NamedPrincipal.of(holder.principal),
            paths=ReasonShape.all_of(holder.reasons),
            more=holder.reasons.more,
        )


def explain(
    ask: AskHere,
    principal: Annotated[str, Query(max_length=254, description="An id, or an address.")],
    scope: ScopeAskedAbout,
) -> WhyShape:
    """Why a principal holds a scope, if it does."""
    answer = ask.services.why.explain(ask.caller, name=principal, scope=scope)
    return WhyShape(
        principal=NamedPrincipal.of(answer.principal),
        scope=answer.scope,
        held=answer.is_held,
        paths=ReasonShape.all_of(answer.reasons),
        more=answer.reasons.more,
        roles_that_give_it=list(answer.roles),
    )


def who_can(ask: AskHere, scope: ScopeAskedAbout, window: WindowHere) -> Listed[HolderShape]:
    """Everybody who holds a scope, groups among them, and why."""
    page = ask.services.why.who_can(ask.caller, scope=scope, window=window)
    return ask.listed(page, HolderShape.of)
