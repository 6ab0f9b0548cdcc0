"""Endpoints: handlers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import Response
from pydantic import BaseModel

from scopewright.api.bodies import Activation, EndpointChange, NewEndpoint
from scopewright.api.entrance import Ask, AskHere, WindowHere
from scopewright.api.shapes import Listed
from scopewright.core.model import Endpoint, EndpointAuthentication
from scopewright.services.endpoints import EndpointSettings


class EndpointShape(BaseModel):
    """An endpoint; `url` is where to post, `clients` those it takes data from (empty: any)."""

    id: str
    name: str
    url_path: str
    url: str
    auth: EndpointAuthentication
    write_scope: str | None
    clients: list[str]
    read: bool
    active: bool
    active_since: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, endpoint: Endpoint, ask: Ask) -> EndpointShape:
        slug = ask.view.workspace.slug
        return cls(
            id=endpoint.id,
            name=endpoint.name,
            url_path=endpoint.url_path,
            url=f"{ask.entrance.public_url}/data/{slug}/{endpoint.url_path}",
            auth=endpoint.authentication,
            write_scope=endpoint.write_scope,
            clients=sorted(endpoint.clients),
            read=endpoint.read,
            active=endpoint.active_since is not None,
            active_since=endpoint.active_since,
            created_at=endpoint.created_at,
        )


def index(ask: AskHere, window: WindowHere) -> Listed[EndpointShape]:
    """The endpoints where data comes in."""
    page = ask.services.endpoints.page(ask.caller, window=window)
    return ask.listed(page, lambda endpoint: EndpointShape.of(endpoint, ask))


def show(ask: AskHere, id: str) -> EndpointShape:
    """One endpoint."""
    return EndpointShape.of(ask.services.endpoints.show(ask.caller, id=id), ask)


def create(ask: AskHere, body: NewEndpoint) -> EndpointShape:
    """Create an endpoint, active at once; `read` makes an export of it at the same path."""
    settings = EndpointSettings(**_named(body.model_dump()))
    return EndpointShape.of(ask.services.endpoints.create(ask.caller, settings=settings), ask)


def change(ask: AskHere, id: str, body: EndpointChange) -> EndpointShape:
    """Change what is named; a list that is named is replaced."""
    said = body.model_dump(exclude_unset=True).items()
    changed = _named({k: v for k, v in said if v is not None or k == "write_scope"})
    return EndpointShape.of(ask.services.endpoints.change(ask.caller, id=id, changed=changed), ask)


def activate(ask: AskHere, id: str, body: Activation) -> EndpointShape:
    """Switch an endpoint on or off."""
    return EndpointShape.of(
        ask.services.endpoints.activate(ask.caller, id=id, active=body.active), ask
    )


def delete(ask: AskHere, id: str) -> Response:
    """Delete an endpoint and the exports of it alone; its datapoints stay."""
    ask.services.endpoints.delete(ask.caller, id=id)
    return Response(status_code=204)


def _named(said: dict[str, Any]) -> dict[str, Any]:
    """The settings as the service names them."""
    if "auth" in said:
        said["authentication"] = EndpointAuthentication(said.pop("auth"))
    if "clients" in said:
        said["clients"] = frozenset(said["clients"])
    return said
