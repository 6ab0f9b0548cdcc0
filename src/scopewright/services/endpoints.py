"""Create, change, switch and delete endpoints: where datapoints come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from scopewright import ids
from scopewright.clock import Clock
from scopewright.core import names
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue
from scopewright.core.errors import Conflict, Invalid, NotFound
from scopewright.core.model import Endpoint, EndpointAuthentication, Export
from scopewright.store import audit, clients, endpoints, exports, vocabulary
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """What a caller may choose about an endpoint; `url_path` None: made from the name."""

    name: str
    url_path: str | None = None
    authentication: EndpointAuthentication = EndpointAuthentication.OAUTH2
    write_scope: str | None = None
    clients: frozenset[str] = frozenset()
    read: bool = False


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What can be done with a workspace's endpoints."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]

    @needs("endpoints:read")
    def page(self, caller: Caller, *, window: Window) -> Page[Endpoint]:
        """The endpoints, oldest first."""
        with self.database.read() as tx:
            return endpoints.page(tx, caller.workspace_id, window=window)

    @needs("endpoints:read")
    def show(self, caller: Caller, *, id: str) -> Endpoint:
        """One endpoint.

        Raises:
            NotFound: there is no such endpoint.
        """
        with self.database.read() as tx:
            return _here(tx, caller, id)

    @needs("endpoints:create")
    def create(self, caller: Caller, *, settings: EndpointSettings) -> Endpoint:
        """A new endpoint, active at once; with `read`, and an export of it at the same path.

        Raises:
            Invalid: a name or path outside its grammar, an unknown scope or client, or demands on
                senders where anybody may send.
            Conflict: the path is taken.
        """
        path = settings.url_path if settings.url_path is not None else names.slugify(settings.name)
        now = self.clock()
        chosen = asdict(settings) | {"url_path": path}
        endpoint = Endpoint(
            id=ids.new_id("end"), workspace_id=caller.workspace_id,
            created_at=now, active_since=now, **chosen,
        )  # fmt: skip
        with self.database.write() as tx:
            endpoint = self._checked(tx, endpoint, chosen)
            endpoints.add(tx, endpoint)
            _follow_with_export(tx, None, endpoint, at=now)
            after = _facts(endpoint)
            audit.record(tx, caller, "endpoints:create", endpoint.id, at=now, after=after)
        return endpoint

    @needs("endpoints:update")
    def change(self, caller: Caller, *, id: str, changed: Mapping[str, Any]) -> Endpoint:
        """Change some of the `EndpointSettings`, by name. A new path breaks who sends to the old.

        Raises:
            NotFound: there is no such endpoint.
            Invalid, Conflict: as `create`.
        """
        now = self.clock()
        with self.database.write() as tx:
            before = _here(tx, caller, id)
            after = self._checked(tx, replace(before, **changed), changed)
            _keep(tx, caller, "endpoints:update", before, after, at=now)
        return after

    @needs("endpoints:activate")
    def activate(self, caller: Caller, *, id: str, active: bool) -> Endpoint:
        """Switch an endpoint on or off; one that is switched off takes nothing.

        Raises:
            NotFound: there is no such endpoint.
        """
        now = self.clock()
        with self.database.write() as tx:
            before = _here(tx, caller, id)
            since = (before.active_since or now) if active else None
            after = replace(before, active_since=since)
            _keep(tx, caller, "endpoints:activate", before, after, at=now)
        return after

    @needs("endpoints:delete")
    def delete(self, caller: Caller, *, id: str) -> None:
        """Delete an endpoint and the exports of it alone; its datapoints stay.

        Raises:
            NotFound: there is no such endpoint.
        """
        now = self.clock()
        with self.database.write() as tx:
            before = _here(tx, caller, id)
            endpoints.remove(tx, caller.workspace_id, id=id)
            audit.record(tx, caller, "endpoints:delete", id, at=now, before=_facts(before))

    def _checked(self, tx: Transaction, wanted: Endpoint, changed: Mapping[str, Any]) -> Endpoint:
        """The endpoint as it may be kept. What is not changed now may have gone meanwhile."""
        wanted = replace(wanted, name=names.check_title(wanted.name))
        names.check_url_path(wanted.url_path)
        _check_demands(wanted)
        here = wanted.workspace_id
        if changed.get("write_scope") is not None:
            words = vocabulary.here(tx, here, self.catalogues)
            if wanted.write_scope not in words.by_name:
                raise Invalid("There is no such scope.", field="write_scope")
        if "clients" in changed:
            unknown = sorted(wanted.clients - clients.known(tx, here, ids=wanted.clients))
            if unknown:
                raise Invalid(f"There is no such client: {unknown[0]}.", field="clients")
        taken = endpoints.by_path(tx, here, url_path=wanted.url_path)
        if taken is not None and taken.id != wanted.id:
            raise Conflict("Another endpoint has this path.", conflict=[f"endpoint {taken.name}"])
        return wanted


def _here(tx: Transaction, caller: Caller, id: str) -> Endpoint:
    endpoint = endpoints.get(tx, caller.workspace_id, id=id)
    if endpoint is None:
        raise NotFound("There is no such endpoint.")
    return endpoint


def _check_demands(wanted: Endpoint) -> None:
    """Where anybody may send, nothing can be demanded of who sends."""
    if wanted.authentication is not EndpointAuthentication.NONE:
        return
    if wanted.write_scope is not None:
        raise Invalid("An endpoint that anybody may send to has no scope.", field="write_scope")
    if wanted.clients:
        raise Invalid("An endpoint that anybody may send to has no clients.", field="clients")


def _keep(
    tx: Transaction,
    caller: Caller,
    operation: str,
    before: Endpoint,
    after: Endpoint,
    *,
    at: datetime,
) -> None:
    endpoints.change(tx, after)
    _follow_with_export(tx, before, after, at=at)
    facts = {"before": _facts(before), "after": _facts(after)}
    audit.record(tx, caller, operation, after.id, at=at, **facts)


def _follow_with_export(
    tx: Transaction, before: Endpoint | None, after: Endpoint, *, at: datetime
) -> None:
    """Make, move or remove the export by which the endpoint itself is read."""
    own = None
    if before is not None and before.read:
        own = exports.by_path(tx, before.workspace_id, path=before.url_path)
    if not after.read:
        if own is not None:
            exports.remove(tx, own.workspace_id, id=own.id)
        return
    taken = exports.by_path(tx, after.workspace_id, path=after.url_path)
    if taken is not None and taken != own:
        raise Conflict("Another export has this path.", conflict=[f"export {taken.name}"])
    if own is None:
        exports.add(tx, _export_of(after, at=at))
    else:
        exports.change(tx, replace(own, path=after.url_path))


def _export_of(endpoint: Endpoint, *, at: datetime) -> Export:
    return Export(
        id=ids.new_id("exp"),
        workspace_id=endpoint.workspace_id,
        name=endpoint.name,
        path=endpoint.url_path,
        endpoint_id=endpoint.id,
        auth_methods=frozenset({"oauth2"}),
        required_scope=None,
        created_at=at,
    )


def _facts(endpoint: Endpoint) -> dict[str, Any]:
    """What the audit log keeps of it."""
    return {
        "name": endpoint.name,
        "url_path": endpoint.url_path,
        "auth": endpoint.authentication.value,
        "write_scope": endpoint.write_scope,
        "clients": sorted(endpoint.clients),
        "read": endpoint.read,
        "active": endpoint.active_since is not None,
    }
