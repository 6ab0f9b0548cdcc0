"""What an application is made of, as a vocabulary has it: its scopes and roles, and their rules.

Once an application is registered, whatever is changed must leave a way into it: a scope of its own
that one of its roles holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scopewright.core.applications import (
    Application,
    check_application_name,
    check_application_scope,
)
from scopewright.core.catalogue import RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.errors import Conflict, Invalid, NotFound
from scopewright.core.holdings import held
from scopewright.core.scopes import Scopes

WORKSPACE = "workspace"  # who owns what neither a catalogue nor an application owns


@dataclass(frozen=True, slots=True)
class ApplicationRole:
    """A role of an application: its own name there, and the role that is meant."""

    name: str
    definition: RoleDefinition

    @property
    def title(self) -> str:
        """What people read: ADMIN, USER."""
        return self.name.upper()


@dataclass(frozen=True, slots=True)
class ApplicationParts:
    """An application with the scopes and roles of its own, each by name."""

    application: Application
    scopes: tuple[ScopeDefinition, ...]
    roles: tuple[ApplicationRole, ...]

    def scope(self, name: str) -> ScopeDefinition:
        """Raises NotFound: the application has no such scope."""
        for scope in self.scopes:
            if scope.name == name:
                return scope
        raise NotFound("The application has no such scope.")

    def role(self, name: str) -> RoleDefinition:
        """The role of this own name. Raises NotFound: the application has no such role."""
        for role in self.roles:
            if role.name == name:
                return role.definition
        raise NotFound("The application has no such role.")


def parts_of(words: Vocabulary, name: str) -> ApplicationParts:
    """An application and what it is made of.

    Raises:
        NotFound: there is no such application.
    """
    application = words.application_by_name.get(name)
    if application is None:
        raise NotFound("There is no such application.")
    return _with_parts(words, [application])[0]


def every_application(words: Vocabulary) -> list[ApplicationParts]:
    """All applications and what each is made of, by name."""
    return _with_parts(words, words.applications)


def _with_parts(words: Vocabulary, wanted: Sequence[Application]) -> list[ApplicationParts]:
    scopes: dict[str, list[ScopeDefinition]] = {one.name: [] for one in wanted}
    roles: dict[str, list[ApplicationRole]] = {one.name: [] for one in wanted}
    for scope in words.scopes:
        if scope.application in scopes:
            scopes[scope.application].append(scope)
    for role in words.roles:
        if role.application in roles:
            short = words.application_names.short_role(
                role.name, tenant=words.tenant, application=role.application
            )
            roles[role.application].append(ApplicationRole(short, role))
    return [
        ApplicationParts(one, tuple(scopes[one.name]), tuple(roles[one.name])) for one in wanted
    ]


# --- names --------------------------------------------------------------------------------------


def free_application_name(words: Vocabulary, name: str) -> str:
    """A name under which the workspace may have one more application.

    Raises:
        Invalid: outside the grammar.
        Conflict: taken, or the first word of what a catalogue or the workspace itself has named.
    """
    check_application_name(name)
    if name in words.application_by_name:
        raise Conflict("There is an application of this name.", conflict=name)
    for catalogue in words.catalogues:
        if name == catalogue.name or catalogue.owns(name) or catalogue.owns(f"{name}."):
            raise Conflict(
                f"The name belongs to the catalogue {catalogue.name}.", conflict=catalogue.name
            )
    if name == WORKSPACE:
        raise Conflict("What belongs to no application belongs to the workspace.", conflict=name)
    named = [scope.name for scope in words.scopes] + [role.name for role in words.roles]
    taken = next((one for one in named if one.casefold().startswith(f"{name}.")), None)
    if taken is not None:
        raise Conflict(
            f"The workspace has named {taken}, which would be the application's.", conflict=taken
        )
    return name


def free_role_name(words: Vocabulary, application: str, role: str) -> str:
    """The full name of a new role of an application.

    Raises:
        Invalid: the role's own name is outside the grammar.
        Conflict: taken.
    """
    full = words.application_names.role_name(
        tenant=words.tenant, application=application, role=role
    )
    words.check_new(full)
    return full


def free_scope_name(words: Vocabulary, application: str, name: str) -> str:
    """The name of a new scope of an application.

    Raises:
        Invalid: it does not begin with the application's name, or is outside the grammar.
        Conflict: taken.
    """
    check_application_scope(name, application=application)
    words.check_new(name)
    return name


# --- what may become of them --------------------------------------------------------------------


def check_parts(before: Vocabulary, after: Vocabulary) -> None:
    """Let the words of applications change so: nothing of others comes in but by whole roles.

    Raises:
        Invalid: a role lists, or a scope implies, what is not the application's own.
        Conflict: a registered application would be left without a way in.
    """
    for role in frozenset(after.roles) - frozenset(before.roles):
        if role.application is not None:
            _check_own(after, role.application, role.scopes, field="scopes")
    for scope in frozenset(after.scopes) - frozenset(before.scopes):
        if scope.application is not None:
            _check_own(after, scope.application, scope.implies, field="implies")
    refuse_closing(after)


def _check_own(words: Vocabulary, application: str, scopes: Scopes, *, field: str) -> None:
    for name in sorted(scopes):
        scope = words.by_name.get(name)
        if scope is not None and scope.application != application:
            raise Invalid(
                f"{name} is no scope of {application}. What else its roles are to hold comes with"
                " roles that they include.",
                field=field,
            )


def check_registrable(words: Vocabulary, parts: ApplicationParts) -> None:
    """Let the application be registered: there is a way in.

    Raises:
        Conflict: with what is missing.
    """
    missing = _missing(words, parts)
    if missing:
        raise Conflict(f"The application has {missing}.", conflict=parts.application.name)


def refuse_closing(words: Vocabulary) -> None:
    """Let a change stand, after which these are the words: each registered application is open.

    Raises:
        Conflict: with the application and what it would be without.
    """
    for parts in every_application(words):
        application = parts.application
        missing = _missing(words, parts) if application.registered_at is not None else ""
        if missing:
            raise Conflict(
                f"The application {application.name} is registered, and would have {missing}.",
                conflict=application.name,
            )


def _missing(words: Vocabulary, parts: ApplicationParts) -> str:
    """What the application lacks for somebody to enter; empty if nothing."""
    if not parts.scopes:
        return "no scope of its own"
    if not parts.roles:
        return "no role of its own"
    holding = held(words, (), [role.definition.name for role in parts.roles])
    if holding.isdisjoint(scope.name for scope in parts.scopes):
        return "no role that holds any of its scopes, so nobody could enter"
    return ""


def launchable(words: Vocabulary, holding: Scopes) -> tuple[Application, ...]:
    """The registered applications that are open to who holds these scopes, by name."""
    entered = {words.by_name[name].application for name in holding if name in words.by_name}
    return tuple(
        application
        for application in words.applications
        if application.registered_at is not None and application.name in entered
    )
