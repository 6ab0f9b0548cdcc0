"""Invite, show and remove end-users: the people who use what a workspace protects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scopewright import ids, mail
from scopewright.clock import Clock
from scopewright.core import delegation, names
from scopewright.core.assignments import assignable
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue, Vocabulary
from scopewright.core.errors import Conflict, Invalid, NotFound
from scopewright.core.holdings import held
from scopewright.core.identities import email_identity
from scopewright.core.model import (
    EMAIL_PROVIDER,
    Assignment,
    ChangeKind,
    Grant,
    MagicLink,
    Principal,
    PrincipalKind,
)
from scopewright.core.oauth import hash_secret
from scopewright.core.scopes import NONE, Scopes
from scopewright.store import (
    assignments,
    audit,
    grants,
    holdings,
    identities,
    magic_links,
    principals,
    sessions,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window


@dataclass(frozen=True, slots=True)
class EndUser:
    """An end-user with the scopes granted and the roles assigned.

    `internal_scopes` open operations of the workspace, `scopes` do not. `last_sign_in_at` is when
    they were last here, `invited_until` when the link ends by which they have not come yet.
    """

    principal: Principal
    scopes: Scopes
    internal_scopes: Scopes
    roles: tuple[str, ...]
    last_sign_in_at: datetime | None
    invited_until: datetime | None


@dataclass(frozen=True, slots=True)
class Invited:
    """What an invitation gives: scopes of either kind, and roles by whichever spelling."""

    scopes: Scopes = NONE
    internal_scopes: Scopes = NONE
    roles: frozenset[str] = NONE


@dataclass(frozen=True, slots=True)
class EndUsers:
    """What can be done with end-users."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]
    mailer: mail.Mailer
    public_url: str
    invitation_lifetime: timedelta

    @needs("end-users:read")
    def page(self, caller: Caller, *, window: Window) -> Page[EndUser]:
        """The end-users of the workspace, oldest first."""
        with self.database.read() as tx:
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
            found = principals.page(
                tx, caller.workspace_id, kind=PrincipalKind.END_USER, window=window
            )
            people = _shown(tx, found.items, words)
        return Page(people, found.cursor)

    @needs("end-users:read")
    def show(self, caller: Caller, *, name: str) -> EndUser:
        """One end-user, by email address or id.

        Raises:
            NotFound: there is no such end-user.
        """
        with self.database.read() as tx:
            person = _find(tx, caller, name)
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
            return _shown(tx, [person], words)[0]

    @needs("end-users:create")
    def invite(self, caller: Caller, *, email: str, given: Invited) -> tuple[EndUser, bool]:
        """Give scopes and roles to an address and send it a link; whether the end-user is new.

        A known address keeps what it has, gets what is new, and a fresh letter; a new one gets the
        default role besides. One scope that may not be given refuses the whole: nothing is written
        or sent.

        Raises:
            Invalid: no address, neither scope nor role, an unknown scope, or one in the list of the
                other kind.
            NotFound, Conflict: an unknown role; one whose application is not registered.
            Escalation: the caller does not hold a guarded scope itself.
        """
        address, now = names.check_email(email), self.clock()
        with self.database.write() as tx:
            person, is_new = _touched(tx, caller, address, now)
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
            if is_new:
                given = replace(given, roles=given.roles | words.default_roles)
            given = _checked(given, words)
            holds = holdings.of_giver(tx, caller, words)
            comes_to = held(words, given.scopes | given.internal_scopes, given.roles)
            delegation.refuse_giving(caller, words, held=holds, given=comes_to)
            if is_new:
                principals.add(tx, person)
            _give(tx, caller, person, given, now)
            letter = self._letter(tx, person, address, now)
            (invited,) = _shown(tx, [person], words)
        self.mailer.send(letter)
        return invited, is_new

    @needs("end-users:create")
    def invite_again(self, caller: Caller, *, name: str) -> EndUser:
        """Send an end-user a letter with a fresh link; nothing is given, nothing taken.

        Raises:
            NotFound: there is no such end-user.
            Conflict: they have no address to write to.
        """
        now = self.clock()
        with self.database.write() as tx:
            person = _find(tx, caller, name)
            if person.identity is None or person.identity.provider != EMAIL_PROVIDER:
                raise Conflict("This person has no address to write to.", conflict="identity")
            address = person.identity.subject
            letter = self._letter(tx, person, address, now)
            after = {"email": address, "sent": "again"}
            audit.record(tx, caller, "end-users:create", person.id, at=now, after=after)
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
            (invited,) = _shown(tx, [person], words)
        self.mailer.send(letter)
        return invited

    @needs("end-users:remove")
    def remove(self, caller: Caller, *, name: str) -> None:
        """Forget an end-user with grants, metadata and sessions; the tokens are refused at once.

        Raises:
            NotFound: there is no such end-user.
        """
        now = self.clock()
        with self.database.write() as tx:
            person = _find(tx, caller, name)
            here = caller.workspace_id
            workspaces.touch_revoking(tx, here, ChangeKind.PRINCIPAL, person.id, at=now)
            granted = [grant.scope for grant in grants.of_principal(tx, person.id)]
            sessions.end_of_principal(tx, person.id, at=now, why="removed")
            if not principals.remove(tx, person.id):
                raise NotFound("There is no such end-user.")
            before = {"email": person.name, "scopes": granted}
            audit.record(tx, caller, "end-users:remove", person.id, at=now, before=before)

    def _letter(
        self, tx: Transaction, person: Principal, address: str, now: datetime
    ) -> mail.Letter:
        """The letter that invites somebody, to be sent after the commit; its link works then."""
        workspace, secret = workspaces.find(tx, person.workspace_id), ids.new_secret("swl")
        link = MagicLink(
            hash=hash_secret(secret),
            email=address,
            browser_hash=None,
            code_hash=None,
            continue_to=None,
            created_at=now,
            expires_at=now + self.invitation_lifetime,
            principal_id=person.id,
        )
        magic_links.add(tx, link)
        return mail.end_user_invitation(
            to=address,
            workspace=workspace.name,
            link=f"{self.public_url}/sign-in/link?token={secret}",
            days=max(1, self.invitation_lifetime.days),
        )


