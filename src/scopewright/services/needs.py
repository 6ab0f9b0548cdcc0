"""What to add to a role so that it reaches something: the catalogue roles that supply scopes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue
from scopewright.core.errors import NotFound
from scopewright.core.needs import Answer, answer
from scopewright.store import vocabulary
from scopewright.store.database import Database


@dataclass(frozen=True, slots=True)
class Needs:
    """What is asked about needed scopes; nothing changes."""

    database: Database
    catalogues: Mapping[str, Catalogue]

    @needs("roles:read")
    def show(self, caller: Caller, *, scopes: Iterable[str]) -> Answer:
        """The catalogue roles that supply these scopes.

        Raises:
            NotFound: there is no such scope.
        """
        needed = frozenset(scopes)
        with self.database.read() as tx:
            words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
        for unknown in sorted(needed - words.by_name.keys()):
            raise NotFound(f"There is no scope {unknown} here.", field="scope")
        return answer(words, needed)
