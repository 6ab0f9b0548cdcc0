"""Principals as they are listed together, and who may be disabled, enabled or be responsible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from scopewright.core.caller import Caller
from scopewright.core.errors import Conflict, Invalid
from scopewright.core.identities import PEOPLE, LinkedIdentity
from scopewright.core.model import Client, ClientType, Principal, PrincipalKind

SEES_SESSIONS = "sessions:read"
# To remove a principal takes the operation of its own noun too.
REMOVED_BY = {
    PrincipalKind.MEMBER: "members:remove",
    PrincipalKind.END_USER: "end-users:remove",
    PrincipalKind.CLIENT: "clients:delete",
    PrincipalKind.GROUP: "groups:delete",
}


@dataclass(frozen=True, slots=True)
class Activity:
    """What a principal has now, and when it last used any of it. `sessions` None: not to be told.

    Revoked keys and ended sessions count for the times alone.
    """

    api_keys: int = 0
    key_used_at: datetime | None = None
    sessions: int | None = 0
    session_used_at: datetime | None = None

    @property
    def latest(self) -> datetime | None:
        """The last use of a key or session."""
        used = [at for at in (self.key_used_at, self.session_used_at) if at is not None]
        return max(used, default=None)

    def without_sessions(self) -> Activity:
        """As whoever may not know who is signed in is told."""
        return replace(self, sessions=None, session_used_at=None)


NO_ACTIVITY = Activity()


@dataclass(frozen=True, slots=True)
class Overview:
    """A principal as a list shows it. `roles` are its own; `owner` None: nobody, or gone."""

    principal: Principal
    owner: Principal | None = None
    identities: tuple[LinkedIdentity, ...] = ()
    roles: tuple[str, ...] = ()
    activity: Activity = NO_ACTIVITY


def as_told(caller: Caller, overview: Overview) -> Overview:
    """What this caller is told: who is signed in is for those to know who may see sessions."""
    if caller.may(SEES_SESSIONS):
        return overview
    return replace(overview, activity=overview.activity.without_sessions())


def check_disabling(
    principal: Principal, *, by: Principal, administrators: Sequence[Principal]
) -> None:
    """Let a principal be disabled; `administrators` are the workspace's active ones.

    Raises:
        Conflict: a group; the one who asks; the last administrator.
    """
    if principal.id == by.id:
        raise Conflict("Nobody disables themselves. Ask another administrator.", conflict="self")
    check_can_present(principal)
    check_not_last(principal, administrators)


def check_can_present(principal: Principal) -> None:
    """Let a principal be disabled or enabled.

    Raises:
        Conflict: it is a group, which presents itself never.
    """
    if principal.kind is PrincipalKind.GROUP:
        raise Conflict("A group never acts itself. Take its roles from it.", conflict="kind")


def check_not_last(principal: Principal, administrators: Sequence[Principal]) -> None:
    """Let a principal leave, for a time or for good.

    Raises:
        Conflict: the workspace would be left without an administrator.
    """
    if [one.id for one in administrators] == [principal.id]:
        raise Conflict("The workspace would be left without an administrator.", conflict="last")


def check_service(client: Client | None) -> Client:
    """The client that a service principal is.

    Raises:
        Conflict: the principal is a person, a group, or a client through which people act.
    """
    if client is None or client.type is not ClientType.CLIENT_CREDENTIALS:
        raise Conflict("Only a service principal is changed here.", conflict="kind")
    return client


def check_owner(owner: Principal) -> Principal:
    """Let somebody answer for a service principal.

    Raises:
        Invalid: no person.
    """
    if owner.kind not in PEOPLE:
        raise Invalid("An owner is a member or an end-user.", field="owner")
    return owner
