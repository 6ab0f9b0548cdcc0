"""The launchpad: the applications that somebody may enter, by what they hold now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scopewright.core.application_parts import launchable
from scopewright.core.applications import Application
from scopewright.core.catalogue import Catalogue
from scopewright.core.model import Identity, Principal
from scopewright.store import holdings, principals, vocabulary
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window, part_of


@dataclass(frozen=True, slots=True)
class Launchpad:
    """What is open to a visitor. Nobody needs a scope to ask for their own."""

    database: Database
    catalogues: Mapping[str, Catalogue]

    def of_principal(self, principal: Principal, *, window: Window) -> Page[Application]:
        """The applications that are open to one principal, by name."""
        with self.database.read() as tx:
            return self._page(tx, [principal], window)

    def of_identity(self, identity: Identity, *, window: Window) -> Page[Application]:
        """Those that are open to a person, in whatever workspace and by whatever record there."""
        with self.database.read() as tx:
            return self._page(tx, principals.of_identity(tx, identity), window)

    def _page(
        self, tx: Transaction, records: Iterable[Principal], window: Window
    ) -> Page[Application]:
        active = [record for record in records if record.disabled_at is None]
        found = {
            f"{application.workspace_id}/{application.name}": application
            for workspace_id in {record.workspace_id for record in active}
            for application in self._open(
                tx, workspace_id, [r.id for r in active if r.workspace_id == workspace_id]
            )
        }
        page = part_of(sorted(found), str, window)
        return Page(tuple(found[key] for key in page.items), page.cursor)

    def _open(self, tx: Transaction, workspace_id: str, ids: list[str]) -> tuple[Application, ...]:
        words = vocabulary.here(tx, workspace_id, self.catalogues)
        held = holdings.of_many(tx, ids, words)
        return launchable(words, frozenset().union(*held.values()))
