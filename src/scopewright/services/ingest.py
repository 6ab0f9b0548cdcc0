"""Take datapoints in, each stamped with who sent it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scopewright import ids
from scopewright.clock import Clock
from scopewright.core import ingest
from scopewright.core.caller import Caller
from scopewright.core.errors import Forbidden, NotFound, Unauthenticated
from scopewright.core.model import Datapoint, Endpoint, EndpointAuthentication
from scopewright.store import datapoints, endpoints, metadata
from scopewright.store.database import Database, Transaction

AUTHENTICATION_METHODS = {"token": "oauth2", "api_key": "api_key"}


@dataclass(frozen=True, slots=True)
class Batch:
    """What one request brings to an endpoint; its payloads are kept in their order."""

    workspace_id: str
    url_path: str
    payloads: Sequence[Any]
    source_ip: str | None


@dataclass(frozen=True, slots=True)
class Ingest:
    """Takes datapoints in for every workspace. `caller` None is anybody, without a credential."""

    database: Database
    clock: Clock

    def check(self, caller: Caller | None, *, workspace_id: str, url_path: str) -> None:
        """Let a sender pass before anything that it sends is looked at.

        Raises:
            NotFound: no such endpoint, or it is switched off.
            Unauthenticated: it asks for a credential.
            Forbidden: it takes data from other clients, or demands another scope.
        """
        with self.database.read() as tx:
            _open_to(tx, caller, workspace_id, url_path)

    def submit(self, caller: Caller | None, batch: Batch) -> list[str]:
        """Keep the whole batch; the ids of its datapoints in their order. Durable on return.

        All of them are of one instant, taken under the same lock as their ids, so that readers of
        a stream find them in the order in which they were kept.

        Raises:
            NotFound, Unauthenticated, Forbidden: as `check`.
        """
        with self.database.write() as tx:
            endpoint = _open_to(tx, caller, batch.workspace_id, batch.url_path)
            new_ids = ids.new_ids("dp", len(batch.payloads))
            stamped: dict[str, Any] = {
                "workspace_id": batch.workspace_id,
                "endpoint_id": endpoint.id,
                "received_at": self.clock(),
                "source_ip": batch.source_ip,
                **_sender(tx, caller),
            }
            points = [
                Datapoint(id=id, payload=payload, **stamped)
                for id, payload in zip(new_ids, batch.payloads, strict=True)
            ]
            datapoints.add_many(tx, points)
        return new_ids


def _open_to(tx: Transaction, caller: Caller | None, workspace_id: str, url_path: str) -> Endpoint:
    endpoint = endpoints.by_path(tx, workspace_id, url_path=url_path)
    if endpoint is None or endpoint.active_since is None:
        raise NotFound("There is no such endpoint, or it is switched off.")
    if endpoint.authentication is EndpointAuthentication.NONE:
        return endpoint
    if caller is None:
        raise Unauthenticated("Present an access token or an API key.")
    if endpoint.clients and caller.client_id not in endpoint.clients:
        raise Forbidden("This endpoint takes data from its selected clients only.")
    if endpoint.write_scope is not None and endpoint.write_scope not in caller.held:
        raise Forbidden(
            f"This needs the scope {endpoint.write_scope}.", missing=(endpoint.write_scope,)
        )
    return endpoint


def _sender(tx: Transaction, caller: Caller | None) -> dict[str, Any]:
    """Who sends, with an end-user's context as it is at this moment."""
    if caller is None:
        return {
            "authentication_method": "none",
            "principal_id": None,
            "client_id": None,
            "ingest_context": None,
        }
    principal = caller.principal
    attached = metadata.get(tx, principal.id, key=ingest.INGEST_CONTEXT)
    context = None if attached is None else attached.value
    return {
        "authentication_method": AUTHENTICATION_METHODS[caller.via],
        "principal_id": principal.id,
        "client_id": caller.client_id,
        "ingest_context": ingest.stamp(principal.kind, context),
    }
