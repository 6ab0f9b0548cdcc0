"""Workspaces: handlers."""

from __future__ import annotations

from typing import Any

from fastapi import Response
from pydantic import BaseModel, Field

from scopewright.api.bodies import Body, PolicyChange, Slug, Text, Title, TokenChange
from scopewright.api.entrance import AskHere, Entrance, WindowHere
from scopewright.api.shapes import Listed, PolicyShape, TokenSettingsShape
from scopewright.api.visitor import VisitorHere
from scopewright.core.caller import Caller
from scopewright.core.model import KeyPolicy, Workspace
from scopewright.store.pages import part_of


class NewWorkspace(Body):
    """A workspace to create. Without a slug one is made from the name."""

    name: Title
    slug: Slug | None = None
    catalogues: list[Text] = Field(default_factory=list, max_length=32)


class WorkspaceChange(Body):
    """What to change about a workspace."""

    name: Title | None = None
    tokens: TokenChange | None = None
    policy: PolicyChange | None = None


class WorkspaceShape(BaseModel):
    """A workspace; `id` is the audience of its tokens."""

    id: str
    slug: str
    name: str
    issuer: str
    catalogues: list[str]
    tokens: TokenSettingsShape
    policy: PolicyShape

    @classmethod
    def of(cls, workspace: Workspace, entrance: Entrance) -> WorkspaceShape:
        return cls(
            id=workspace.id,
            slug=workspace.slug,
            name=workspace.name,
            issuer=entrance.access.issuer(workspace.id),
            catalogues=list(workspace.catalogues),
            tokens=TokenSettingsShape.of(workspace.tokens),
            policy=PolicyShape.of(workspace.policy),
        )


class CreatedWorkspace(WorkspaceShape):
    """A new workspace; `api_key` for those who asked with a key, and never shown again."""

    api_key: str | None


def index(visitor: VisitorHere, window: WindowHere) -> Listed[WorkspaceShape]:
    """The workspaces of which a signed-in person is a member; that of a token or key."""
    workspaces = visitor.services.workspaces
    if isinstance(visitor.who, Caller):
        found = [workspaces.show(visitor.who)]
    else:
        found = workspaces.of_identity(visitor.who.identity)
    page = part_of(found, lambda workspace: workspace.id, window)
    return Listed(
        data=[WorkspaceShape.of(workspace, visitor.entrance) for workspace in page.items],
        next_page=visitor.next_page(page.cursor),
    )


def create(visitor: VisitorHere, body: NewWorkspace) -> CreatedWorkspace:
    """Create a workspace and become its administrator.

    For members only: signed in, or with an API key that inherits. Who asks with a key gets one of
    the new workspace, once; what was used to ask does not work there.
    """
    workspace, secret = visitor.services.founding.create_for(
        visitor.who, name=body.name, slug=body.slug, catalogues=body.catalogues
    )
    shape = WorkspaceShape.of(workspace, visitor.entrance)
    return CreatedWorkspace(**dict(shape), api_key=secret)


def show(ask: AskHere) -> WorkspaceShape:
    """The workspace, its issuer, its token settings and its policy."""
    return WorkspaceShape.of(ask.services.workspaces.show(ask.caller), ask.entrance)


def change(ask: AskHere, body: WorkspaceChange) -> WorkspaceShape:
    """Rename the workspace, change its token settings or policy; id and slug never change."""
    tokens = None if body.tokens is None else body.tokens.model_dump(exclude_unset=True)
    policy = None if body.policy is None else _policy_changes(body.policy)
    changed = ask.services.workspaces.change(
        ask.caller, name=body.name, tokens=tokens, policy=policy
    )
    return WorkspaceShape.of(changed, ask.entrance)


def delete(ask: AskHere) -> Response:
    """Delete the workspace with everything in it; refused for a person's only one."""
    ask.services.workspaces.delete(ask.caller)
    return Response(status_code=204)


def _policy_changes(body: PolicyChange) -> dict[str, Any]:
    changes = body.model_dump(exclude_none=True)
    if body.api_keys is not None:
        said = body.api_keys
        scopes = None if said.scopes is None else tuple(said.scopes)
        changes["api_keys"] = KeyPolicy(said.maximum_lifetime, said.must_expire, scopes)
    return changes
