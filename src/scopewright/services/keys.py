"""List the signing keys of a workspace, and let new ones follow them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from scopewright.clock import Clock
from scopewright.core.caller import Caller, needs
from scopewright.core.errors import Conflict, Invalid
from scopewright.core.model import ChangeKind, SigningKey
from scopewright.core.tokens import SIGNING_ALGORITHMS
from scopewright.keys import KeyRing, published, retired, signing_now
from scopewright.store import audit, signing_keys, workspaces
from scopewright.store.audit import Actor
from scopewright.store.database import Database, Transaction

KeyState = Literal["next", "signing", "verifying"]


@dataclass(frozen=True, slots=True)
class KeyNow:
    """A published key and what it does now: it will sign, it signs, or it only verifies."""

    key: SigningKey
    state: KeyState


@dataclass(frozen=True, slots=True)
class Keys:
    """What can be done with a workspace's signing keys. Private halves never leave."""

    database: Database
    clock: Clock
    key_ring: KeyRing
    publish_before: timedelta
    rotate_after: timedelta

    @needs("keys:read")
    def list_all(self, caller: Caller) -> list[KeyNow]:
        """Every published key, in the order in which they sign."""
        now = self.clock()
        with self.database.read() as tx:
            return _as_they_are(signing_keys.of_workspace(tx, caller.workspace_id), now=now)

    @needs("keys:rotate")
    def rotate(self, caller: Caller, *, algorithm: str | None = None) -> list[KeyNow]:
        """Publish the next key of one algorithm, or of all; it signs once everybody can know it.

        The present key retires at that moment, and verifies until its last token has expired.

        Raises:
            Invalid: no such algorithm.
            Conflict: the next key is published already.
        """
        if algorithm not in (None, *SIGNING_ALGORITHMS):
            raise Invalid("Choose ES256 or RS256.", field="algorithm")
        algorithms = SIGNING_ALGORITHMS if algorithm is None else (algorithm,)
        now, here = self.clock(), caller.workspace_id
        following = self._made(here, algorithms, now=now)
        with self.database.write() as tx:
            workspaces.touch(tx, here, ChangeKind.SIGNING_KEY, following[0].id, at=now)
            if not _follow(tx, here, following, now=now):
                raise Conflict("The next key is published already, and will sign soon.")
            added = [key.id for key in following]
            audit.record(tx, caller, "keys:rotate", here, at=now, added=added)
            return _as_they_are(signing_keys.of_workspace(tx, here), now=now)

    def rotate_old(self, now: datetime) -> None:
        """Let a new key follow each that will have signed for `rotate_after` when the new one may.

        Doing it again changes nothing: whatever has a successor is not old any more.
        """
        born = now - self.rotate_after + self.publish_before
        with self.database.read() as tx:
            old = signing_keys.without_successor(tx, before=born)
        for key in old:
            self._rotate_one(key, now=now)

    def _rotate_one(self, old: SigningKey, *, now: datetime) -> None:
        here = old.workspace_id
        following = self._made(here, [old.algorithm], now=now)
        with self.database.write() as tx:
            if workspaces.get(tx, here) is None:
                return  # deleted meanwhile
            workspaces.touch(tx, here, ChangeKind.SIGNING_KEY, following[0].id, at=now)
            if _follow(tx, here, following, now=now):
                by, facts = Actor(here, "system", "system"), {"added": [following[0].id]}
                audit.record(tx, by, "keys:rotate", here, at=now, follows=old.id, **facts)

    def _made(
        self, workspace_id: str, algorithms: Sequence[str], *, now: datetime
    ) -> list[SigningKey]:
        """New keys; this takes a while, so it comes before the transaction."""
        return [
            self.key_ring.make(workspace_id, algorithm, now=now, publish_before=self.publish_before)
            for algorithm in algorithms
        ]


def _follow(
    tx: Transaction, workspace_id: str, following: Sequence[SigningKey], *, now: datetime
) -> bool:
    """Add the keys and retire those they follow; False if one of them is not the first to."""
    present = signing_keys.of_workspace(tx, workspace_id)
    algorithms = {key.algorithm for key in following}
    if any(key.signs_from > now and key.algorithm in algorithms for key in present):
        return False
    for new in following:
        for old in present:
            if old.algorithm == new.algorithm and old.retired_at is None:
                last = retired(old, at=new.signs_from)
                assert last.forget_at is not None
                signing_keys.retire(tx, old.id, at=new.signs_from, forget_at=last.forget_at)
        signing_keys.add(tx, new)
    return True


def _as_they_are(keys: Sequence[SigningKey], *, now: datetime) -> list[KeyNow]:
    return [KeyNow(key, _state(key, keys, now=now)) for key in published(keys, now=now)]


def _state(key: SigningKey, keys: Iterable[SigningKey], *, now: datetime) -> KeyState:
    if key.signs_from > now:
        return "next"
    return "signing" if signing_now(keys, key.algorithm, now=now) == key else "verifying"
