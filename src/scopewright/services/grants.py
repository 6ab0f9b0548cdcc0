"""Give scopes to end-users and clients, and take them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scopewright.clock import Clock
from scopewright.core import delegation
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue
from scopewright.core.errors import NotFound
from scopewright.core.holdings import check_takes_scopes
from scopewright.core.model import ChangeKind, Grant, Principal, PrincipalKind
from scopewright.core.scopes import Scopes
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
            check_takes_scopes(principal, clients.get(tx, principal.id))
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
            if scope not in words.by_name:
                raise NotFound("There is no scope of this name here.", field="scope")
            delegation.refuse_escalation(
                held=holdings.of_giver(tx, caller, words),
                given=words.close(frozenset({scope})),
                guarded=words.guarded,
            )
            grant = Grant(principal.id, scope, caller.principal.id, now)
            is_new = grants.add(tx, caller.workspace_id, grant=grant)
            if is_new:
                audit.record(tx, caller, "grants:create", principal.id, at=now, scope=scope)
            else:
                grant = next(g for g in grants.of_principal(tx, principal.id) if g.scope == scope)
        return Granted(grant, scope in words.guarded), is_new

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
