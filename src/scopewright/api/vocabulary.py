"""The vocabulary as it is sent back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from pydantic import BaseModel

from scopewright.core.catalogue import (
    Catalogue,
    ResourceDefinition,
    RoleDefinition,
    ScopeDefinition,
    Vocabulary,
)
from scopewright.core.catalogue_faults import faults
from scopewright.core.presets import presets


class NamedScope(BaseModel):
    """A scope within the vocabulary; `internal` ones open operations here."""

    name: str
    description: str
    internal: bool


class ResourceShape(BaseModel):
    """Scopes about the same thing; one of several services stands under each of them."""

    name: str | None
    description: str
    scopes: list[NamedScope]


class RoleWord(BaseModel):
    """A role within the vocabulary, with the scopes that it comes to."""

    name: str
    description: str
    application: str | None
    resource: str | None
    scopes: list[str]
    includes: list[str]
    requires: list[str]
    missing: list[str]

    @classmethod
    def of(cls, role: RoleDefinition, vocabulary: Vocabulary) -> RoleWord:
        return cls(
            name=role.name,
            description=role.description,
            application=role.application,
            resource=role.resource,
            scopes=sorted(vocabulary.scopes_of([role.name])),
            includes=sorted(role.includes),
            requires=sorted(role.requires),
            missing=sorted(vocabulary.graph.expand([role.name]).missing),
        )


class FindingShape(BaseModel):
    """What a rule says against a catalogue; `subject` is a name in it."""

    rule: str
    subject: str
    detail: str


class CatalogueShape(BaseModel):
    """One catalogue, or under the name `workspace` the workspace's own words.

    `aliases` are other spellings of roles; `findings` what the linter says; `applications` the
    names of the workspace's own.
    """

    name: str
    resources: list[ResourceShape]
    roles: list[RoleWord]
    aliases: dict[str, str] = {}
    findings: list[FindingShape] = []
    applications: list[str] = []

    @classmethod
    def of(cls, catalogue: Catalogue, vocabulary: Vocabulary) -> CatalogueShape:
        found = faults(catalogue, beside=vocabulary.catalogues)
        return cls(
            name=catalogue.name,
            resources=_by_resource(catalogue.scopes, catalogue.resources, vocabulary),
            roles=[RoleWord.of(role, vocabulary) for role in catalogue.roles],
            aliases=dict(catalogue.aliases),
            findings=[FindingShape(**asdict(fault)) for fault in found],
        )

    @classmethod
    def of_workspace(cls, vocabulary: Vocabulary) -> CatalogueShape:
        return cls(
            name="workspace",
            resources=_by_resource(vocabulary.scopes, (), vocabulary),
            roles=[RoleWord.of(role, vocabulary) for role in vocabulary.roles],
            applications=[application.name for application in vocabulary.applications],
        )


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
        named = [CatalogueShape.of(one, vocabulary) for one in vocabulary.catalogues]
        chosen = presets(s for c in vocabulary.catalogues for s in c.scopes)
        return cls(
            catalogues=[*named, CatalogueShape.of_workspace(vocabulary)],
            presets=[PresetShape(id=p.id, label=p.label, scopes=sorted(p.scopes)) for p in chosen],
        )


def _by_resource(
    scopes: Iterable[ScopeDefinition],
    described: Iterable[ResourceDefinition],
    vocabulary: Vocabulary,
) -> list[ResourceShape]:
    """The scopes under what they are about: first what is described, then the rest."""
    resources: dict[str | None, ResourceShape] = {}
    for one in described:
        resources[one.name] = ResourceShape(**asdict(one), scopes=[])
    for scope in scopes:
        for name in vocabulary.resources.get(scope.name, (None,)):
            resource = resources.setdefault(
                name, ResourceShape(name=name, description="", scopes=[])
            )
            resource.scopes.append(
                NamedScope(
                    name=scope.name,
                    description=scope.description,
                    internal=scope.name in vocabulary.guarded,
                )
            )
    return list(resources.values())
