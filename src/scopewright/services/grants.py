"""Give scopes to end-users and clients, and take them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scopewright.clock import Clock
from scopewright.core import delegation
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue, Vocabulary
from scopewright.core.errors import Invalid, NotFound
from scopewright.core.holdings import check_takes_scopes
from scopewright.core.model import ChangeKind, Grant, Principal, PrincipalKind
from scopewright.core.names import check_name
from scopewright.core.scopes import NONE, Scopes
from scopewright.store import (
    audit,
    clients,
    grants,
    holdings,
    principals,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window, part_of


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant, and whether its scope opens operations here."""

    grant: Grant
    internal: bool


@dataclass(frozen=True, slots=True)
class Exchange:
    """Scopes that are given to somebody, and scopes that are taken, in one."""

    given: Scopes = NONE
    taken: Scopes = NONE


@dataclass(frozen=True, slots=True)
class Grants:
    """What can be done with grants. `kind` and `name` say whose: the path's noun and its id."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]

    @needs("grants:read")
    def page(
        self, caller: Caller, *, kind: PrincipalKind, name: str, window: Window
    ) -> Page[Granted]:
        """Everything granted to somebody, by scope.

        Raises:
            NotFound: there is no such end-user or client.
        """
        with self.database.read() as tx:
            principal = principals.find(tx, caller.workspace_id, kind=kind, name=name)
            guarded = self._guarded(tx, caller)
            found = part_of(grants.of_principal(tx, principal.id), lambda g: g.scope, window)
        return Page(tuple(Granted(g, g.scope in guarded) for g in found.items), found.cursor)

    @needs("grants:create")
    def give(
        self, caller: Caller, *, kind: PrincipalKind, name: str, scope: str
    ) -> tuple[Granted, bool]:
        """Grant a scope; whether it is new. It shows in tokens at the next issue or refresh.

        Raises:
            NotFound: there is no such end-user, client or scope.
            Conflict: a client of this type takes no grants.
            Escalation: the caller does not hold the guarded scope itself.
        """
        now = self.clock()
        with self.database.write() as tx:
            principal = self._touched(tx, caller, kind=kind, name=name)
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
            if scope not in words.by_name:
                raise NotFound("There is no scope of this name here.", field="scope")
            self._check(tx, caller, principal, frozenset({scope}), words)
            grant = Grant(principal.id, scope, caller.principal.id, now)
            is_new = grants.add(tx, caller.workspace_id, grant=grant)
            if is_new:
                audit.record(tx, caller, "grants:create", principal.id, at=now, scope=scope)
            else:
                grant = next(g for g in grants.of_principal(tx, principal.id) if g.scope == scope)
        return Granted(grant, scope in words.guarded), is_new

    @needs("grants:create")
    def exchange(
        self, caller: Caller, *, kind: PrincipalKind, name: str, wanted: Exchange
    ) -> Exchange:
        """Give and take several scopes at once; what was really given and taken by it.

        One scope too many refuses the whole. What was granted already is not given again, what was
        not granted is not taken, and neither is refused.

        Raises:
            NotFound: there is no such end-user or client.
            Invalid: there is no such scope, or it is to be given and taken at once, or what is to
                be taken is no name.
            Forbidden: something would be taken, and the caller may not revoke.
            Conflict: a client of this type takes no grants.
            Escalation: the caller does not hold a guarded scope itself.
        """
        if wanted.taken:
            caller.check("grants:revoke")
        if wanted.given & wanted.taken:
            raise Invalid("The same scope cannot be given and taken at once.", field="take")
        for scope in sorted(wanted.taken):
            check_name(scope, field="take")
        with self.database.write() as tx:
            principal = self._touched(tx, caller, kind=kind, name=name)
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
            unknown = sorted(wanted.given - words.by_name.keys())
            if unknown:
                raise Invalid(f"There is no scope {unknown[0]} here.", field="give")
            if wanted.given:
                self._check(tx, caller, principal, wanted.given, words)
            there = frozenset(grant.scope for grant in grants.of_principal(tx, principal.id))
            done = Exchange(wanted.given - there, wanted.taken & there)
            self._write(tx, caller, principal, done)
        return done

    @needs("grants:revoke")
    def revoke(self, caller: Caller, *, kind: PrincipalKind, name: str, scope: str) -> None:
        """Take a scope back. Tokens that are out keep it until they expire.

        Raises:
            NotFound: there is no such end-user, client or grant.
        """
        with self.database.write() as tx:
            principal = self._touched(tx, caller, kind=kind, name=name)
            if not grants.remove(tx, principal_id=principal.id, scope=scope):
                raise NotFound("This scope is not granted here.")
            audit.record(tx, caller, "grants:revoke", principal.id, at=self.clock(), scope=scope)

    def _write(self, tx: Transaction, caller: Caller, principal: Principal, done: Exchange) -> None:
        now, by = self.clock(), caller.principal.id
        for scope in sorted(done.given):
            grants.add(tx, caller.workspace_id, grant=Grant(principal.id, scope, by, now))
        for scope in sorted(done.taken):
            grants.remove(tx, principal_id=principal.id, scope=scope)
        for operation, scopes in ("grants:create", done.given), ("grants:revoke", done.taken):
            if scopes:
                audit.record(tx, caller, operation, principal.id, at=now, scopes=sorted(scopes))

    def _check(
        self,
        tx: Transaction,
        caller: Caller,
        principal: Principal,
        scopes: Scopes,
        words: Vocabulary,
    ) -> None:
        check_takes_scopes(principal, clients.get(tx, principal.id))
        holds = holdings.of_giver(tx, caller, words)
        delegation.refuse_giving(caller, words, held=holds, given=words.close(scopes))

    def _touched(
        self, tx: Transaction, caller: Caller, *, kind: PrincipalKind, name: str
    ) -> Principal:
        principal = principals.find(tx, caller.workspace_id, kind=kind, name=name)
        workspaces.touch(
            tx, caller.workspace_id, ChangeKind.HOLDINGS, principal.id, at=self.clock()
        )
        return principal

    def _guarded(self, tx: Transaction, caller: Caller) -> Scopes:
        return vocabulary.here(tx, caller.workspace_id, self.catalogues).guarded
