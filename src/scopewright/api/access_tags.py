"""Access tags: handlers. What they let whom do is answered under the issuer (`oauth.decisions`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Annotated

from fastapi import Query, Response
from pydantic import BaseModel, Field

from scopewright.api.bodies import MOST_NAMES, Body, Name, Names, Text
from scopewright.api.entrance import AskHere, WindowHere
from scopewright.api.shapes import Listed
from scopewright.core.model import PrincipalKind
from scopewright.core.said_tags import SaidGrant, SaidTag, ShownTag


class NamedBody(Body):
    """A user or group by name; services by id. Where an `id` is said, it is that one."""

    name: Text
    id: Text | None = None

    @property
    def meant(self) -> str:
        return self.name if self.id is None else self.id


class TagGrantBody(NamedBody):
    """What a tag gives to a user or group: a role, or scopes."""

    role: Name | None = None
    scopes: Names | None = None

    def said(self) -> SaidGrant:
        return SaidGrant(self.meant, self.role, None if self.scopes is None else tuple(self.scopes))


class NestedTagBody(Body):
    """A tag whose grants another gives too."""

    name: Text


Grants = list[TagGrantBody]
Named = list[NamedBody]


class OwnersBody(Body):
    """Who may put a tag on a resource and take it off."""

    users: Named | None = Field(None, max_length=MOST_NAMES)
    groups: Named | None = Field(None, max_length=MOST_NAMES)


class AccessTagChange(Body):
    """What to change about a tag; each list that is named replaces the present one."""

    description: Text | None = None
    users: Grants | None = Field(None, max_length=MOST_NAMES)
    groups: Grants | None = Field(None, max_length=MOST_NAMES)
    auto_tags: list[NestedTagBody] | None = Field(None, max_length=MOST_NAMES)
    owners: OwnersBody | None = None

    def said(self) -> SaidTag:
        owners = self.owners or OwnersBody()
        return SaidTag(
            description=self.description,
            users=None if self.users is None else tuple(one.said() for one in self.users),
            groups=None if self.groups is None else tuple(one.said() for one in self.groups),
            auto_tags=None if self.auto_tags is None else tuple(t.name for t in self.auto_tags),
            owning_users=_names(owners.users),
            owning_groups=_names(owners.groups),
        )


class NewAccessTag(AccessTagChange):
    """A tag to define: what it gives to whom, what is nested in it, who owns it."""

    name: Name


class TagGrantShape(BaseModel):
    """What a tag gives to somebody; one of `role` and `scopes` is null. `id` is a principal's."""

    name: str
    id: str
    role: str | None
    scopes: list[str] | None


class TagOwnerShape(BaseModel):
    """Somebody who owns a tag."""

    name: str
    id: str


class OwnersShape(BaseModel):
    """Who owns a tag."""

    users: list[TagOwnerShape]
    groups: list[TagOwnerShape]


class NestedTagShape(BaseModel):
    """A tag whose grants another gives too."""

    name: str


class AccessTagShape(BaseModel):
    """A tag on resources elsewhere: what each that carries it lets whom do."""

    name: str
    description: str
    users: list[TagGrantShape]
    groups: list[TagGrantShape]
    auto_tags: list[NestedTagShape]
    owners: OwnersShape

    @classmethod
    def of(cls, shown: ShownTag) -> AccessTagShape:
        tag = shown.tag
        groups = {id for id in tag.mentioned if shown.people[id].kind is PrincipalKind.GROUP}
        return cls(
            name=tag.name,
            description=tag.description,
            users=_grants(shown, tag.mentioned - groups),
            groups=_grants(shown, groups),
            auto_tags=[NestedTagShape(name=one) for one in sorted(tag.nested)],
            owners=OwnersShape(
                users=_owners(shown, tag.owners - groups),
                groups=_owners(shown, tag.owners & groups),
            ),
        )


def index(ask: AskHere, window: WindowHere) -> Listed[AccessTagShape]:
    """The access tags, each with what it gives to whom."""
    page = ask.services.access_tags.page(ask.caller, window=window)
    return ask.listed(page, AccessTagShape.of)


def show(ask: AskHere, name: str) -> AccessTagShape:
    """One access tag."""
    return AccessTagShape.of(ask.services.access_tags.show(ask.caller, name=name))


def define(ask: AskHere, body: NewAccessTag) -> AccessTagShape:
    """Define an access tag."""
    made = ask.services.access_tags.define(ask.caller, name=body.name, said=body.said())
    return AccessTagShape.of(made)


def change(ask: AskHere, name: str, body: AccessTagChange) -> AccessTagShape:
    """Change what is named; each list replaces the present one."""
    changed = ask.services.access_tags.change(ask.caller, name=name, said=body.said())
    return AccessTagShape.of(changed)


def delete(ask: AskHere, name: str, force: Annotated[bool, Query()] = False) -> Response:
    """Delete a tag; with `force` also one that is nested in others."""
    ask.services.access_tags.delete(ask.caller, name=name, force=force)
    return Response(status_code=204)


def _names(said: Named | None) -> tuple[str, ...] | None:
    return None if said is None else tuple(one.meant for one in said)


def _owners(shown: ShownTag, ids: Iterable[str]) -> list[TagOwnerShape]:
    named = sorted((shown.names[id], id) for id in ids)
    return [TagOwnerShape(name=name, id=id) for name, id in named]


def _grants(shown: ShownTag, ids: Iterable[str]) -> list[TagGrantShape]:
    """By name: each role by itself, all scopes of somebody together."""
    roles, scopes = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for grant in sorted(shown.tag.grants):
        (roles if grant.is_role else scopes)[grant.principal_id].append(grant.word)
    found = []
    for name, id in sorted((shown.names[id], id) for id in ids):
        found += [TagGrantShape(name=name, id=id, role=r, scopes=None) for r in roles[id]]
        if scopes[id]:
            found.append(TagGrantShape(name=name, id=id, role=None, scopes=scopes[id]))
    return found
