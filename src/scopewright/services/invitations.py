"""Invite people to become members; accept, list and cancel invitations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from scopewright import ids, mail
from scopewright.catalogues import member_roles
from scopewright.clock import Clock
from scopewright.core import delegation, names
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue, Vocabulary
from scopewright.core.errors import Conflict, NotFound
from scopewright.core.holdings import held
from scopewright.core.identities import email_identity
from scopewright.core.member_roles import MemberRoles
from scopewright.core.model import (
    Assignment,
    ChangeKind,
    Invitation,
    Principal,
    PrincipalKind,
)
from scopewright.core.oauth import hash_secret
from scopewright.mail import Mailer
from scopewright.store import (
    assignments,
    audit,
    holdings,
    invitations,
    principals,
    vocabulary,
    workspaces,
)
from scopewright.store.audit import Actor
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window


@dataclass(frozen=True, slots=True)
class InvitationNow:
    """An invitation as it is shown: whether its link still works, or can be sent again only."""

    invitation: Invitation
    is_pending: bool


@dataclass(frozen=True, slots=True)
class Invitations:
    """What can be done with invitations. Roles come and go by their short names."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]
    mailer: Mailer
    public_url: str
    lifetime: timedelta

    @needs("members:create")
    def send(self, caller: Caller, *, email: str, role: str) -> InvitationNow:
        """Mail an invitation, in place of an earlier one to the same address.

        Raises:
            Invalid: no such role; no address that can be written to.
            Escalation: the role holds what the caller does not.
            Conflict: a member already.
        """
        secret = ids.new_secret("swi")
        invitation = self._new(caller, names.check_email(email), role, secret)
        now, here = invitation.created_at, caller.workspace_id
        with self.database.write() as tx:
            # For the lock: whoever removes the sender now finds the invitation, or came first.
            workspaces.touch(tx, here, ChangeKind.HOLDINGS, caller.principal.id, at=now)
            self._refuse_escalation(tx, caller, invitation)
            if _member_at(tx, here, invitation.email) is not None:
                raise Conflict("This person is a member already.", conflict=invitation.email)
            invitations.add(tx, invitation)
            after = {"email": invitation.email, "role": role}
            audit.record(tx, caller, "members:create", invitation.id, at=now, after=after)
            workspace = workspaces.find(tx, here)
        self.mailer.send(
            mail.member_invitation(
                to=invitation.email,
                workspace=workspace.name,
                role=role,
                link=f"{self.public_url}/invitations/accept?token={secret}",
                days=max(1, self.lifetime.days),
            )
        )
        return self._now(invitation)

    @needs("invitations:read")
    def page(self, caller: Caller, window: Window) -> Page[InvitationNow]:
        """The invitations that nobody has accepted, oldest first; expired ones for a week."""
        with self.database.read() as tx:
            found = invitations.page(tx, caller.workspace_id, window=window)
        return Page(tuple(map(self._now, found.items)), found.cursor)

    @needs("invitations:read")
    def show(self, caller: Caller, *, id: str) -> InvitationNow:
        """One invitation that nobody has accepted.

        Raises:
            NotFound: accepted, cancelled, long expired or never sent.
        """
        with self.database.read() as tx:
            return self._now(_found(tx, caller, id))

    @needs("invitations:revoke")
    def revoke(self, caller: Caller, *, id: str) -> None:
        """Cancel an invitation; its link is dead at once.

        Raises:
            NotFound: as `show`.
        """
        with self.database.write() as tx:
            cancelled = _found(tx, caller, id)
            if not invitations.remove(tx, caller.workspace_id, id=id):
                raise NotFound("There is no such invitation.")
            before = {"email": cancelled.email, "role": self._roles.short(cancelled.role)}
            audit.record(tx, caller, "invitations:revoke", id, at=self.clock(), before=before)

    def accept(self, token: str, email: str) -> Principal | None:
        """Make the person who has proven this address a member, once.

        None for a link that is unknown, used, cancelled, expired or meant for another address, and
        for one whose sender could not give its role any more.
        """
        hash, now = hash_secret(token), self.clock()
        with self.database.write() as tx:
            found = invitations.by_hash(tx, hash)
            if found is None or found.email != email.strip().lower():
                return None
            member = _member(found, now)
            workspaces.touch(tx, found.workspace_id, ChangeKind.PRINCIPAL, member.id, at=now)
            if invitations.take(tx, hash, now=now) is None or not self._still_given(tx, found):
                return None
            there = _member_at(tx, found.workspace_id, found.email)
            if there is None:
                self._join(tx, member, found)
            return there or member

    # --- sending --------------------------------------------------------------------------------

    def _new(self, caller: Caller, address: str, role: str, secret: str) -> Invitation:
        now = self.clock()
        return Invitation(
            id=ids.new_id("inv"),
            workspace_id=caller.workspace_id,
            email=address,
            role=self._roles.full(role),
            invited_by=caller.principal.id,
            created_at=now,
            expires_at=now + self.lifetime,
            secret_hash=hash_secret(secret),
        )

    def _refuse_escalation(self, tx: Transaction, caller: Caller, invitation: Invitation) -> None:
        words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
        holds = holdings.of_giver(tx, caller, words)
        given = held(words, (), _roles_of(invitation, words))
        delegation.refuse_giving(caller, words, held=holds, given=given)

    # --- accepting ------------------------------------------------------------------------------

    def _still_given(self, tx: Transaction, invitation: Invitation) -> bool:
        """Whether its sender is there and holds what the invitation gives."""
        sender = principals.get(tx, invitation.invited_by)
        if sender is None or sender.disabled_at is not None:
            return False
        words = vocabulary.here(tx, invitation.workspace_id, self.catalogues)
        return not delegation.escalation(
            held=holdings.of(tx, sender.id, words),
            given=held(words, (), _roles_of(invitation, words)),
            guarded=words.guarded,
        )

    def _join(self, tx: Transaction, member: Principal, invitation: Invitation) -> None:
        now = member.created_at
        principals.add(tx, member)
        words = vocabulary.here(tx, member.workspace_id, self.catalogues)
        for role in _roles_of(invitation, words):
            given = Assignment(member.id, role, invitation.invited_by, assigned_at=now)
            assignments.add(tx, member.workspace_id, assignment=given)
        facts = {"email": invitation.email, "role": self._roles.short(invitation.role)}
        by = Actor(member.workspace_id, member.id, via="letter")
        audit.record(tx, by, "invitations:accept", invitation.id, at=now, **facts)

    # --- looking up -----------------------------------------------------------------------------

    def _now(self, invitation: Invitation) -> InvitationNow:
        return InvitationNow(invitation, is_pending=invitation.is_pending(self.clock()))

    @property
    def _roles(self) -> MemberRoles:
        return member_roles(self.catalogues)


def _found(tx: Transaction, caller: Caller, id: str) -> Invitation:
    found = invitations.get(tx, caller.workspace_id, id=id)
    if found is None:
        raise NotFound("There is no such invitation.")
    return found


def _member_at(tx: Transaction, workspace_id: str, address: str) -> Principal | None:
    identity = email_identity(address)
    return principals.by_identity(tx, workspace_id, kind=PrincipalKind.MEMBER, identity=identity)


def _roles_of(invitation: Invitation, words: Vocabulary) -> list[str]:
    """What whoever accepts is assigned: the member role, and what everybody gets who comes in."""
    return sorted({invitation.role} | words.default_roles)


def _member(invitation: Invitation, now: datetime) -> Principal:
    return Principal(
        id=ids.new_uuid(),
        workspace_id=invitation.workspace_id,
        kind=PrincipalKind.MEMBER,
        name=invitation.email,
        identity=email_identity(invitation.email),
        created_at=now,
    )
