"""Who would gain and lose what by a change: the handler."""

from __future__ import annotations

from pydantic import BaseModel

from scopewright.api import bodies
from scopewright.api.entrance import AskHere
from scopewright.api.shapes import NamedPrincipal, RoleShape
from scopewright.core.preview import Edits
from scopewright.core.proposals import RoleContents, ScopeContents
from scopewright.core.scopes import Scopes
from scopewright.services.preview import Previewed


class ChangedScopes(BaseModel):
    """Somebody, and the scopes that they would gain, or lose."""

    principal: NamedPrincipal
    scopes: list[str]


class PreviewShape(BaseModel):
    """How many would gain or lose something, and what; where they are very many, not of all.

    `roles` are those that are made or changed, as they would be.
    """

    principals: int
    gains: list[ChangedScopes]
    losses: list[ChangedScopes]
    roles: list[RoleShape]

    @classmethod
    def of(cls, previewed: Previewed) -> PreviewShape:
        told = [(NamedPrincipal.of(one.principal), one.difference) for one in previewed.told]
        return cls(
            principals=previewed.principals,
            gains=_those_with([(who, change.gained) for who, change in told]),
            losses=_those_with([(who, change.lost) for who, change in told]),
            roles=[RoleShape.of(role, previewed.vocabulary) for role in previewed.roles],
        )


def _those_with(changes: list[tuple[NamedPrincipal, Scopes]]) -> list[ChangedScopes]:
    return [
        ChangedScopes(principal=who, scopes=sorted(scopes)) for who, scopes in changes if scopes
    ]


def preview(ask: AskHere, body: bodies.Edits) -> PreviewShape:
    """Who would gain and lose what by a change of roles, scopes and mappings. Nothing is changed.

    It is refused where the change itself would be, but for what only its maker must hold.
    """
    edits = Edits(
        roles={
            name: None if said is None else RoleContents(**said.model_dump())
            for name, said in body.roles.items()
        },
        scopes={
            name: None if said is None else ScopeContents(**said.model_dump())
            for name, said in body.scopes.items()
        },
        mappings=body.mappings,
    )
    return PreviewShape.of(ask.services.preview.preview(ask.caller, edits=edits))
