"""Link identities to people and take them from them: ways by which they prove who they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scopewright.clock import Clock
from scopewright.core import delegation
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue
from scopewright.core.errors import Conflict, NotFound
from scopewright.core.identities import (
    LinkedIdentity,
    check_identity,
    check_person,
    check_unlinkable,
)
from scopewright.core.model import ChangeKind, Identity, Principal
from scopewright.store import (
    audit,
    holdings,
    identities,
    principals,
    standing,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window, part_of


@dataclass(frozen=True, slots=True)
class Identities:
    """What can be done with identities. `name` says whose: a principal's id, or an address."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]

    @needs("principals:read")
    def page(self, caller: Caller, *, name: str, window: Window) -> Page[LinkedIdentity]:
        """The identities of a principal, by provider and subject; programs and groups have none.

        Raises:
            NotFound: there is no such principal.
        """
        with self.database.read() as tx:
            principal = principals.find_any(tx, caller.workspace_id, name=name)
            linked = identities.of_principals(tx, [principal.id])[principal.id]
        return part_of(linked, cursor_of, window)

    @needs("principals:update")
    def link(
        self, caller: Caller, *, name: str, provider: str, subject: str
    ) -> tuple[LinkedIdentity, bool]:
        """Let a person prove who they are by one more identity; whether it is new.

        Whoever has the identity is the person from then on: so all that the person holds is given.

        Raises:
            NotFound: there is no such principal.
            Invalid: no provider, or nobody, is called so.
            Conflict: it never signs in; the identity is somebody else's here.
            Escalation: it holds what the caller does not.
        """
        identity, now = check_identity(provider, subject), self.clock()
        with self.database.write() as tx:
            person = self._touched(tx, caller, name, now)
            self._refuse_escalation(tx, caller, person)
            known = identities.get(tx, person.workspace_id, kind=person.kind, identity=identity)
            if known is not None and known.principal_id != person.id:
                raise Conflict("The identity is somebody else's here.", conflict="identity")
            if known is not None:
                return known, False
            linked = LinkedIdentity(person.id, identity, caller.principal.id, now)
            identities.add(tx, person, linked)
            audit.record(
                tx, caller, "identities:link", person.id, at=now, after=_described(identity)
            )
        return linked, True

    @needs("principals:update")
    def unlink(self, caller: Caller, *, name: str, provider: str, subject: str) -> None:
        """Let a person prove who they are by an identity no more, and sign them out.

        Which of their sessions began by it is not known for sure, so all of them end.

        Raises:
            NotFound: there is no such principal, or the identity is not its own.
            Invalid: as `link`.
            Conflict: the principal is called by it, or never signs in.
        """
        identity, now = check_identity(provider, subject), self.clock()
        with self.database.write() as tx:
            person = self._touched(tx, caller, name, now, revokes=True)
            known = identities.get(tx, person.workspace_id, kind=person.kind, identity=identity)
            if known is None or known.principal_id != person.id:
                raise NotFound("This identity is not linked here.")
            check_unlinkable(person, identity)
            identities.remove(tx, person, identity)
            why = f"an identity was unlinked by {caller.principal.id}"
            ended = standing.sign_out(tx, person, at=now, why=why)
            audit.record(
                tx, caller, "identities:unlink", person.id, at=now,
                before=_described(identity), sessions=ended,
            )  # fmt: skip

    def _touched(
        self,
        tx: Transaction,
        caller: Caller,
        name: str,
        now: datetime,
        *,
        revokes: bool = False,
    ) -> Principal:
        here = caller.workspace_id
        found = principals.find_any(tx, here, name=name)
        check_person(found)
        touch = workspaces.touch_revoking if revokes else workspaces.touch
        touch(tx, here, ChangeKind.PRINCIPAL, found.id, at=now)
        return principals.find_any(tx, here, name=found.id)

    def _refuse_escalation(self, tx: Transaction, caller: Caller, person: Principal) -> None:
        words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
        holds = holdings.of_giver(tx, caller, words)
        delegation.refuse_giving(caller, words, held=holds, given=holdings.of(tx, person.id, words))


def cursor_of(linked: LinkedIdentity) -> str:
    """Its place among the identities of one principal."""
    return f"{linked.identity.provider} {linked.identity.subject}"


def _described(identity: Identity) -> dict[str, str]:
    return {"provider": identity.provider, "subject": identity.subject}
