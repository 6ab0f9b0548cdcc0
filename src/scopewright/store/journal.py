"""The issued tokens: rows that hot requests leave behind, durable before these are answered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from scopewright.core.model import IssuedToken
from scopewright.store import issued_tokens
from scopewright.store.database import Database
from scopewright.store.gathering import Gathering


class Journal:
    """Writes issued tokens, those of many requests in one statement, which commits itself."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows = Gathering(self._add)

    def write(self, token: IssuedToken) -> asyncio.Future[None]:
        """Take a row; the future is done when it is durable."""
        return self._rows.add(token)

    def _add(self, tokens: Sequence[IssuedToken]) -> list[None]:
        dialect = self._database.engine.dialect.name
        self._database.run_alone(*issued_tokens.insertion(dialect, tokens))
        return [None] * len(tokens)