def _checked(given: Invited, words: Vocabulary) -> Invited:
    """The invitation with its roles in their one spelling, if all that it names can be given."""
    if not given.scopes | given.internal_scopes | given.roles:
        raise Invalid("Name at least one scope, of either kind, or a role.", field="scopes")
    _check_list("scopes", given.scopes, words, guarded=False)
    _check_list("internal_scopes", given.internal_scopes, words, guarded=True)
    roles = frozenset(assignable(words, role).name for role in sorted(given.roles))
    return replace(given, roles=roles)


def _check_list(field: str, scopes: Scopes, words: Vocabulary, *, guarded: bool) -> None:
    for scope in sorted(scopes):
        if scope not in words.by_name:
            raise Invalid(f"There is no scope {scope} here.", field=field)
        if (scope in words.guarded) is not guarded:
            raise Invalid(f"The scope {scope} belongs in the other list.", field=field)


def _find(tx: Transaction, caller: Caller, name: str) -> Principal:
    return principals.find(tx, caller.workspace_id, kind=PrincipalKind.END_USER, name=name)


def _touched(tx: Transaction, caller: Caller, email: str, now: datetime) -> tuple[Principal, bool]:
    """The end-user of this address under the lock, and whether it is still to be remembered."""
    identity = email_identity(email)
    person = principals.by_identity(
        tx, caller.workspace_id, kind=PrincipalKind.END_USER, identity=identity
    )
    if person is not None:
        workspaces.touch(tx, caller.workspace_id, ChangeKind.HOLDINGS, person.id, at=now)
        return person, False
    person = Principal(
        id=ids.new_uuid(),
        workspace_id=caller.workspace_id,
        kind=PrincipalKind.END_USER,
        name=email,
        identity=identity,
        created_at=now,
    )
    workspaces.touch(tx, caller.workspace_id, ChangeKind.PRINCIPAL, person.id, at=now)
    return person, True


def _give(
    tx: Transaction, caller: Caller, person: Principal, given: Invited, now: datetime
) -> None:
    here, by = caller.workspace_id, caller.principal.id
    scopes = given.scopes | given.internal_scopes
    for scope in sorted(scopes):
        grants.add(tx, here, grant=Grant(person.id, scope, by, now))
    there = {assignment.role for assignment in assignments.of_principal(tx, person.id)}
    for role in sorted(given.roles - there):
        assignments.add(tx, here, assignment=Assignment(person.id, role, by, now))
    after = {"email": person.name, "scopes": sorted(scopes), "roles": sorted(given.roles)}
    audit.record(tx, caller, "end-users:create", person.id, at=now, after=after)


def _shown(tx: Transaction, people: Iterable[Principal], words: Vocabulary) -> tuple[EndUser, ...]:
    people = list(people)
    ids = [person.id for person in people]
    granted, assigned = grants.of_principals(tx, ids), assignments.of_principals(tx, ids)
    seen, invited_until = identities.last_used(tx, ids), magic_links.invited_until(tx, ids)
    found = []
    for person in people:
        scopes = frozenset(grant.scope for grant in granted[person.id])
        roles = sorted(assignment.role for assignment in assigned[person.id])
        shown = EndUser(
            person,
            scopes - words.guarded,
            scopes & words.guarded,
            tuple(roles),
            last_sign_in_at=seen.get(person.id),
            invited_until=None if person.id in seen else invited_until.get(person.id),
        )
        found.append(shown)
    return tuple(found)
