"""Create, change and delete exports: where datapoints come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from scopewright import ids
from scopewright.clock import Clock
from scopewright.core import names
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue
from scopewright.core.errors import Conflict, Invalid, NotFound
from scopewright.core.model import Endpoint, Export
from scopewright.store import audit, endpoints, exports, vocabulary
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window

OAUTH2_ONLY = frozenset({"oauth2"})
ANYBODY = frozenset({"oauth2", "none"})


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """What a caller may choose; `path` None: made from the name; no endpoint: all of them."""

    name: str
    path: str | None = None
    endpoint_id: str | None = None
    auth_methods: frozenset[str] = OAUTH2_ONLY
    required_scope: str | None = None


@dataclass(frozen=True, slots=True)
class Exports:
    """What can be done with a workspace's exports. Reading from them: `services.datapoints`."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]

    @needs("exports:read")
    def page(self, caller: Caller, *, window: Window) -> Page[Export]:
        """The exports, oldest first."""
        with self.database.read() as tx:
            return exports.page(tx, caller.workspace_id, window=window)

    @needs("exports:read")
    def show(self, caller: Caller, *, id: str) -> Export:
        """One export.

        Raises:
            NotFound: there is no such export.
        """
        with self.database.read() as tx:
            return _here(tx, caller, id)

    @needs("exports:create")
    def create(self, caller: Caller, *, settings: ExportSettings) -> Export:
        """A new export.

        Raises:
            Invalid: a name or path outside its grammar, an unknown endpoint or scope, or a scope
                demanded where anybody may read.
            Conflict: the path is taken.
        """
        path = settings.path if settings.path is not None else names.slugify(settings.name)
        now = self.clock()
        chosen = asdict(settings) | {"path": path}
        export = Export(
            id=ids.new_id("exp"), workspace_id=caller.workspace_id, created_at=now, **chosen
        )
        with self.database.write() as tx:
            export = self._checked(tx, export, chosen)
            exports.add(tx, export)
            after = _facts(export)
            audit.record(tx, caller, "exports:create", export.id, at=now, after=after)
        return export

    @needs("exports:update")
    def change(self, caller: Caller, *, id: str, changed: Mapping[str, Any]) -> Export:
        """Change some of the `ExportSettings`, by name.

        Raises:
            NotFound: there is no such export.
            Invalid: as `create`.
            Conflict: the path is taken, or follows that of an endpoint.
        """
        now = self.clock()
        with self.database.write() as tx:
            before = _here(tx, caller, id)
            after = self._checked(tx, replace(before, **changed), changed)
            followed = _followed(tx, before)
            moved = (after.path, after.endpoint_id) != (before.path, before.endpoint_id)
            if followed is not None and moved:
                raise Conflict(
                    "This export goes with its endpoint. Change the endpoint's path instead.",
                    conflict=[f"endpoint {followed.name}"],
                )
            exports.change(tx, after)
            facts = {"before": _facts(before), "after": _facts(after)}
            audit.record(tx, caller, "exports:update", id, at=now, **facts)
        return after

    @needs("exports:delete")
    def delete(self, caller: Caller, *, id: str) -> None:
        """Delete an export: its URL ends at once, the datapoints stay.

        Raises:
            NotFound: there is no such export.
        """
        now = self.clock()
        with self.database.write() as tx:
            before = _here(tx, caller, id)
            followed = _followed(tx, before)
            if followed is not None:
                endpoints.change(tx, replace(followed, read=False))
            exports.remove(tx, caller.workspace_id, id=id)
            audit.record(tx, caller, "exports:delete", id, at=now, before=_facts(before))

    def _checked(self, tx: Transaction, wanted: Export, changed: Mapping[str, Any]) -> Export:
        """The export as it may be kept. What is not changed now may have gone meanwhile."""
        wanted = replace(wanted, name=names.check_title(wanted.name))
        names.check_url_path(wanted.path, field="path")
        _check_gate(wanted)
        here = wanted.workspace_id
        if changed.get("required_scope") is not None:
            words = vocabulary.here(tx, here, self.catalogues)
            if wanted.required_scope not in words.by_name:
                raise Invalid("There is no such scope.", field="required_scope")
        endpoint_id = changed.get("endpoint_id")
        if endpoint_id is not None and endpoints.get(tx, here, id=endpoint_id) is None:
            raise Invalid("There is no such endpoint.", field="endpoint")
        taken = exports.by_path(tx, here, path=wanted.path)
        if taken is not None and taken.id != wanted.id:
            raise Conflict("Another export has this path.", conflict=[f"export {taken.name}"])
        return wanted


def _here(tx: Transaction, caller: Caller, id: str) -> Export:
    export = exports.get(tx, caller.workspace_id, id=id)
    if export is None:
        raise NotFound("There is no such export.")
    return export


def _followed(tx: Transaction, export: Export) -> Endpoint | None:
    """The endpoint whose own reading this export is; they share a path and go together."""
    if export.endpoint_id is None:
        return None
    endpoint = endpoints.get(tx, export.workspace_id, id=export.endpoint_id)
    if endpoint is None or not endpoint.read or endpoint.url_path != export.path:
        return None
    return endpoint


def _check_gate(wanted: Export) -> None:
    if wanted.auth_methods not in (OAUTH2_ONLY, ANYBODY):
        raise Invalid('Say ["oauth2"] or ["oauth2", "none"].', field="auth_methods")
    if wanted.auth_methods == ANYBODY and wanted.required_scope is not None:
        raise Invalid("An export that anybody may read has no scope.", field="required_scope")


def _facts(export: Export) -> dict[str, Any]:
    """What the audit log keeps of it."""
    return {
        "name": export.name,
        "path": export.path,
        "endpoint": export.endpoint_id,
        "auth_methods": sorted(export.auth_methods),
        "required_scope": export.required_scope,
    }
