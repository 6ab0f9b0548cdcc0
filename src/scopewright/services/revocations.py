"""What was revoked in a workspace, for resource servers that verify tokens by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scopewright.clock import Clock
from scopewright.core.errors import NotFound
from scopewright.core.model import Change
from scopewright.store import changes, workspaces
from scopewright.store.database import Database

MOST_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Revoked:
    """Revocations in the order of their versions. Whoever goes on from `version` misses none."""

    version: int
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Revocations:
    """Reads the feed of every workspace."""

    database: Database
    clock: Clock

    def since(self, workspace_id: str, *, after: int) -> Revoked:
        """What was revoked after a version and can still matter, at most 5000 of it.

        Raises:
            NotFound: the workspace is gone.
        """
        with self.database.read() as tx:
            version = workspaces.version(tx, workspace_id)
            if version is None:
                raise NotFound("There is no such issuer.")
            found = changes.revoked_since(
                tx, workspace_id, after=after, now=self.clock(), limit=MOST_AT_ONCE
            )
        return Revoked(found[-1].version if len(found) == MOST_AT_ONCE else version, found)
