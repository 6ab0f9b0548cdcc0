"""Which roles may be assigned to whom, and which are of little use without another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scopewright.core.catalogue import RoleDefinition, Vocabulary
from scopewright.core.errors import Conflict, NotFound
from scopewright.core.member_roles import MemberRoles
from scopewright.core.model import Principal, PrincipalKind


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A role that is held without others that it requires."""

    role: str
    requires: frozenset[str]


def assignable(vocabulary: Vocabulary, name: str) -> RoleDefinition:
    """The role that this name, or other spelling, stands for, if it may be assigned now.

    Raises:
        NotFound: there is no such role.
        Conflict: its application is not registered.
    """
    role = vocabulary.role(name)
    if role is None:
        raise NotFound("There is no role of this name here.", field="role")
    if role.application is not None:
        application = vocabulary.application_by_name.get(role.application)
        if application is None or application.registered_at is None:
            raise Conflict(
                f"The application {role.application} is not registered. Register it first; then"
                " its roles can be assigned.",
                conflict=role.application,
            )
    return role


def refuse_member_role(principal: Principal, role: str, *, member_roles: MemberRoles) -> None:
    """Keep the one member role that each member has out of what is assigned freely.

    Raises:
        Conflict: this is such a role, of a member.
    """
    if principal.kind is PrincipalKind.MEMBER and member_roles.has(role):
        raise Conflict(
            "Each member has one of these roles. It is changed where the members are.",
            conflict=role,
        )


def incomplete(vocabulary: Vocabulary, assigned: Iterable[str]) -> tuple[Incomplete, ...]:
    """The roles among all that these come to which lack what they require, by name."""
    reached = vocabulary.graph.expand(assigned).roles
    aliases = vocabulary.aliases
    lacking = {
        name: frozenset(aliases.get(other, other) for other in role.requires) - reached
        for name, role in vocabulary.every_role.items()
        if name in reached
    }
    return tuple(Incomplete(name, lacking[name]) for name in sorted(lacking) if lacking[name])
