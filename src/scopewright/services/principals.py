"""List everybody who can hold scopes, and show what one of them holds and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from scopewright.core.assignments import Incomplete, incomplete
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue
from scopewright.core.model import Principal, PrincipalKind
from scopewright.core.why import HeldGroup, HeldRole, Reasons, warnings
from scopewright.store import holdings, principals, vocabulary
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window


@dataclass(frozen=True, slots=True)
class Portrait:
    """A principal with all that it holds and why; `missing` are roles that are not there."""

    principal: Principal
    groups: tuple[HeldGroup, ...]
    roles: tuple[HeldRole, ...]
    held: Mapping[str, Reasons]
    incomplete: tuple[Incomplete, ...]
    missing: frozenset[str]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Principals:
    """What can be asked about members, end-users, clients and groups alike."""

    database: Database
    catalogues: Mapping[str, Catalogue]

    @needs("principals:read")
    def page(
        self, caller: Caller, *, kind: PrincipalKind | None, window: Window
    ) -> Page[Principal]:
        """The principals of one kind, or of every kind, oldest first."""
        with self.database.read() as tx:
            return principals.page(tx, caller.workspace_id, kind=kind, window=window)

    @needs("principals:read")
    def show(self, caller: Caller, *, name: str) -> Portrait:
        """One principal: by its id; by an address, the end-user's record before the member's.

        Raises:
            NotFound: there is no such principal.
        """
        with self.database.read() as tx:
            return self._portrait(tx, principals.find_any(tx, caller.workspace_id, name=name))

    def of_caller(self, caller: Caller) -> Portrait:
        """The caller itself, with as much of what it holds as its credential carries.

        Nobody needs a scope to ask for their own.
        """
        with self.database.read() as tx:
            whole = self._portrait(tx, caller.principal)
        carried = {scope: why for scope, why in whole.held.items() if scope in caller.held}
        return replace(whole, held=carried, warnings=warnings(frozenset(carried)))

    def _portrait(self, tx: Transaction, principal: Principal) -> Portrait:
        words = vocabulary.here(tx, principal.workspace_id, self.catalogues)
        ledger, id = holdings.ledger_of(tx, [principal.id], words), principal.id
        roles, held = ledger.roles(id), ledger.reasons(id)
        return Portrait(
            principal=principal,
            groups=ledger.groups(id),
            roles=roles,
            held=held,
            incomplete=incomplete(words, [one.assignment.role for one in roles]),
            missing=ledger.missing(id),
            warnings=warnings(frozenset(held)),
        )
