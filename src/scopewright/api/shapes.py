"""What is sent back: a model for each noun, made from the entity by its `of`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from scopewright.core.catalogue import ScopeDefinition, Vocabulary, presets
from scopewright.core.model import TokenOverrides, WorkspacePolicy

Item = TypeVar("Item")


class Listed(BaseModel, Generic[Item]):
    """One page of a list; `next_page` is the URL of the next, null at the end."""

    data: list[Item]
    next_page: str | None = None


class Problem(BaseModel):
    """A problem document (RFC 9457) with the facts of the refusal."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    field: str | None = Field(None, description="Which member, parameter or header was refused.")
    missing: list[str] | None = Field(None, description="Which scopes the caller lacks.")


class TokenSettingsShape(BaseModel):
    """What a workspace or client says differently about tokens; null: as the level above.

    Lifetimes are in seconds.
    """

    access_lifetime: int | None
    refresh_lifetime: int | None
    refresh_grace: int | None
    live_scopes: bool | None
    signing_algorithm: str | None

    @classmethod
    def of(cls, tokens: TokenOverrides) -> TokenSettingsShape:
        return cls(**asdict(tokens))


class PolicyShape(BaseModel):
    """What a workspace lets its clients do; `resources` are audiences with the scopes of each."""

    security_profile: str
    client_registration: str
    client_id_metadata_documents: bool
    resources: dict[str, list[str]]

    @classmethod
    def of(cls, policy: WorkspacePolicy) -> PolicyShape:
        return cls(**asdict(policy))


class ScopeShape(BaseModel):
    """A scope; `roles` are those that contain it."""

    name: str
    description: str
    resource: str | None = None
    roles: list[str] = []

    @classmethod
    def of(cls, scope: ScopeDefinition, vocabulary: Vocabulary) -> ScopeShape:
        containing = [
            role for role in vocabulary.every_role
            if scope.name in vocabulary.graph.expand([role]).scopes
        ]  # fmt: skip
        return cls(
            name=scope.name,
            description=scope.description,
            resource=scope.resource,
            roles=sorted(containing),
        )


class NamedScope(BaseModel):
    """A scope within the vocabulary."""

    name: str
    description: str


class ResourceShape(BaseModel):
    """Scopes about the same thing."""

    name: str | None
    scopes: list[NamedScope]


class RoleWord(BaseModel):
    """A role within the vocabulary, with the scopes that it comes to."""

    name: str
    description: str
    scopes: list[str]


class CatalogueShape(BaseModel):
    """One catalogue, or under the name `workspace` the workspace's own words."""

    name: str
    resources: list[ResourceShape]
    roles: list[RoleWord]


class PresetShape(BaseModel):
    """A convenience that chooses several scopes at once."""

    id: str
    label: str
    scopes: list[str]


class VocabularyShape(BaseModel):
    """All scopes and roles by catalogue and resource, and the presets."""

    catalogues: list[CatalogueShape]
    presets: list[PresetShape]

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> VocabularyShape:
        named = [
            _catalogue(
                catalogue.name, catalogue.scopes, [r.name for r in catalogue.roles], vocabulary
            )
            for catalogue in vocabulary.catalogues
        ]
        own = _catalogue("workspace", vocabulary.scopes, [], vocabulary)
        chosen = presets(s for c in vocabulary.catalogues for s in c.scopes)
        return cls(
            catalogues=[*named, own],
            presets=[PresetShape(id=p.id, label=p.label, scopes=sorted(p.scopes)) for p in chosen],
        )


def _catalogue(
    name: str, scopes: tuple[ScopeDefinition, ...], roles: list[str], vocabulary: Vocabulary
) -> CatalogueShape:
    by_resource: dict[str | None, list[NamedScope]] = {}
    for scope in scopes:
        named = NamedScope(name=scope.name, description=scope.description)
        by_resource.setdefault(scope.resource, []).append(named)
    return CatalogueShape(
        name=name,
        resources=[ResourceShape(name=r, scopes=words) for r, words in by_resource.items()],
        roles=[
            RoleWord(
                name=role,
                description=vocabulary.every_role[role].description,
                scopes=sorted(vocabulary.graph.expand([role]).scopes),
            )
            for role in roles
        ],
    )
