"""Define, describe and delete scopes; list the vocabulary and its presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from scopewright.clock import Clock
from scopewright.core import names
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue, ScopeDefinition, Vocabulary
from scopewright.core.errors import Conflict, Forbidden, NotFound
from scopewright.core.model import ChangeKind
from scopewright.store import (
    audit,
    endpoints,
    exports,
    grants,
    mqtt_configs,
    scopes,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Scopes:
    """What can be done with a workspace's scopes."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]

    @needs("scopes:read")
    def list_all(self, caller: Caller) -> Vocabulary:
        """All words of the workspace."""
        with self.database.read() as tx:
            return vocabulary.here(tx, caller.workspace_id, self.catalogues)

    @needs("scopes:create")
    def define(self, caller: Caller, *, name: str, description: str | None) -> ScopeDefinition:
        """A new scope of the workspace's own.

        Raises:
            Invalid: the name is outside the grammar or reserved.
            Conflict: a catalogue owns the name, or it is taken.
        """
        scope = ScopeDefinition(names.check_name(name), names.check_description(description))
        now = self.clock()
        with self.database.write() as tx:
            workspaces.touch(tx, caller.workspace_id, ChangeKind.VOCABULARY, name, at=now)
            vocabulary.here(tx, caller.workspace_id, self.catalogues).check_free(name)
            scopes.add(tx, caller.workspace_id, scope=scope, at=now)
            after = {"description": scope.description}
            audit.record(tx, caller, "scopes:create", name, at=now, after=after)
        return scope

    @needs("scopes:update")
    def describe(self, caller: Caller, *, name: str, description: str | None) -> ScopeDefinition:
        """Change a scope's description.

        Raises:
            NotFound: there is no such scope.
            Forbidden: a catalogue defines it.
        """
        text, now = names.check_description(description), self.clock()
        with self.database.write() as tx:
            workspaces.touch(tx, caller.workspace_id, ChangeKind.VOCABULARY, name, at=now)
            before = self._own(tx, caller, name)
            after = replace(before, description=text)
            scopes.change(tx, caller.workspace_id, scope=after)
            audit.record(
                tx, caller, "scopes:update", name, at=now,
                before={"description": before.description}, after={"description": text},
            )  # fmt: skip
        return after

    @needs("scopes:delete")
    def delete(self, caller: Caller, *, name: str, force: bool = False) -> None:
        """Delete a scope, and with it every grant of it.

        What demands it goes on demanding it, so nothing becomes public: nobody can hold it any
        more.

        Raises:
            NotFound: there is no such scope.
            Forbidden: a catalogue defines it.
            Conflict: something demands it, and `force` was not said.
        """
        now = self.clock()
        with self.database.write() as tx:
            workspaces.touch(tx, caller.workspace_id, ChangeKind.VOCABULARY, name, at=now)
            before = self._own(tx, caller, name)
            demanded_by = self._demanded_by(tx, caller.workspace_id, name)
            if demanded_by and not force:
                raise Conflict(
                    f"Still demanded by {', '.join(demanded_by)}. Say force=true to delete it all"
                    " the same; they will then let nobody in.",
                    conflict=demanded_by,
                )
            revoked = grants.remove_scope(tx, caller.workspace_id, scope=name)
            scopes.remove(tx, caller.workspace_id, name=name)
            audit.record(
                tx, caller, "scopes:delete", name, at=now,
                before={"description": before.description}, revoked_grants=revoked,
                still_demanded_by=demanded_by,
            )  # fmt: skip

    def _own(self, tx: Transaction, caller: Caller, name: str) -> ScopeDefinition:
        scope = vocabulary.here(tx, caller.workspace_id, self.catalogues).by_name.get(name)
        if scope is None:
            raise NotFound("There is no such scope.")
        if scope.owner is not None:
            raise Forbidden(f"The catalogue {scope.owner} defines this scope; it is read-only.")
        return scope

    @staticmethod
    def _demanded_by(tx: Transaction, workspace_id: str, name: str) -> list[str]:
        writing = [
            f"endpoint {e.name}" for e in endpoints.using_scope(tx, workspace_id, scope=name)
        ]
        reading = [f"export {e.name}" for e in exports.using_scope(tx, workspace_id, scope=name)]
        configs = mqtt_configs.using_scope(tx, workspace_id, scope=name)
        return writing + reading + [f"MQTT config {config.name}" for config in configs]
