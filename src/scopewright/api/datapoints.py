"""Datapoints: their shape, which of them are wanted, and the handlers for managers."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from pydantic import BaseModel

from scopewright.api.entrance import AskHere, WindowHere
from scopewright.api.shapes import Listed
from scopewright.core.model import Datapoint
from scopewright.services.datapoints import Reading, Wish
from scopewright.store.datapoints import Selection
from scopewright.web.instants import parse_instant, spell_instant


class DatapointShape(BaseModel):
    """A datapoint as it came, and who sent it; `received_at` to the microsecond."""

    id: str
    received_at: str
    payload: Any
    source_ip: str | None
    auth_method: Literal["oauth2", "api_key", "none"]
    principal_id: str | None
    oauth2_client_id: str | None
    ingest_context: Any

    @classmethod
    def of(cls, point: Datapoint) -> DatapointShape:
        return cls(**_members(point))


class DatapointWithClient(DatapointShape):
    """With its client's metadata as they are now; null where there is no such client."""

    client_metadata: dict[str, Any] | None


class Deleted(BaseModel):
    """How many datapoints are gone."""

    deleted: int


Datapoints = Listed[DatapointWithClient] | Listed[DatapointShape]


def _wish(
    start: Annotated[str | None, Query(alias="from", max_length=64)] = None,
    end: Annotated[str | None, Query(alias="to", max_length=64)] = None,
    include: Annotated[Literal["client_metadata"] | None, Query()] = None,
) -> Wish:
    """Received at or after `from` and before `to`: Unix seconds or RFC 3339."""
    selection = Selection(
        start=None if start is None else parse_instant(start, field="from"),
        end=None if end is None else parse_instant(end, field="to"),
    )
    return Wish(selection, with_clients=include is not None)


WishHere = Annotated[Wish, Depends(_wish)]


def index(
    ask: AskHere,
    window: WindowHere,
    wish: WishHere,
    endpoint: Annotated[str | None, Query(max_length=64)] = None,
    principal: Annotated[str | None, Query(max_length=64)] = None,
) -> Datapoints:
    """The workspace's datapoints, newest first."""
    selection = replace(wish.selection, endpoint_id=endpoint, principal_id=principal)
    reading = ask.services.datapoints.page(
        ask.caller, replace(wish, selection=selection), window=window
    )
    return listed(reading, ask.next_page(reading.page.cursor))


def delete(ask: AskHere, endpoint: Annotated[str, Query(max_length=64)]) -> Deleted:
    """Delete everything that came in through an endpoint."""
    deleted = ask.services.datapoints.delete(ask.caller, endpoint_id=endpoint)
    return Deleted(deleted=deleted)


def listed(reading: Reading, next_page: str | None) -> Datapoints:
    """One page of datapoints as it is sent."""
    points, attached = reading.page.items, reading.clients
    if attached is None:
        shapes = [DatapointShape.of(point) for point in points]
        return Listed[DatapointShape](data=shapes, next_page=next_page)
    joined = [
        DatapointWithClient(**_members(point), client_metadata=attached.get(point.client_id or ""))
        for point in points
    ]
    return Listed[DatapointWithClient](data=joined, next_page=next_page)


def _members(point: Datapoint) -> dict[str, Any]:
    return {
        "id": point.id,
        "received_at": spell_instant(point.received_at),
        "payload": point.payload,
        "source_ip": point.source_ip,
        "auth_method": point.authentication_method,
        "principal_id": point.principal_id,
        "oauth2_client_id": point.client_id,
        "ingest_context": point.ingest_context,
    }
