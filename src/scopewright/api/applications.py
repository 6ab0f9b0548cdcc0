"""Applications with their scopes and roles: handlers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query, Response
from pydantic import BaseModel

from scopewright.api.bodies import Body, Name, RoleChange, Text, Title, told
from scopewright.api.entrance import AskHere, WindowHere
from scopewright.api.shapes import Listed, RoleShape, ScopeShape
from scopewright.core.application_parts import ApplicationParts
from scopewright.core.proposals import RoleContents

Force = Annotated[bool, Query()]
ApplicationName = Annotated[Text, told(pattern="^[a-z][a-z0-9]*$", minLength=1, maxLength=20)]
LaunchUrl = Annotated[Text, told(format="uri", pattern="^https?://[^#]+$")]


class NewApplication(Body):
    """An application to create; its name stands in the names of its scopes and roles."""

    name: ApplicationName
    title: Title | None = None
    launch_url: LaunchUrl | None = None
    resource: Text | None = None


class ApplicationChange(Body):
    """What to change about an application; null takes the URL or resource away."""

    title: Title | None = None
    launch_url: LaunchUrl | None = None
    resource: Text | None = None


class NewApplicationPart(Body):
    """A scope of an application, by its whole name, or a role, by its own name there."""

    name: Name
    description: Text | None = None


class ApplicationRoleShape(BaseModel):
    """A role of an application: its own name there, the whole one, and what people read."""

    name: str
    role: str
    title: str


class ApplicationShape(BaseModel):
    """An application. Its roles can be assigned from `registered_at` on.

    `resource` is the audience of tokens that are meant for it alone (RFC 8707).
    """

    name: str
    title: str
    launch_url: str | None
    resource: str | None
    created_at: datetime
    registered_at: datetime | None
    scopes: list[str]
    roles: list[ApplicationRoleShape]

    @classmethod
    def of(cls, parts: ApplicationParts) -> ApplicationShape:
        application = parts.application
        return cls(
            name=application.name,
            title=application.title,
            launch_url=application.launch_url,
            resource=application.resource,
            created_at=application.created_at,
            registered_at=application.registered_at,
            scopes=[scope.name for scope in parts.scopes],
            roles=[
                ApplicationRoleShape(name=role.name, role=role.definition.name, title=role.title)
                for role in parts.roles
            ],
        )


def index(ask: AskHere, window: WindowHere) -> Listed[ApplicationShape]:
    """The applications of the workspace."""
    page = ask.services.applications.page(ask.caller, window=window)
    return ask.listed(page, ApplicationShape.of)


def show(ask: AskHere, name: str) -> ApplicationShape:
    """One application."""
    return ApplicationShape.of(ask.services.applications.show(ask.caller, name=name))


def create(ask: AskHere, body: NewApplication) -> ApplicationShape:
    """Create an application with the roles that every application has; register it later."""
    settings = body.model_dump(exclude={"name"}, exclude_none=True)
    created = ask.services.applications.create(ask.caller, name=body.name, settings=settings)
    return ApplicationShape.of(created)


def change(ask: AskHere, name: str, body: ApplicationChange) -> ApplicationShape:
    """Change what is named; null takes the launch URL or the resource away."""
    said = body.model_dump(exclude_unset=True).items()
    settings = {key: value for key, value in said if value is not None or key != "title"}
    changed = ask.services.applications.change(ask.caller, name=name, settings=settings)
    return ApplicationShape.of(changed)


def register(ask: AskHere, name: str) -> ApplicationShape:
    """Let the application's roles be assigned; it needs a scope that one of its roles holds."""
    return ApplicationShape.of(ask.services.applications.register(ask.caller, name=name))


def delete(ask: AskHere, name: str, force: Force = False) -> Response:
    """Delete an application with its scopes, roles and routes; `force`: from everybody's hands."""
    ask.services.applications.delete(ask.caller, name=name, force=force)
    return Response(status_code=204)


# --- its scopes ---------------------------------------------------------------------------------


def scopes(ask: AskHere, name: str, window: WindowHere) -> Listed[ScopeShape]:
    """The scopes of an application."""
    page, words = ask.services.application_scopes.page(ask.caller, application=name, window=window)
    return ask.listed(page, lambda scope: ScopeShape.of(scope, words))


def define_scope(ask: AskHere, name: str, body: NewApplicationPart) -> ScopeShape:
    """Define a scope of an application; its name begins with the application's and a dot."""
    scope = ask.services.application_scopes.define(
        ask.caller, application=name, name=body.name, description=body.description
    )
    return ScopeShape(name=scope.name, description=scope.description)


def delete_scope(ask: AskHere, name: str, scope: str, force: Force = False) -> Response:
    """Delete a scope of an application; `force`: from roles and everybody's hands as well."""
    ask.services.application_scopes.delete(ask.caller, application=name, name=scope, force=force)
    return Response(status_code=204)


# --- its roles ----------------------------------------------------------------------------------


def roles(ask: AskHere, name: str, window: WindowHere) -> Listed[RoleShape]:
    """The roles of an application."""
    page, words = ask.services.application_roles.page(ask.caller, application=name, window=window)
    return ask.listed(page, lambda role: RoleShape.of(role, words))


def show_role(ask: AskHere, name: str, role: str) -> RoleShape:
    """One role of an application, by its own name there."""
    found = ask.services.application_roles.show(ask.caller, application=name, name=role)
    return RoleShape.of(*found)


def define_role(ask: AskHere, name: str, body: NewApplicationPart) -> RoleShape:
    """Define a role of an application; it holds nothing yet."""
    defined = ask.services.application_roles.define(
        ask.caller, application=name, name=body.name, description=body.description
    )
    return RoleShape.of(*defined)


def change_role(ask: AskHere, name: str, role: str, body: RoleChange) -> RoleShape:
    """Change what a role says; its scopes are the application's, all else comes by `includes`."""
    changed = ask.services.application_roles.change(
        ask.caller, application=name, name=role, contents=RoleContents(**body.model_dump())
    )
    return RoleShape.of(*changed)


def delete_role(ask: AskHere, name: str, role: str, force: Force = False) -> Response:
    """Delete a role of an application; `force`: from everybody's hands as well."""
    ask.services.application_roles.delete(ask.caller, application=name, name=role, force=force)
    return Response(status_code=204)
