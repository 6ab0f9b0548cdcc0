"""JSON values that hang on end-users and clients, by key; `ingest_context` is stamped on data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from scopewright.clock import Clock
from scopewright.core import model, names
from scopewright.core.caller import Caller, needs
from scopewright.core.errors import Invalid, NotFound
from scopewright.core.model import Principal, PrincipalKind
from scopewright.store import audit, metadata, principals
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window, part_of

DEEPEST_VALUE = 32


@dataclass(frozen=True, slots=True)
class Metadata:
    """What can be done with metadata. `kind` and `name` say whose: the path's noun and its id."""

    database: Database
    clock: Clock
    longest_value: int

    @needs("metadata:read")
    def page(
        self, caller: Caller, *, kind: PrincipalKind, name: str, window: Window
    ) -> Page[model.Metadata]:
        """Everything attached to somebody, by key.

        Raises:
            NotFound: there is no such end-user or client.
        """
        with self.database.read() as tx:
            principal = principals.find(tx, caller.workspace_id, kind=kind, name=name)
            return part_of(metadata.of_principal(tx, principal.id), lambda m: m.key, window)

    def own(self, caller: Caller, window: Window) -> Page[model.Metadata]:
        """Everything attached to whoever asks. Nobody needs a scope for their own."""
        with self.database.read() as tx:
            return part_of(metadata.of_principal(tx, caller.principal.id), lambda m: m.key, window)

    @needs("metadata:read")
    def show(self, caller: Caller, *, kind: PrincipalKind, name: str, key: str) -> model.Metadata:
        """One value.

        Raises:
            NotFound: there is no such end-user or client, or nothing under this key.
        """
        with self.database.read() as tx:
            principal = principals.find(tx, caller.workspace_id, kind=kind, name=name)
            return _get(tx, principal, key)

    @needs("metadata:update")
    def put(
        self, caller: Caller, *, kind: PrincipalKind, name: str, key: str, value: Any
    ) -> model.Metadata:
        """Attach a value in place of the earlier one. Data that is in keeps its stamp.

        Raises:
            Invalid: a key outside the grammar, or a value that is too long or nested too deeply.
            NotFound: there is no such end-user or client.
        """
        _check_key(key)
        _check_value(value, self.longest_value)
        now = self.clock()
        with self.database.write() as tx:
            principal = principals.find(tx, caller.workspace_id, kind=kind, name=name)
            earlier = metadata.get(tx, principal.id, key=key)
            entry = model.Metadata(principal.id, key, value, caller.principal.id, now)
            metadata.put(tx, entry)
            before = {} if earlier is None else {"value": earlier.value}
            audit.record(
                tx, caller, "metadata:update", principal.id, at=now,
                key=key, before=before, after={"value": value},
            )  # fmt: skip
        return entry

    @needs("metadata:delete")
    def delete(self, caller: Caller, *, kind: PrincipalKind, name: str, key: str) -> None:
        """Take a value off.

        Raises:
            NotFound: there is no such end-user or client, or nothing under this key.
        """
        with self.database.write() as tx:
            principal = principals.find(tx, caller.workspace_id, kind=kind, name=name)
            earlier = _get(tx, principal, key)
            metadata.remove(tx, principal.id, key=key)
            audit.record(
                tx, caller, "metadata:delete", principal.id, at=self.clock(),
                key=key, before={"value": earlier.value},
            )  # fmt: skip


def _get(tx: Transaction, principal: Principal, key: str) -> model.Metadata:
    entry = metadata.get(tx, principal.id, key=key)
    if entry is None:
        raise NotFound("There is nothing under this key.")
    return entry


def _check_key(key: str) -> None:
    if not names.is_name(key):
        raise Invalid(
            "A key has 1 to 128 letters, digits and _ - . : and begins and ends with a letter or"
            " digit.",
            field="key",
        )


def _check_value(value: Any, longest: int) -> None:
    """What is stamped on every datapoint must be small, and that is said here, not at ingest."""
    if len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()) > longest:
        raise Invalid(f"A value has at most {longest} bytes as JSON.", field="value")
    if _depth(value) > DEEPEST_VALUE:
        raise Invalid(f"A value is nested at most {DEEPEST_VALUE} levels deep.", field="value")


def _depth(value: Any) -> int:
    match value:
        case dict():
            return 1 + max(map(_depth, value.values()), default=0)
        case list():
            return 1 + max(map(_depth, value), default=0)
    return 0
