"""What is sent back: a model for each noun, made from the entity by its `of`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from scopewright.core import explanation
from scopewright.core.catalogue import RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.model import Principal, PrincipalKind, TokenOverrides, WorkspacePolicy
from scopewright.core.why import Reasons

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


class NamedPrincipal(BaseModel):
    """A principal, where another noun speaks of it."""

    id: str
    kind: PrincipalKind
    name: str

    @classmethod
    def of(cls, principal: Principal) -> NamedPrincipal:
        return cls(id=principal.id, kind=principal.kind, name=principal.name)


class GiverShape(BaseModel):
    """Who has given something; `name` is null where they are gone."""

    id: str
    name: str | None


class ReasonShape(BaseModel):
    """One path by which a scope is held; `text` tells all of it.

    `names` go from what lists the scope up to what was given, and are empty where that is the scope
    itself; `groups` begin with the one that the principal is in itself.
    """

    names: list[str]
    groups: list[str]
    given: Literal["assignment", "grant"]
    by: GiverShape
    at: datetime
    text: str

    @classmethod
    def all_of(cls, reasons: Reasons) -> list[ReasonShape]:
        return [
            cls(
                names=list(one.names),
                groups=list(one.groups),
                given=one.given,
                by=GiverShape(id=one.by, name=one.giver),
                at=one.at,
                text=one.text,
            )
            for one in reasons.shown
        ]


class TokenSettingsShape(BaseModel):
    """What a workspace or client says differently about tokens; null: as the level above.

    Lifetimes are in seconds.
    """

    access_lifetime: int | None
    refresh_lifetime: int | None
    session_lifetime: int | None
    refresh_grace: int | None
    live_scopes: bool | None
    signing_algorithm: str | None

    @classmethod
    def of(cls, tokens: TokenOverrides) -> TokenSettingsShape:
        return cls(**asdict(tokens))


class KeyPolicyShape(BaseModel):
    """What API keys must be; null: anything. `maximum_lifetime` is in seconds."""

    maximum_lifetime: int | None
    must_expire: bool
    scopes: list[str] | None


class PolicyShape(BaseModel):
    """What a workspace lets its clients do; `resources` are audiences with the scopes of each."""

    security_profile: str
    client_registration: str
    client_id_metadata_documents: bool
    resources: dict[str, list[str]]
    api_keys: KeyPolicyShape

    @classmethod
    def of(cls, policy: WorkspacePolicy) -> PolicyShape:
        return cls(**asdict(policy))


class ScopeShape(BaseModel):
    """A scope; `roles` are those that contain it, `implies` what whoever holds it holds as well.

    `resource` is what it is about, `resources` also what roles are about that list it.
    """

    name: str
    description: str
    resource: str | None = None
    resources: list[str] = []
    implies: list[str] = []
    roles: list[str] = []

    @classmethod
    def of(cls, scope: ScopeDefinition, vocabulary: Vocabulary) -> ScopeShape:
        return cls(
            name=scope.name,
            description=scope.description,
            resource=scope.resource,
            resources=list(vocabulary.resources.get(scope.name, ())),
            implies=sorted(scope.implies),
            roles=sorted(vocabulary.roles_with(scope.name)),
        )


class EffectiveScope(BaseModel):
    """A scope that a role comes to, and by which ways.

    Each way begins with what lists the scope (or with a scope that implies it) and ends with the
    role. The shortest are told; `more`: there are others.
    """

    scope: str
    paths: list[list[str]]
    more: bool

    @classmethod
    def all_of(cls, role: RoleDefinition, vocabulary: Vocabulary) -> list[EffectiveScope]:
        ways = explanation.of_roles(vocabulary, [role.name])
        return [
            cls(scope=scope, paths=[list(path.names) for path in paths.shown], more=paths.more)
            for scope, paths in ways.items()
        ]


class RoleRow(BaseModel):
    """What a role says itself.

    `owner` is a catalogue, `workspace`, or an application; `requires` are roles without which this
    one is of little use.
    """

    name: str
    description: str
    owner: str
    application: str | None
    resource: str | None
    scopes: list[str]
    includes: list[str]
    requires: list[str]

    @classmethod
    def told(cls, role: RoleDefinition) -> RoleRow:
        return RoleRow(
            name=role.name,
            description=role.description,
            owner=role.owner or role.application or "workspace",
            application=role.application,
            resource=role.resource,
            scopes=sorted(role.scopes),
            includes=sorted(role.includes),
            requires=sorted(role.requires),
        )


class RoleShape(RoleRow):
    """A role: what it says itself, and what that comes to.

    `missing` are included roles that do not exist, at whatever depth.
    """

    effective: list[EffectiveScope]
    missing: list[str]

    @classmethod
    def of(cls, role: RoleDefinition, vocabulary: Vocabulary) -> RoleShape:
        return cls(
            **RoleRow.told(role).model_dump(),
            effective=EffectiveScope.all_of(role, vocabulary),
            missing=sorted(vocabulary.graph.expand([role.name]).missing),
        )
