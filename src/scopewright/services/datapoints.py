"""Read datapoints: by the workspace's managers, through an export, as they come in. Delete them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from scopewright import ids
from scopewright.clock import Clock
from scopewright.core.caller import Caller, needs
from scopewright.core.errors import Forbidden, NotFound, Unauthenticated
from scopewright.core.model import Datapoint, Export
from scopewright.store import audit, clients, datapoints, endpoints, exports, metadata
from scopewright.store.database import Database, Transaction
from scopewright.store.datapoints import Selection
from scopewright.store.pages import Page, Window

MOST_AT_ONCE = 1000
OVERLAP = 10_000  # milliseconds; longer than any submission takes from naming its points to commit


@dataclass(frozen=True, slots=True)
class Wish:
    """Which datapoints are wanted, and whether their clients' present metadata are too."""

    selection: Selection
    with_clients: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """A page of datapoints. `clients`: the metadata of each client that exists, where wanted."""

    page: Page[Datapoint]
    clients: Mapping[str, dict[str, Any]] | None


@dataclass(frozen=True, slots=True)
class Door:
    """An export as somebody asks for it; `caller` None is anybody, without a credential."""

    workspace_id: str
    path: str
    caller: Caller | None


@dataclass(frozen=True, slots=True)
class Place:
    """How far a reader of a stream has come: the newest datapoint given, and all near it.

    Datapoints that were named at about the same time may become visible in another order. So each
    look goes back by `OVERLAP` and passes over what was given already.
    """

    newest: str
    near: frozenset[str]

    @property
    def floor(self) -> str:
        return ids.least_id(self.newest, sooner=OVERLAP) if self.newest else ""

    def beyond(self, given: list[str]) -> Place:
        """The place after these, too."""
        newest = max([self.newest, *given])
        moved = Place(newest, frozenset())
        return Place(newest, frozenset(id for id in self.near.union(given) if id > moved.floor))


@dataclass(frozen=True, slots=True)
class Datapoints:
    """What can be done with datapoints once they are kept."""

    database: Database
    clock: Clock

    @needs("data:read")
    def page(self, caller: Caller, wish: Wish, *, window: Window) -> Reading:
        """The wanted datapoints of the workspace, newest first."""
        with self.database.read() as tx:
            return _read(tx, caller.workspace_id, wish, window)

    @needs("data:delete")
    def delete(self, caller: Caller, *, endpoint_id: str) -> int:
        """Delete all that came in through an endpoint, deleted or not; how many.

        Raises:
            NotFound: there is no such endpoint, and no datapoint of it.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            deleted = datapoints.remove_of_endpoint(tx, here, endpoint_id=endpoint_id)
            if not deleted and endpoints.get(tx, here, id=endpoint_id) is None:
                raise NotFound("There is no such endpoint.")
            audit.record(tx, caller, "data:delete", endpoint_id, at=now, deleted=deleted)
        return deleted

    # --- through exports --------------------------------------------------------------------------

    def read(self, door: Door, wish: Wish, *, window: Window) -> Reading:
        """The wanted datapoints of an export, newest first.

        Raises:
            NotFound: there is no such export.
            Unauthenticated: it asks for a credential.
            Forbidden: it demands another scope.
        """
        with self.database.read() as tx:
            selection = _opened(tx, door, wish.selection)
            return _read(tx, door.workspace_id, replace(wish, selection=selection), window)

    def begin(self, door: Door, *, after: str | None) -> Place:
        """Where a stream begins: after a datapoint that the reader names, or after the newest.

        Raises:
            NotFound, Unauthenticated, Forbidden: as `read`.
        """
        with self.database.read() as tx:
            selection = _opened(tx, door, Selection())
            here = door.workspace_id
            newest = after or datapoints.newest_id(tx, here, selection=selection) or ""
            place = Place(newest, frozenset())
            near = datapoints.ids_after(tx, here, selection=selection, after=place.floor)
            return Place(newest, frozenset(id for id in near if id <= newest))

    def arrived(self, door: Door, place: Place) -> tuple[list[Datapoint], Place]:
        """What has become visible since, at most 1000 of it, and the place after that.

        Raises:
            NotFound, Unauthenticated, Forbidden: as `read`.
        """
        with self.database.read() as tx:
            selection = _opened(tx, door, Selection())
            found = datapoints.ids_after(
                tx, door.workspace_id, selection=selection, after=place.floor,
                limit=len(place.near) + MOST_AT_ONCE,
            )  # fmt: skip
            news = [id for id in found if id not in place.near][:MOST_AT_ONCE]
            if not news:
                return [], place
            return datapoints.of_ids(tx, door.workspace_id, ids=news), place.beyond(news)


def _opened(tx: Transaction, door: Door, selection: Selection) -> Selection:
    """What an export lets out of what is wanted, if the door is open."""
    export = exports.by_path(tx, door.workspace_id, path=door.path)
    if export is None:
        raise NotFound("There is no such export.")
    _check(export, door.caller)
    return replace(selection, endpoint_id=export.endpoint_id)


def _check(export: Export, caller: Caller | None) -> None:
    if "none" in export.auth_methods and export.required_scope is None:
        return
    if caller is None:
        raise Unauthenticated("Present an access token or an API key.")
    scope = export.required_scope
    if scope is not None and scope not in caller.held:
        raise Forbidden(f"This needs the scope {scope}.", missing=(scope,))


def _read(tx: Transaction, workspace_id: str, wish: Wish, window: Window) -> Reading:
    page = datapoints.page(tx, workspace_id, selection=wish.selection, window=window)
    if not wish.with_clients:
        return Reading(page, None)
    named = {point.client_id for point in page.items if point.client_id is not None}
    there = clients.known(tx, workspace_id, ids=named)
    return Reading(page, metadata.of_principals(tx, sorted(there)))
