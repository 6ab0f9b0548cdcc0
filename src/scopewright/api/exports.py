"""Exports: handlers of their management. Reading from them: `api.ingest`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from fastapi import Response
from pydantic import BaseModel

from scopewright.api.bodies import ExportChange, NewExport
from scopewright.api.entrance import Ask, AskHere, WindowHere
from scopewright.api.shapes import Listed
from scopewright.core.model import Export
from scopewright.services.exports import ExportSettings

NULLABLE = frozenset({"endpoint", "required_scope"})


class ExportShape(BaseModel):
    """An export; `url` is where to read, `endpoint` the id of the one it is of (null: all)."""

    id: str
    name: str
    path: str
    url: str
    endpoint: str | None
    auth_methods: list[Literal["oauth2", "none"]]
    required_scope: str | None
    created_at: datetime

    @classmethod
    def of(cls, export: Export, ask: Ask) -> ExportShape:
        slug = ask.view.workspace.slug
        return cls(
            id=export.id,
            name=export.name,
            path=export.path,
            url=f"{ask.entrance.public_url}/exports/{slug}/{export.path}",
            endpoint=export.endpoint_id,
            auth_methods=["oauth2", "none"] if "none" in export.auth_methods else ["oauth2"],
            required_scope=export.required_scope,
            created_at=export.created_at,
        )


def index(ask: AskHere, window: WindowHere) -> Listed[ExportShape]:
    """The exports where data comes out."""
    page = ask.services.exports.page(ask.caller, window=window)
    return ask.listed(page, lambda export: ExportShape.of(export, ask))


def show(ask: AskHere, id: str) -> ExportShape:
    """One export."""
    return ExportShape.of(ask.services.exports.show(ask.caller, id=id), ask)


def create(ask: AskHere, body: NewExport) -> ExportShape:
    """Create an export; `path` is made from the name where it is missing."""
    settings = ExportSettings(**_named(body.model_dump()))
    return ExportShape.of(ask.services.exports.create(ask.caller, settings=settings), ask)


def change(ask: AskHere, id: str, body: ExportChange) -> ExportShape:
    """Change what is named."""
    said = body.model_dump(exclude_unset=True).items()
    changed = _named({k: v for k, v in said if v is not None or k in NULLABLE})
    return ExportShape.of(ask.services.exports.change(ask.caller, id=id, changed=changed), ask)


def delete(ask: AskHere, id: str) -> Response:
    """Delete an export: its URL ends at once, the datapoints stay."""
    ask.services.exports.delete(ask.caller, id=id)
    return Response(status_code=204)


def _named(said: dict[str, Any]) -> dict[str, Any]:
    """The settings as the service names them."""
    if "endpoint" in said:
        said["endpoint_id"] = said.pop("endpoint")
    if "auth_methods" in said:
        said["auth_methods"] = frozenset(said["auth_methods"])
    return said
