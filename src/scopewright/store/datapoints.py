"""Append-only datapoints and their context: there is no statement here that changes one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, delete, insert, select

from scopewright.core.model import Datapoint
from scopewright.store.database import Transaction, in_bulk
from scopewright.store.pages import Page, Window, rows_of
from scopewright.store.schema import datapoints

_ADD = insert(datapoints)
_OF_IDS = (
    select(datapoints)
    .where(datapoints.c.workspace_id == bindparam("workspace"))
    .where(datapoints.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(datapoints.c.id)
)
_REMOVE_OF_ENDPOINT = in_bulk(
    delete(datapoints).where(
        datapoints.c.workspace_id == bindparam("workspace"),
        datapoints.c.endpoint_id == bindparam("endpoint"),
    )
)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which datapoints are wanted: received at or after `start` and before `end`."""

    endpoint_id: str | None = None
    principal_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None


def add_many(tx: Transaction, points: Sequence[Datapoint]) -> None:
    """Remember datapoints; their ids are in the order in which they came."""
    tx.run_many(
        _ADD,
        [
            {
                "id": point.id,
                "workspace_id": point.workspace_id,
                "endpoint_id": point.endpoint_id,
                "received_at": point.received_at,
                "payload": point.payload,
                "source_ip": point.source_ip,
                "authentication_method": point.authentication_method,
                "principal_id": point.principal_id,
                "client_id": point.client_id,
                "ingest_context": point.ingest_context,
            }
            for point in points
        ],
    )


def page(
    tx: Transaction, workspace_id: str, *, selection: Selection, window: Window
) -> Page[Datapoint]:
    """The selected datapoints, newest first."""
    rows, cursor = rows_of(
        tx, _selected(workspace_id, selection), datapoints.c.id, window, newest_first=True
    )
    return Page(tuple(_datapoint(row) for row in rows), cursor)


def newest_id(tx: Transaction, workspace_id: str, *, selection: Selection) -> str | None:
    """The id of the newest selected datapoint."""
    statement = _selected(workspace_id, selection).order_by(datapoints.c.id.desc()).limit(1)
    found: str | None = tx.scalar(statement.with_only_columns(datapoints.c.id))
    return found


def ids_after(
    tx: Transaction,
    workspace_id: str,
    *,
    selection: Selection,
    after: str,
    limit: int | None = None,
) -> list[str]:
    """The ids of the selected datapoints that follow an id, oldest first."""
    statement = _selected(workspace_id, selection).with_only_columns(datapoints.c.id)
    statement = statement.where(datapoints.c.id > after).order_by(datapoints.c.id).limit(limit)
    return [row.id for row in tx.all(statement)]


def of_ids(tx: Transaction, workspace_id: str, *, ids: Sequence[str]) -> list[Datapoint]:
    """The datapoints of these ids, oldest first."""
    return [_datapoint(row) for row in tx.all(_OF_IDS, workspace=workspace_id, ids=list(ids))]


def remove_of_endpoint(tx: Transaction, workspace_id: str, *, endpoint_id: str) -> int:
    """Forget everything that came in through an endpoint; how many."""
    return tx.run(_REMOVE_OF_ENDPOINT, workspace=workspace_id, endpoint=endpoint_id)


def _selected(workspace_id: str, selection: Selection) -> Select[Any]:
    statement = select(datapoints).where(datapoints.c.workspace_id == workspace_id)
    if selection.endpoint_id is not None:
        statement = statement.where(datapoints.c.endpoint_id == selection.endpoint_id)
    if selection.principal_id is not None:
        statement = statement.where(datapoints.c.principal_id == selection.principal_id)
    if selection.start is not None:
        statement = statement.where(datapoints.c.received_at >= selection.start)
    if selection.end is not None:
        statement = statement.where(datapoints.c.received_at < selection.end)
    return statement


def _datapoint(row: Row[Any]) -> Datapoint:
    return Datapoint(
        id=row.id,
        workspace_id=row.workspace_id,
        endpoint_id=row.endpoint_id,
        received_at=row.received_at,
        payload=row.payload,
        source_ip=row.source_ip,
        authentication_method=row.authentication_method,
        principal_id=row.principal_id,
        client_id=row.client_id,
        ingest_context=row.ingest_context,
    )
