"""Say why somebody holds a scope, and who does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue, Vocabulary
from scopewright.core.errors import NotFound
from scopewright.core.model import Principal
from scopewright.core.why import NO_REASON, Reasons, givers
from scopewright.store import holdings, principals, vocabulary
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether and why a principal holds a scope; `roles` are all that would give it."""

    principal: Principal
    scope: str
    reasons: Reasons
    roles: tuple[str, ...]

    @property
    def is_held(self) -> bool:
        return bool(self.reasons.shown)


@dataclass(frozen=True, slots=True)
class ScopeHolder:
    """Somebody who holds a scope, and why."""

    principal: Principal
    reasons: Reasons


@dataclass(frozen=True, slots=True)
class Why:
    """What can be asked about why somebody holds something."""

    database: Database
    catalogues: Mapping[str, Catalogue]

    @needs("principals:read")
    def explain(self, caller: Caller, *, name: str, scope: str) -> Answer:
        """Why a principal, by its id or an address, holds a scope, if it does.

        Raises:
            NotFound: there is no such principal or scope.
        """
        with self.database.read() as tx:
            words = self._words(tx, caller, scope)
            principal = principals.find_any(tx, caller.workspace_id, name=name)
            ledger = holdings.ledger_of(tx, [principal.id], words)
        reasons = ledger.reasons_for(scope).get(principal.id, NO_REASON)
        return Answer(principal, scope, reasons, tuple(sorted(words.roles_with(scope))))

    @needs("principals:read")
    def who_can(self, caller: Caller, *, scope: str, window: Window) -> Page[ScopeHolder]:
        """Everybody who holds a scope, groups among them, and why; oldest first.

        Raises:
            NotFound: there is no such scope.
        """
        with self.database.read() as tx:
            words = self._words(tx, caller, scope)
            giving = givers(words, scope)
            found = holdings.page_of_holders(
                tx, caller.workspace_id, scopes=giving.scopes, roles=giving.roles, window=window
            )
            ledger = holdings.ledger_of(tx, [one.id for one in found.items], words)
        reasons = ledger.reasons_for(scope)
        holding = (one for one in found.items if one.id in reasons)
        return Page(tuple(ScopeHolder(one, reasons[one.id]) for one in holding), found.cursor)

    def _words(self, tx: Transaction, caller: Caller, scope: str) -> Vocabulary:
        words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
        if scope not in words.by_name:
            raise NotFound("There is no scope of this name here.", field="scope")
        return words
